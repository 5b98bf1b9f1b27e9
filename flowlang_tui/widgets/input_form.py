"""Fields for the inputs of a flow, made from what it declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Checkbox, Input, Label, Select, Static

from flowlang.language.model import Input as FlowInput
from flowlang.language.vocabulary import INPUT_TYPES
from flowlang_tui.inert import inert
from flowlang_tui.session.inputs import InputsError, as_typed, from_typed


class InputField(Vertical):
    """One input: its name and type, what it means, and a place for its value."""

    DEFAULT_CSS = """
    InputField { height: auto; }
    InputField Label { width: 100%; }
    InputField Input, InputField SelectCurrent { background: $panel; }
    InputField Input:focus { background: $primary 30%; }
    InputField .wrong { display: none; height: auto; color: $text-error; }
    """

    def __init__(self, declared: FlowInput, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.declared = declared
        self._value = known.get(declared.name, declared.default if declared.has_default else None)
        self._text = inert(as_typed(self._value, declared))
        self.editor = self._make_editor()

    def compose(self) -> ComposeResult:
        declared = self.declared
        words = [declared.type or "any", "" if self._is_needed else "optional", "secret" if declared.secret else ""]
        title = Text.assemble(
            (inert(declared.name), "bold"), (f"  {' · '.join(word for word in words if word)}", "dim")
        )
        if declared.description:
            title.append(f"  {inert(declared.description)}", "italic dim")
        yield Label(title)
        yield self.editor
        yield Static(markup=False, classes="wrong")

    @property
    def _is_needed(self) -> bool:
        return self.declared.required and not self.declared.has_default

    def _make_editor(self) -> Input | Checkbox | Select[str]:
        declared = self.declared
        if declared.enum:
            choices = [(Content(inert(as_typed(one, declared))), as_typed(one, declared)) for one in declared.enum]
            chosen = as_typed(self._value, declared)
            listed = chosen if any(chosen == one for _, one in choices) else Select.NULL
            return Select(choices, value=listed, allow_blank=not self._is_needed or listed is Select.NULL, compact=True)
        if INPUT_TYPES.get(declared.type or "") == "boolean":
            return Checkbox("yes", bool(self._value), compact=True)
        return Input(
            self._text,
            password=declared.secret,
            placeholder="null" if declared.has_default and declared.default is None else "",
            compact=True,
        )

    def given(self) -> dict[str, Any]:
        """The input as a map of its name to its value; empty if it was left out. Raises InputsError."""
        declared = self.declared
        editor = self.editor
        if isinstance(editor, Checkbox):
            return {declared.name: editor.value}
        text = str(editor.value) if isinstance(editor, (Input, Select)) and editor.value is not Select.NULL else ""
        if text and text == self._text and isinstance(editor, Input):
            return {declared.name: self._value}  # what cannot be shown as it is stays as it is
        if not text:
            if self._is_needed:
                raise InputsError("this one is needed: the flow declares no default for it")
            return {}
        return {declared.name: from_typed(text, declared)}

    def tell(self, wrong: str) -> None:
        """Show what is wrong with the value, or nothing."""
        told = self.query_one(".wrong", Static)
        told.display = bool(wrong)
        told.update(f"✗ {inert(wrong)}")


class InputForm(Vertical):
    """A field for each input, with the value that is known of it."""

    DEFAULT_CSS = """
    InputForm { height: auto; }
    """

    def __init__(self, declared: Iterable[FlowInput], known: Mapping[str, Any]) -> None:
        super().__init__(*(InputField(one, known) for one in declared))

    def given(self) -> dict[str, Any] | None:
        """What was filled in, by name; None where something is wrong, which is shown and gets the focus."""
        inputs: dict[str, Any] = {}
        wrong: list[InputField] = []
        for field in self.query(InputField):
            try:
                inputs |= field.given()
                field.tell("")
            except InputsError as error:
                field.tell(str(error))
                wrong.append(field)
        if not wrong:
            return inputs
        wrong[0].editor.focus()
        return None
