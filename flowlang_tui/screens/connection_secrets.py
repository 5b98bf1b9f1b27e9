"""The secrets of a connection: shown only after a second key, and not for long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from flowlang.redaction import MASK
from flowlang_tui.inert import inert
from flowlang_tui.session.connection_rows import Secret

#: For how many seconds secrets are on the screen.
SECONDS: Final = 15


class ConnectionSecrets(ModalScreen[None]):
    """Shows masked values until `y` is pressed, and closes by itself some seconds after that."""

    DEFAULT_CSS = """
    ConnectionSecrets { align: center middle; background: $background 50%; }
    ConnectionSecrets > VerticalScroll {
        width: 90; max-width: 96%; height: auto; max-height: 90%;
        border: round $warning; background: $surface; padding: 0 1;
    }
    ConnectionSecrets Static { height: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,v", "reveal", "Show"),
        Binding("escape,q,n", "dismiss", "Close"),
    ]

    def __init__(self, subject: str, secrets: Sequence[Secret], seconds: int = SECONDS) -> None:
        super().__init__()
        self._subject = subject
        self._secrets = list(secrets)
        self._left = seconds
        self._shown = False

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = Text(f"Secrets of {inert(self._subject)}").markup
            yield Static(self._text(), markup=False)

    def action_reveal(self) -> None:
        """Show the values, and begin to count."""
        if not self._shown and self._secrets:
            self._shown = True
            self._update()
            self.set_interval(1, self._count)

    def _count(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.dismiss(None)
        else:
            self._update()

    def _update(self) -> None:
        self.query_one(Static).update(self._text())

    def _text(self) -> Text:
        if not self._secrets:
            return Text("Nothing in this connection is secret.")
        text = Text()
        for secret in self._secrets:
            text.append(f"{inert(secret.label)}: ", "bold")
            text.append(f"{inert(secret.value) if self._shown else MASK}\n")
        closing = (
            f"hidden again in {self._left} s" if self._shown else "y shows them on the screen for a while, esc closes"
        )
        return text.append(f"\n{closing}", "dim")
