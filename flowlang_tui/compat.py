"""The one place that uses names of Textual that are private: what they do gets a public name here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from textual._compositor import ChopsUpdate, Compositor
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea


def let_switch(screen: Screen[Any]) -> None:
    """Let `App.switch_screen` put another screen in the place of the default one, which nobody has pushed."""
    if not screen._result_callbacks:
        screen._push_result_callback(screen, None)


class _Sparse(Compositor):
    """Renders the lines in which something has changed; Textual's own renders all that is between any two of them."""

    _changed: Sequence[Region] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        return self._renders_of(self._changed) if self._changed else super()._get_renders(crop)

    def _renders_of(self, changed: Sequence[Region]) -> Iterator[tuple[Region, Region, list[Strip]]]:
        for widget, (region, clip) in list(self.visible_widgets.items()):
            seen = region.intersection(clip)
            parts = [part for one in changed if (part := one.intersection(seen))]
            if parts:
                top, bottom = min(part.y for part in parts), max(part.bottom for part in parts)
                # whole lines: the screen is put together from pieces that end where widgets do
                lines = Region(seen.x, top, seen.width, bottom - top)
                yield region, lines, widget.render_lines(lines.translate(-region.offset))


def paint_sparsely(screen: Screen[Any]) -> None:
    """Let a screen that has not been shown yet paint only lines that have changed."""
    screen._compositor = _Sparse()


_W = TypeVar("_W", bound=Widget)


class _Styled:
    """For which theme, classes and focus a widget's component classes are styled, and how they were for others."""

    __slots__ = ("kept", "now", "theme")

    def __init__(self, theme: object, now: tuple[frozenset[str], bool]) -> None:
        self.theme = theme
        self.now = now
        self.kept: dict[tuple[frozenset[str], bool], dict[str, Any]] = {}


def styled_once(kind: type[_W]) -> type[_W]:
    """Let a widget's component classes be styled once for a theme, classes of the widget, and whether it has the focus.

    Textual would do so whenever the widget is shown or enabled, and when anything in or around it gets or loses the
    focus.
    """
    every = DOMNode.__dict__["_get_component_classes"].__func__

    def to_be_styled(self: Widget) -> frozenset[str]:
        state, now = self.__dict__.get("_styled"), (self.classes, self.has_focus)
        theme = self.app.stylesheet._variables
        if state is None or state.theme is not theme:
            self.__dict__["_styled"] = _Styled(theme, now)
            return _all(type(self))
        if state.now == now:
            return frozenset()
        state.kept[state.now], state.now = dict(self._component_styles), now
        if now not in state.kept:
            return _all(type(self))
        self._component_styles.clear()
        self._component_styles.update(state.kept[now])
        self.refresh()
        return frozenset()

    def _all(kind: type[Widget]) -> frozenset[str]:
        found: frozenset[str] = every(kind)
        return found

    kind._get_component_classes = to_be_styled  # type: ignore[assignment]  # asked of instances alone
    return kind


def scrolls_over(widget: Widget, size: Size) -> None:
    """Let the scroll bars of a widget know that what it scrolls over has another size."""
    widget._scroll_update(size)


@styled_once
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
