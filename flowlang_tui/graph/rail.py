"""A graph as a rail: one row a step, with lines at the left for what stands inside what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

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


def rail(graph: Graph, width: int, collapsed: Collection[str] = ()) -> Drawing:
    """The graph with one row a step, in `width` columns. Rows are cut rather than wider."""
    outline = Outline(graph, collapsed)
    drawn = _Rail(outline, max(width, 16))
    for block in graph.blocks_of(None):
        drawn.add(block, ())
    size = (drawn.width, len(drawn.rows))
    return Drawing(drawn.rows.__getitem__, size, drawn.boxes, drawn.rows_of(), is_rail=True)


class _Rail:
    def __init__(self, outline: Outline, width: int) -> None:
        self.outline = outline
        self.width = width
        self.rows: list[tuple[Run, ...]] = []
        self.boxes: dict[str, Box] = {}
        self.depths: dict[str, int] = {}
        longest = 0
        for node in outline.visible():
            depth = 0 if node.parent is None else self.depths[node.parent] + 1
            self.depths[node.id] = depth
            longest = max(longest, 2 * depth + 2 + cells(node.label))
        self.labels = min(longest, _LABELS, max(10, width // 2))

    def add(self, block: GraphBlock, rails: tuple[tuple[str, str], ...]) -> None:
        """A list of steps. `rails` are the lines before it, each with the step that it belongs to."""
        parent = block.parent
        if block.name not in _BARE:
            self._heading(block, rails)
            if parent is None:
                rails = (("│ ", ""),)
        inner = rails if parent is None else (*rails, (_RAILS.get(block.name.removeprefix(INSIDE), "│ "), parent))
        needs = self.outline.needs(block)
        for id in block.nodes:
            words = words_of(self.outline.graph.node(id), self.outline.hidden(id))
            if needs.get(id):
                waits = ", ".join(inert(self.outline.graph.node(source).label) for source in needs[id])
                words = words._replace(detail=f"{words.detail}  ← {waits}")
            self._step(words, inner)
            for branch in self.outline.blocks(id):
                self.add(branch, inner)

    def rows_of(self) -> dict[str, set[int]]:
        """The rows in which there is something of a step."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for y, row in enumerate(self.rows):
            for run in row:
                found[run.node].add(y)
        return found

    def _heading(self, block: GraphBlock, rails: tuple[tuple[str, str], ...]) -> None:
        runs, space = self._lines(rails)
        first = block.nodes[0] if block.parent is not None else ""
        text = cut(inert(block.label), max(space - 2, 1))
        runs.append(Run("├ ", 2, "edge", first))
        runs.append(Run(text, cells(text), "branch" if block.parent is not None else "title", first))
        self.rows.append(tuple(runs))

    def _step(self, words: Words, rails: tuple[tuple[str, str], ...]) -> None:
        y, id = len(self.rows), words.node
        runs, space = self._lines(rails)
        used = self.width - space
        self.boxes[id] = Box(used, y, space, 1)
        badge = min(words.badge, max(0, space - 12))
        space -= badge + 2
        label = min(max(self.labels - used - 2, cells(words.label)), space)
        runs.append(Run(words.sign, 1, "sign", id))
        runs.append(Run(" " + filled(words.label, label), label + 1, "label", id))
        rest = space - label
        detail = f"  {cut(words.detail, rest - 3)}" if rest - 3 >= min(cells(words.detail), 8) else ""
        if rest:
            runs.append(Run(filled(detail, rest), rest, "detail", id))
        if badge:
            runs.append(Run(" " * badge, badge, "badge", id))
        self.rows.append(tuple(runs))

    def _lines(self, rails: tuple[tuple[str, str], ...]) -> tuple[list[Run], int]:
        """The runs of the lines before a step and the cells that are left, at least half of the row."""
        shown = rails[: self.width // 4]
        return [Run(text, 2, "edge", node) for text, node in shown], self.width - 2 * len(shown)
