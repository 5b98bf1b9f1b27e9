"""The one place that uses names of Textual that are private: what they do gets a public name here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar, cast

from textual._compositor import ChopsUpdate, Compositor
from textual.content import Content
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
    """Renders of each widget only the lines in which something of it is seen that has changed.

    Textual's own renders every widget in every line between any two that have changed: also what is only around others
    and covered by them.
    """

    _changed: Sequence[Region] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        cuts = self.cuts
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(line[:-1]) for line in cuts]
        missing = self._places(crop)
        # the widgets in front are the first
        for widget, (region, clip) in self.visible_widgets.items():
            if not missing:
                break
            seen = region.intersection(clip)
            left, right = seen.column_span
            lines = [y for y in seen.line_range if any(left <= cut < right for cut in missing.get(y, ()))]
            for top, bottom in _runs(lines):
                part = Region(left, top, right - left, bottom - top)
                for y, strip in zip(part.line_range, widget.render_lines(part.translate(-region.offset)), strict=False):
                    ours = [cut for cut in cuts[y] if left <= cut <= right]
                    pieces = strip.divide([cut - left for cut in ours[1:]])
                    place = missing[y]
                    for cut, piece in zip(ours, pieces, strict=False):
                        if cut in place:
                            place.remove(cut)
                            chops[y][cut] = piece
                    if not place:
                        del missing[y]
        return cast("Sequence[Mapping[int, Strip]]", chops)

    def _places(self, crop: Region) -> dict[int, set[int]]:
        """Where lines are cut, by line: the cuts at which a piece begins that has to be painted."""
        places: dict[int, set[int]] = {}
        for changed in self._changed or (crop,):
            left, right = changed.column_span
            for y in changed.intersection(self.size.region).line_range:
                line = self.cuts[y]
                places.setdefault(y, set()).update(
                    begin for begin, end in pairwise(line) if begin < right and left < end
                )
        return places


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where numbers that follow each other begin and end."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield numbers[begin], numbers[at - 1] + 1
            begin = at


def paint_sparsely(screen: Screen[Any]) -> None:
    """Let a screen that has not been shown yet render only what is seen of what has changed."""
    screen._compositor = _Sparse()


def set_subtitle(widget: Widget, words: Content) -> None:
    """Set a widget's `border_subtitle`, and repaint the line that it is in; Textual would repaint all of the widget."""
    widget._border_subtitle = words
    width, height = widget.outer_size
    widget.refresh(Region(0, height - 1, width, 1).translate(-widget.content_offset))


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
