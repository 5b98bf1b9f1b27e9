"""What all panes have in common: a frame with a title that names the panes beside it."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from flowlang_tui.compat import set_subtitle


class Pane(Vertical):
    """A part of the workbench. `title` is its name on the screen, `badge` what the title says of its state."""

    DEFAULT_CSS = """
    Pane {
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        background: $background;
        height: 1fr;
        &.-in-use { border: round $border; }
    }
    """

    title: ClassVar[str] = ""

    def __init__(self, *children: Widget, id: str) -> None:
        super().__init__(*children, id=id)
        self.badge = ""

    def frame(self, *, in_use: bool) -> None:
        """Draw the frame as that of the pane that has the focus, or of another. Nothing inside is styled again."""
        self.set_class(in_use, "-in-use", update=False)
        self.app.stylesheet.update_nodes([self])

    def show_subtitle(self, words: str) -> None:
        """Show words, which are no markup, at the end of the frame. Nothing else of the pane is painted again."""
        set_subtitle(self, Content(words))

    def came_up(self) -> None:
        """Called when the pane is to be seen again: what happened meanwhile can be shown now."""

    def focus_inside(self) -> None:
        """Give the focus to what in the pane takes it."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return
