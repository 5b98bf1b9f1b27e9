"""What a template for a common service needs to know."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from flowlang.connections.records import ProjectConnection
from flowlang.connections.templates import Template, from_template
from flowlang.errors import ConfigurationError
from flowlang_tui.inert import inert
from flowlang_tui.session.connection_draft import FormField
from flowlang_tui.widgets.schema_form import SchemaField, SchemaForm


class ConnectionTemplate(ModalScreen[ProjectConnection | None]):
    """Fills in a template, and gives back the record that it makes, still without a name."""

    DEFAULT_CSS = """
    ConnectionTemplate { align: center middle; background: $background 50%; }
    ConnectionTemplate > Vertical {
        width: 90; max-width: 96%; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 0 1;
    }
    ConnectionTemplate VerticalScroll { height: auto; max-height: 20; }
    ConnectionTemplate #problem { height: auto; color: $text-error; }
    ConnectionTemplate Horizontal#buttons { height: 1; margin-top: 1; align-horizontal: right; }
    ConnectionTemplate #buttons Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "go_on", "Continue", priority=True),
    ]

    def __init__(self, template: Template) -> None:
        super().__init__()
        self._template = template

    def compose(self) -> ComposeResult:
        fields = [
            FormField(
                field.name,
                "text",
                "main",
                field.description,
                field.default is None,
                field.default or "",
                (),
                field.secret,
            )
            for field in self._template.fields
        ]
        with Vertical() as box:
            box.border_title = Text(self._template.title).markup
            with VerticalScroll(can_focus=False):
                yield SchemaForm(fields)
            yield Static(markup=False, id="problem")
            with Horizontal(id="buttons"):
                yield Button("Cancel  esc", id="cancel", compact=True)
                yield Button("Continue  ^s", id="go-on", variant="primary", compact=True)

    @on(Button.Pressed, "#go-on")
    @on(Input.Submitted)
    def action_go_on(self) -> None:
        """Give back the record, if nothing is missing."""
        values = {field.field.key: field.value for field in self.query(SchemaField) if field.value}
        try:
            self.dismiss(from_template(self._template, "", values))
        except ConfigurationError as error:
            self.query_one("#problem", Static).update(f"✗ {inert(str(error))}")

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        """Close without a record."""
        self.dismiss(None)
