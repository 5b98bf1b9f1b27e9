"""What the views of many lines have in common: they draw only what is seen, and know their colours in advance."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowlang_tui.compat import scrolls_over, styled_once

#: A piece of a line: its text, and the names of its looks, one or several with spaces between.
Piece = tuple[str, str]

#: How many lines are kept as they were made; more than a screen has, since the same come again in the next frame.
KEPT: Final = 1000

_BACKGROUND: Final = "selected"
_REVERSE: Final = Style(reverse=True)


@styled_once
class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """A view whose lines are made of pieces. A look is the component class `<looks>--<name>`.

    `selected` gives its background only, `reverse` swaps foreground and background.
    """

    looks: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.room = Size(0, 0)
        self._styles: dict[str, Style] = {}
        self._strips: dict[Hashable, Strip] = {}

    def strip(self, pieces: Iterable[Piece], selected: bool = False, left: int = 0) -> Strip:
        """A line of the screen as wide as there is room, from cell `left` of its pieces on."""
        width, style = self.room.width, self._style
        ending = f" {_BACKGROUND}" if selected else ""
        segments = [Segment(text, style(look + ending)) for text, look in pieces if text]
        length = sum([cell_len(segment.text) for segment in segments])
        if length < left + width:
            segments.append(Segment(" " * (left + width - length), style(ending)))
            length = left + width
        strip = Strip(segments, length)
        return strip if (left, length) == (0, width) else strip.crop(left, left + width)

    def kept(self, key: Hashable, make: Callable[[], Strip]) -> Strip:
        """The line that `make` makes, or the one it made for the same key and room before."""
        key = (key, self.room.width)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= KEPT:
                self._strips.clear()
            strip = self._strips[key] = make()
        return strip

    def forget(self) -> None:
        """Make all lines anew."""
        self._strips.clear()

    def scroll_to_line(self, y: int) -> None:
        """Bring a line to the top, as far as there are lines below it."""
        self.scroll_to(y=max(y, 0), animate=False, force=True)

    def show_line(self, y: int, height: int | None = None) -> None:
        """Scroll as little as needed to have a line in the view, of which `height` lines are for scrolled ones."""
        top = self.scroll_offset.y
        height = self.room.height if height is None else height
        if not top <= y < top + height:
            self.scroll_to_line(y if y < top else y - height + 1)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The part of the view that has to be painted."""
        self.measure()
        return super().render_lines(crop)

    def measure(self) -> None:
        """Take note of how much room there is for lines."""
        self.room = self.scrollable_content_region.size

    def notify_style_update(self) -> None:
        """Forget the looks: there is another theme, or the focus came or went."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def _style(self, look: str) -> Style:
        style = self._styles.get(look)
        if style is None:
            style = self.rich_style
            for name in look.split():
                if name == "reverse":
                    style += _REVERSE
                    continue
                part = self.get_component_rich_style(f"{self.looks}--{name}", partial=True)
                style += Style(bgcolor=part.bgcolor) if name == _BACKGROUND else part
            self._styles[look] = style
        return style


class Row(NamedTuple):
    """What a line of the screen shows, as `LineView.strip` takes it."""

    pieces: tuple[Piece, ...]
    selected: bool = False
    left: int = 0


class SteadyView(LineView):
    """A view that shows others in the place of its lines: what is as it was is neither laid out nor painted again."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._painted: dict[int, Row] = {}

    def row(self, y: int) -> Row:
        """What line `y` of the screen shows."""
        raise NotImplementedError

    def watch_virtual_size(self, size: Size) -> None:
        """Let the scroll bars know."""
        scrolls_over(self, size)
        self.repaint()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        row = self._painted[y] = self.row(y)
        return self.strip(*row)

    def repaint(self) -> None:
        """Paint the lines that differ from what is painted there."""
        self.measure()
        top = self.scroll_offset.y
        for y in range(self.room.height):
            if self._painted.get(y) != self.row(y):
                self.refresh_line(top + y)
