"""Fields for the values of a connection, made from its plugin's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Label, Select, Static

from flowlang_tui.inert import inert
from flowlang_tui.session.connection_draft import FormField

#: For how many seconds a secret is shown.
REVEALED: Final = 15.0

_HEADINGS: Final = {"pool": "Pool", "more": "More"}


class SchemaField(Vertical):
    """One value: its name, a place to type it, what it means, and what is wrong with it."""

    DEFAULT_CSS = """
    SchemaField { height: auto; }
    SchemaField Horizontal { height: 1; }
    SchemaField Label { width: 24; text-style: bold; }
    SchemaField Input, SchemaField Select { width: 1fr; }
    SchemaField Button { margin-left: 1; min-width: 8; }
    SchemaField .help { display: none; height: auto; padding-left: 24; color: $text-muted; }
    SchemaField.-active .help { display: block; }
    SchemaField .wrong { display: none; height: auto; padding-left: 24; color: $text-error; }
    SchemaField.-wrong .wrong { display: block; }
    """

    class Changed(Message):
        """Another value was typed or chosen."""

        def __init__(self, field: SchemaField) -> None:
            super().__init__()
            self.field = field

    def __init__(self, field: FormField, value: str) -> None:
        super().__init__()
        self.field = field
        self._value = value

    def compose(self) -> ComposeResult:
        field = self.field
        with Horizontal():
            yield Label(Text(f"{inert(field.key)}{' *' if field.required else ''}"))
            yield self._editor()
            if field.secret:
                yield Button("show", compact=True)
        yield Static(inert(field.description).replace("`", ""), markup=False, classes="help")
        yield Static(markup=False, classes="wrong")

    @property
    def value(self) -> str:
        """What was typed; empty for nothing."""
        return self._value

    def tell(self, problem: str | None) -> None:
        """Show what is wrong with the value, or that nothing is."""
        self.set_class(problem is not None, "-wrong")
        self.query_one(".wrong", Static).update(f"✗ {inert(problem)}" if problem else "")

    def reveal(self, seconds: float = REVEALED) -> None:
        """Show a secret for some seconds, or hide it again."""
        if not self.field.secret:
            return
        if self.query_one(Input).password:
            self._show(True)
            self.set_timer(seconds, lambda: self._show(False))
        else:
            self._show(False)

    def _show(self, shown: bool) -> None:
        self.query_one(Input).password = not shown
        self.query_one(Button).label = "hide" if shown else "show"

    def _editor(self) -> Input | Select[str]:
        field = self.field
        default = f"default {field.default}" if field.default else ""
        if field.kind != "choice":
            return Input(self._value, placeholder=default, password=field.secret, compact=True)
        choices = [(inert(choice), choice) for choice in field.choices]
        known = next((choice for choice in field.choices if choice == self._value.lower()), None)
        if known is None and self._value:
            choices.append((inert(self._value), self._value))
            known = self._value
        return Select(choices, prompt=default or "as usual", value=known or Select.NULL, compact=True)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._take(event.value)

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        self._take("" if event.value is Select.NULL else str(event.value))

    @on(Button.Pressed)
    def _asked(self, event: Button.Pressed) -> None:
        event.stop()
        self.reveal()

    def on_descendant_focus(self) -> None:
        self.add_class("-active")

    def on_descendant_blur(self) -> None:
        self.remove_class("-active")

    def _take(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.post_message(self.Changed(self))


class SchemaForm(Vertical):
    """The fields of one form, with headings for what few people need."""

    DEFAULT_CSS = """
    SchemaForm { height: auto; }
    SchemaForm .heading { color: $text-muted; margin-top: 1; }
    """

    class Changed(Message):
        """A value was changed: `key` is now `value`."""

        def __init__(self, key: str, value: str) -> None:
            super().__init__()
            self.key = key
            self.value = value

    def __init__(self, fields: Sequence[FormField] = (), values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._fields = list(fields)
        self._values = dict(values or {})

    def compose(self) -> ComposeResult:
        heading = ""
        for field in self._fields:
            words = _HEADINGS.get(field.group, "")
            if words and words != heading:
                yield Static(words, markup=False, classes="heading")
            heading = words
            yield SchemaField(field, self._values.get(field.key, ""))

    async def show(self, fields: Sequence[FormField], values: Mapping[str, str]) -> None:
        """Ask for other values."""
        self._fields, self._values = list(fields), dict(values)
        await self.recompose()

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Show what is wrong, by key."""
        for field in self.query(SchemaField):
            field.tell(problems.get(field.field.key))

    @on(SchemaField.Changed)
    def _changed(self, event: SchemaField.Changed) -> None:
        event.stop()
        self._values[event.field.field.key] = event.field.value
        self.post_message(self.Changed(event.field.field.key, event.field.value))
