"""Turns a line, its tokens and what lies over them into a strip of the screen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from flowlang_tui.widgets.code_editor.cells import Cells, cells_of
from flowlang_tui.widgets.code_editor.lexer import Token

#: Name of a style, and the columns that it lies over.
Layer = tuple[str, int, int]


#: What lies under a line: nothing, the line of the cursor, or that of a stopped step.
Ground = Literal["", "cursor", "stopped"]

#: The styles of a line on its ground, and of its gutter.
_GROUNDS: Final[dict[Ground, tuple[str, str]]] = {
    "": ("base", "gutter"),
    "cursor": ("cursor-line", "cursor-gutter"),
    "stopped": ("stopped-line", "stopped-gutter"),
}


class Sign(NamedTuple):
    """One character of the gutter."""

    character: str = " "
    style: str = "gutter"


class Look(NamedTuple):
    """Everything that the picture of one line depends on: two equal looks are painted alike.

    `tokens_of` stands for the tokens, which follow from it and the text. `layers` lie over the tokens, later ones over
    earlier ones. `beyond` is the style of the cell behind the text, if it has one.
    """

    text: str
    tokens_of: Hashable
    number: str
    signs: tuple[Sign, Sign, Sign]
    ground: Ground
    layers: tuple[Layer, ...]
    beyond: str
    remark: str
    scroll: int
    width: int


def paint(look: Look, tokens: Sequence[Token], styles: dict[str, Style]) -> Strip:
    """The strip of a line: gutter, visible part of the text, and what fills the width."""
    base = styles[_GROUNDS[look.ground][0]]
    gutter = list(_gutter(look, styles))
    gutter_width = sum(len(segment.text) for segment in gutter)
    width = max(0, look.width - gutter_width)
    cells = cells_of(look.text)
    first = cells.column(look.scroll)
    last = min(len(look.text), cells.column(look.scroll + width) + 1)
    segments = list(_text(look, tokens, cells, first, last, base, styles))
    if last == len(look.text):
        segments += _behind(look, base, styles)
    cropped = look.scroll - cells.cell(first)
    text = Strip(segments).crop(cropped, cropped + width).extend_cell_length(width, base)
    return Strip([*gutter, *text], gutter_width + width)


def _gutter(look: Look, styles: dict[str, Style]) -> Iterator[Segment]:
    ground, gutter = _GROUNDS[look.ground]
    base = styles[gutter]
    breakpoint_sign, mark, fold = look.signs
    for character, style in (breakpoint_sign, mark):
        yield Segment(character, base + styles[style])
    yield Segment(look.number, base)
    yield Segment(fold.character, base + styles[fold.style])
    yield Segment(" ", styles[ground])


def _text(
    look: Look, tokens: Sequence[Token], cells: Cells, first: int, last: int, base: Style, styles: dict[str, Style]
) -> Iterator[Segment]:
    visible: list[Layer] = [(kind, start, end) for start, end, kind in tokens if start < last and end > first]
    visible += [layer for layer in look.layers if layer[1] < last and layer[2] > first]
    cuts = {first, last}
    for _, start, end in visible:
        cuts.add(max(start, first))
        cuts.add(min(end, last))
    for start, end in pairwise(sorted(cuts)):
        style = base
        for name, layer_start, layer_end in visible:
            if layer_start <= start and end <= layer_end:
                style += styles[name]
        yield Segment(cells.shown(start, end), style)


def _behind(look: Look, base: Style, styles: dict[str, Style]) -> Iterator[Segment]:
    if look.beyond:
        yield Segment(" ", base + styles[look.beyond])
    if look.remark:
        yield Segment(look.remark, base + styles["fold"])
