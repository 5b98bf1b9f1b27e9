"""The form for the inputs of a run, made from what the flow declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from flowlang.language.model import Input as FlowInput
from flowlang.language.vocabulary import INPUT_TYPES
from flowlang_tui.inert import inert
from flowlang_tui.session.inputs import InputsError, as_typed, from_typed


class Field(Vertical):
    """One input: its name and type, what it means, and a place for its value."""

    def __init__(self, declared: FlowInput, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.declared = declared
        self._value = known.get(declared.name, declared.default if declared.has_default else None)
        self._text = inert(as_typed(self._value, declared))

    def compose(self) -> ComposeResult:
        declared = self.declared
        words = [declared.type or "any", "" if self._is_needed else "optional", "secret" if declared.secret else ""]
        title = Text.assemble(
            (inert(declared.name), "bold"), (f"  {' · '.join(word for word in words if word)}", "dim")
        )
        if declared.description:
            title.append(f"  {inert(declared.description)}", "italic dim")
        yield Label(title)
        yield self._editor()
        yield Static(markup=False, classes="wrong")

    @property
    def _is_needed(self) -> bool:
        return self.declared.required and not self.declared.has_default

    def _editor(self) -> Input | Checkbox | Select[str]:
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
        editor = self.children[1]
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


class RunForm(ModalScreen[dict[str, Any] | None]):
    """Gives back the inputs, or None."""

    DEFAULT_CSS = """
    RunForm { align: center middle; background: $background 50%; }
    RunForm > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 92%;
        border: round $border; background: $surface; padding: 0 1;
    }
    RunForm VerticalScroll { height: auto; max-height: 30; }
    RunForm Field { height: auto; margin: 0 0 1 0; }
    RunForm Field Label { width: 100%; }
    RunForm Field Input, RunForm Field SelectCurrent { background: $panel; }
    RunForm Field Input:focus { background: $primary 30%; }
    RunForm .wrong { display: none; height: auto; color: $text-error; }
    RunForm Horizontal { height: auto; align-horizontal: right; }
    RunForm Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+r,ctrl+s", "run", "Run", priority=True),
    ]

    def __init__(self, title: str, declared: Sequence[FlowInput], known: Mapping[str, Any]) -> None:
        super().__init__()
        self._title = title
        self._declared = declared
        self._known = known

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"Run {inert(self._title)}")
            with VerticalScroll(can_focus=False):
                if not self._declared:
                    yield Static("This flow declares no inputs.", markup=False)
                for declared in self._declared:
                    yield Field(declared, self._known)
            with Horizontal():
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Run  ^r", id="run", variant="primary", compact=True)

    @on(Button.Pressed, "#run")
    @on(Input.Submitted)
    def action_run(self) -> None:
        """Give back what was filled in, unless something is wrong with it."""
        inputs: dict[str, Any] = {}
        wrong: list[Field] = []
        for field in self.query(Field):
            try:
                inputs |= field.given()
                field.tell("")
            except InputsError as error:
                field.tell(str(error))
                wrong.append(field)
        if wrong:
            wrong[0].children[1].focus()
        else:
            self.dismiss(inputs)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
