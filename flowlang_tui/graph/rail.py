"""A graph as a rail: one row a step, with lines at the left for what stands inside what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from flowlang.language.graph import Graph, GraphBlock
from flowlang_tui.graph.blocks import Words, words_of
from flowlang_tui.graph.cells import cells, cut, filled
from flowlang_tui.graph.drawing import Box, Drawing, Run
from flowlang_tui.graph.outline import INSIDE, Outline
from flowlang_tui.inert import inert

#: Lists of steps that need no heading: what they are is said by the step itself.
_BARE = frozenset({"steps", "do", "parallel", INSIDE + "steps", INSIDE + "parallel"})

_RAILS = {"parallel": "║ ", "do": "┊ "}

#: Cells of the id and of the lines before it that neighbours are brought into line with.
_LABELS = 26


Rails = tuple[tuple[str, str], ...]
"""The lines before a step, each with the step that it belongs to."""


def rail(graph: Graph, width: int, collapsed: Collection[str] = ()) -> Drawing:
    """The graph with one row a step, in `width` columns. Rows are cut rather than wider."""
    drawn = _Rail(Outline(graph, collapsed), max(width, 16))
    for block in graph.blocks_of(None):
        drawn.add(block, ())
    return Drawing(drawn.row, (drawn.width, len(drawn.rows)), drawn.boxes, drawn.rows_of, is_rail=True)


class _Row(NamedTuple):
    """A step of a list of steps; without one, the heading of the list."""

    block: GraphBlock
    step: str | None
    rails: Rails


class _Rail:
    def __init__(self, outline: Outline, width: int) -> None:
        self.outline = outline
        self.width = width
        self.rows: list[_Row] = []
        self.boxes: dict[str, Box] = {}
        self.rows_of: defaultdict[str, list[int]] = defaultdict(list)
        depths: dict[str | None, int] = {None: -1}
        longest = 0
        for node in outline.visible():
            depth = depths[node.id] = depths[node.parent] + 1
            longest = max(longest, 2 * depth + 2 + cells(node.label))
        self.labels = min(longest, _LABELS, max(10, width // 2))

    def add(self, block: GraphBlock, rails: Rails) -> None:
        """Add a list of steps with everything inside them."""
        parent = block.parent
        if block.name not in _BARE:
            self._put(_Row(block, None, rails), block.nodes[0])
            if parent is None:
                rails = (("│ ", ""),)
        if parent is not None:
            # half of a row, at least, is for the step
            sign = _RAILS.get(block.name.removeprefix(INSIDE), "│ ")
            rails = (*rails, (sign, parent))[: self.width // 4]
        for id in block.nodes:
            left = 2 * len(rails)
            self.boxes[id] = Box(left, len(self.rows), self.width - left, 1)
            self._put(_Row(block, id, rails), id)
            for branch in self.outline.blocks(id):
                self.add(branch, rails)

    def row(self, y: int) -> tuple[Run, ...]:
        """The runs of a row."""
        block, step, rails = self.rows[y]
        lines = [Run(text, 2, "edge", node) for text, node in rails]
        space = self.width - 2 * len(rails)
        return (*lines, *(self._heading(block, space) if step is None else self._step(block, step, space)))

    def _put(self, row: _Row, node: str) -> None:
        for owner in {node, *(owner for _, owner in row.rails)}:
            self.rows_of[owner].append(len(self.rows))
        self.rows.append(row)

    def _heading(self, block: GraphBlock, space: int) -> list[Run]:
        first = block.nodes[0] if block.parent is not None else ""
        text = cut(inert(block.label), max(space - 2, 1))
        return [Run("├ ", 2, "edge", first), Run(text, cells(text), "branch" if first else "title", first)]

    def _step(self, block: GraphBlock, id: str, space: int) -> list[Run]:
        words = self._words(block, id)
        before = self.width - space
        badge = min(words.badge, max(0, space - 12))
        space -= badge + 2
        label = min(max(self.labels - before - 2, cells(words.label)), space)
        rest = space - label
        detail = f"  {cut(words.detail, rest - 3)}" if rest - 3 >= min(cells(words.detail), 8) else ""
        runs = [
            Run(words.sign, 1, "sign", id),
            Run(" " + filled(words.label, label), label + 1, "label", id),
            Run(filled(detail, rest), rest, "detail", id),
            Run(" " * badge, badge, "badge", id),
        ]
        return [run for run in runs if run.width]

    def _words(self, block: GraphBlock, id: str) -> Words:
        words = words_of(self.outline.graph.node(id), self.outline.hidden(id))
        needs = self.outline.needs(block).get(id)
        if not needs:
            return words
        waits = ", ".join(inert(self.outline.graph.node(source).label) for source in needs)
        return words._replace(detail=f"{words.detail}  ← {waits}")
