"""The one place that uses names of Textual that are private: what they do gets a public name here."""

from __future__ import annotations

from typing import Any

from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import TextArea


def let_switch(screen: Screen[Any]) -> None:
    """Let `App.switch_screen` put another screen in the place of the default one, which nobody has pushed."""
    if not screen._result_callbacks:
        screen._push_result_callback(screen, None)


class OpenTextArea(TextArea):
    """A `TextArea` whose document and size can be replaced by those of a subclass."""

    #: Another size of the text moves no other widget, so that nothing has to be laid out again for it.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def open_text(self, text: str) -> None:
        """Called to show another text from its start, without any history."""
        super()._set_document(text, None)

    def text_size(self) -> Size:
        """The cells that the text takes, gutter included."""
        return Size(*self.document.get_size(self.indent_width))

    def size_changed(self) -> None:
        """To be called after something else than an edit has changed the size of the text."""
        self._refresh_size()

    def text_edited(self) -> None:
        """Called when an edit, or what undo and redo take together, is done."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region, without the theme that a `TextArea` resolves for each."""
        return super(TextArea, self).render_lines(crop)

    def _set_document(self, text: str, language: str | None) -> None:
        self.open_text(text)

    def _refresh_size(self) -> None:
        size = self.text_size()
        if size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)

    def _build_highlight_map(self) -> None:
        super()._build_highlight_map()
        self.text_edited()
