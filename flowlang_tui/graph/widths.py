"""How wide steps with everything inside them would like to be, and how wide they have to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flowlang.language.graph import GraphBlock
from flowlang_tui.graph.blocks import GAP, Words
from flowlang_tui.graph.cells import cells
from flowlang_tui.graph.outline import Outline

#: Cells that a frame takes on both sides, and the rails of branches below each other.
FRAME = 4
RAILS = 8

#: The longest id that the ids of neighbours are brought into line with.
_LABELS = 18


class Width(NamedTuple):
    """The width at which a piece can still be read, and the one at which it has all it wants."""

    least: int
    natural: int

    def wider(self, count: int) -> Width:
        """Both of them with something beside the piece."""
        return Width(self.least + count, self.natural + count)


class Widths:
    """The widths of the visible steps of a graph."""

    def __init__(self, outline: Outline, words: Mapping[str, Words]) -> None:
        self._outline = outline
        self._words = words
        self._known: dict[str, Width] = {}

    def of(self, id: str) -> Width:
        """Of a step with what is inside it."""
        if id not in self._known:
            self._known[id] = self._step(id)
        return self._known[id]

    def of_list(self, block: GraphBlock) -> Width:
        """Of a list of steps."""
        widths = [self.of(id) for id in block.nodes]
        if self._outline.is_group(block):
            return _beside(widths)
        together = _below(widths)
        return Width(together.least, max(together.natural, self.boxes(block)[0] | 1))

    def boxes(self, block: GraphBlock) -> tuple[int, int]:
        """How wide all the boxes of a list of steps would like to be, and the cells of their ids in this."""
        words = [self._words[id] for id in block.nodes]
        labels = min(_LABELS, max(cells(each.label) for each in words))
        return max(each.with_label(labels) for each in words), labels

    def _step(self, id: str) -> Width:
        words = self._words[id]
        box = Width(words.least, words.natural | 1)
        parts = [box]
        parts += [self.of_list(block).wider(FRAME) for block in self._outline.framed(id)]
        branches = [self.of_list(block) for block in self._outline.branches(id)]
        handler = self._outline.handler(id)
        inside = self.of_list(handler) if handler is not None else None
        if branches:
            around = self._outline.way_around(id)
            beside = _beside([*branches, *([inside] if inside is not None else [])])
            beside = beside.wider(1 if around is None else 1 + 2 * (cells(around) + GAP))
            parts.append(Width(beside.least + RAILS, beside.natural))
        elif inside is not None:
            parts.append(Width(inside.least + RAILS, box.natural // 2 + 1 + GAP + inside.natural))
        return _below(parts)


def shares(widths: Sequence[Width], space: int) -> list[int]:
    """How `space` is divided: nobody gets more than it would like to have, and beyond that all get the same."""
    most = max(width.natural for width in widths)
    least = 0
    while least < most:
        level = (least + most + 1) // 2
        if sum(_at(width, level) for width in widths) <= space:
            least = level
        else:
            most = level - 1
    return [_at(width, least) for width in widths]


def _at(width: Width, level: int) -> int:
    return max(width.least, min(width.natural, level))


def _below(widths: Iterable[Width]) -> Width:
    least, natural = zip(*widths, strict=True)
    return Width(max(least), max(natural))


def _beside(widths: Sequence[Width]) -> Width:
    natural = sum(width.natural for width in widths) + GAP * (len(widths) - 1)
    return Width(max(width.least for width in widths), natural)
