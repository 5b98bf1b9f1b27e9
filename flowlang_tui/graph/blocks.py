"""The pieces that steps are drawn as: a box, a box above a frame with what is inside, a box that branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flowlang.language.graph import GraphNode
from flowlang_tui.graph.cells import cells, cut, filled
from flowlang_tui.graph.drawing import Box
from flowlang_tui.graph.pieces import Page, Piece
from flowlang_tui.graph.states import KINDS
from flowlang_tui.inert import inert

#: Rows of a box, and of what a frame begins with.
BOX_HEIGHT = 3

#: Cells between two branches.
GAP = 2

#: Cells of what a step does that are wished for.
_DETAIL = 28

_LOOPS = frozenset({"for_each", "while"})


class Words(NamedTuple):
    """What a box says: the step's id, what it does, and the cells that its badge takes at most."""

    node: str
    sign: str
    label: str
    detail: str
    badge: int

    @property
    def natural(self) -> int:
        """The width at which everything can be read."""
        return self.with_label(cells(self.label))

    def with_label(self, width: int) -> int:
        """The same for an id that gets `width` cells."""
        detail = min(cells(self.detail), _DETAIL)
        return 6 + max(width, cells(self.label)) + (detail + 2 if detail else 0) + 1 + self.badge

    @property
    def least(self) -> int:
        """The width below which the id can't be recognised."""
        return 6 + min(cells(self.label), 12)


def words_of(node: GraphNode, hidden: int) -> Words:
    """What the box of a step says; `hidden` is the number of steps inside if these are not shown."""
    label = inert(node.label)
    if hidden:
        detail = f"▸ {hidden} {'step' if hidden == 1 else 'steps'}"
    else:
        detail = " · ".join(inert(part) for part in (node.detail, *node.notes) if part not in ("", node.label))
    counted = node.branch == "do" or any(note.endswith(" attempts") for note in node.notes)
    badge = 13 if node.kind in _LOOPS else 11 if counted else 8
    return Words(node.id, KINDS.get(node.kind, "●"), label, detail, badge)


class StepBox:
    """A step without anything visible inside it."""

    def __init__(self, words: Words, width: int, labels: int, *, leaves: bool) -> None:
        self.words = words
        self.width = width
        self.labels = labels
        self.left = (width - 1) // 2
        self.right = width - 1 - self.left
        self.height = BOX_HEIGHT
        self.leaves = leaves
        self.first = words.node
        self.entries = [(0, self.first)]

    def draw(self, page: Page, x: int, y: int) -> None:
        box = Box(x - self.left, y, self.width, BOX_HEIGHT)
        page.boxes[self.first] = box
        page.canvas.box(box, "box", self.first)
        write(page, box, self.words, self.labels)

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return [(x, y + BOX_HEIGHT - 1)]


class Frame:
    """A step with what is inside it in a frame. Lines lead in from its top.

    With `joins` lines lead to its bottom, too; with `loops` there is a sign that it begins again.
    """

    def __init__(
        self, words: Words, inner: Piece, width: int, labels: int, *, leaves: bool, joins: bool, loops: bool
    ) -> None:
        self.words = words
        self.inner = inner
        self.labels = labels
        self.joins = joins
        self.loops = loops
        self.left = inner.left + 2
        self.right = inner.right + 2
        missing = max(0, width - (self.left + self.right + 1))
        self.left += missing // 2
        self.right += missing - missing // 2
        self.height = BOX_HEIGHT + inner.height + 1
        self.leaves = leaves
        self.first = words.node
        self.entries = [(0, self.first)]

    def draw(self, page: Page, x: int, y: int) -> None:
        canvas, left, width = page.canvas, x - self.left, self.left + self.right + 1
        frame = Box(left, y + BOX_HEIGHT - 1, width, self.height - BOX_HEIGHT + 1)
        box = Box(left, y, width, BOX_HEIGHT)
        page.boxes[self.first] = box
        page.frames[self.first] = Box(left, y, width, self.height)
        canvas.box(frame, "frame", self.first)
        canvas.box(box, "box", self.first)
        write(page, box, self.words, self.labels)
        inside = y + BOX_HEIGHT
        self.inner.draw(page, x, inside)
        for column, node in self.inner.entries:
            page.enter(x + column, inside - 1, inside, node)
        if self.joins:
            for column, bottom in self.inner.exits(x, inside):
                canvas.upright(column, bottom, frame.bottom, "frame", self.first)
        if self.loops:
            canvas.text(left + 2, frame.bottom, " ↺ ", "frame", self.first)

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return [(x, y + self.height - 1)]


class Branch(NamedTuple):
    """A way from a step: its name, and the steps on it; None for a way around the others."""

    label: str
    piece: Piece | None

    @property
    def leaves(self) -> bool:
        return self.piece is None or self.piece.leaves

    @property
    def left(self) -> int:
        return max(self.piece.left if self.piece else 0, (self._shown - 1) // 2)

    @property
    def right(self) -> int:
        return max(self.piece.right if self.piece else 0, self._shown // 2)

    @property
    def height(self) -> int:
        return self.piece.height if self.piece else 0

    @property
    def _shown(self) -> int:
        return cells(self.label)


class Fork:
    """A step with its branches beside each other below it."""

    def __init__(self, head: Piece, branches: Sequence[Branch]) -> None:
        self.head = head
        self.branches = branches
        self.columns = _columns(branches)
        self.leaves = any(branch.leaves for branch in branches)
        self.straight = len(branches) == 1
        self.left = max(head.left, max(b.left - c for b, c in zip(branches, self.columns, strict=True)))
        self.right = max(head.right, max(b.right + c for b, c in zip(branches, self.columns, strict=True)))
        self.labelled = any(branch.label for branch in branches)
        self.ways = (not self.straight) + self.labelled
        self.height = head.height + self.ways + max(branch.height for branch in branches)
        #: Whether there is a way that has to be led back to the spine.
        self.joined = any(b.leaves and column for b, column in zip(branches, self.columns, strict=True))
        self.height += self.joined
        self.first = head.first
        self.entries = [(0, self.first)]

    def draw(self, page: Page, x: int, y: int) -> None:
        self.head.draw(page, x, y)
        fork, join = y + self.head.height, y + self.height - 1
        top = fork + self.ways
        for branch, column in zip(self.branches, self.columns, strict=True):
            self._branch(page, branch, x, x + column, (fork, top, join))

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return [(x, y + self.height - 1)] if self.leaves else []

    def _branch(self, page: Page, branch: Branch, x: int, spine: int, rows: tuple[int, int, int]) -> None:
        fork, top, join = rows
        canvas, target = page.canvas, branch.piece.first if branch.piece else ""
        if self.straight:
            start = fork - 1
        else:
            canvas.upright(x, fork - 1, fork, "edge", "")
            canvas.level(fork, x, spine, "edge", target)
            start = fork
        if branch.piece is None:
            canvas.upright(spine, start, join, "edge", "")
        else:
            page.enter(spine, start, top, target)
            branch.piece.draw(page, spine, top)
        if branch.label:
            page.centred(spine, top - 1, branch.label, target)
        if branch.leaves and self.joined:
            if branch.piece is not None:
                canvas.upright(spine, top + branch.height - 1, join, "edge", "")
            canvas.level(join, spine, x, "edge", "")


class Ladder:
    """A step with its branches below each other, for where there is no room beside each other."""

    def __init__(self, head: Piece, branches: Sequence[Branch]) -> None:
        self.head = head
        self.branches = branches
        self.leaves = any(branch.leaves for branch in branches)
        self.left = max(head.left, *(branch.left + 4 for branch in branches))
        self.right = max(head.right, *(branch.right + 4 for branch in branches))
        #: Whether the branches reach beyond the step, so that the line to them begins with one to the left.
        self.indented = head.left < self.left
        self.height = head.height + self.indented + sum(map(self._rows, branches)) + self.leaves
        self.first = head.first
        self.entries = [(0, self.first)]

    def draw(self, page: Page, x: int, y: int) -> None:
        self.head.draw(page, x, y)
        canvas, left, right = page.canvas, x - self.left + 2, x + self.right - 2
        y += self.head.height
        top = y - 1
        if self.indented:
            canvas.upright(x, top, y, "edge", "")
            canvas.level(y, left, x, "edge", "")
            top, y = y, y + 1
        joined: list[int] = []
        for branch in self.branches:
            self._branch(page, branch, x, y, (left, right))
            last = y
            y += self._rows(branch)
            if branch.leaves:
                joined.append(y - 1)
        canvas.upright(left, top, last, "edge", "")
        if joined:
            canvas.upright(right, joined[0], y, "edge", "")
            canvas.level(y, x, right, "edge", "")

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return [(x, y + self.height - 1)] if self.leaves else []

    def _branch(self, page: Page, branch: Branch, x: int, y: int, sides: tuple[int, int]) -> None:
        left, right = sides
        canvas = page.canvas
        if branch.piece is None:
            canvas.level(y, left, right, "edge", "")
            canvas.text(left + 2, y, f" {cut(branch.label, right - left - 5)} ", "branch")
            return
        target = branch.piece.first
        canvas.level(y, left, x, "edge", target)
        page.enter(x, y, y + 1, target)
        if branch.label:
            canvas.text(left + 2, y, f" {cut(branch.label, right - left - 5)} ", "branch", target)
        branch.piece.draw(page, x, y + 1)
        if branch.leaves:
            below = y + 1 + branch.height
            canvas.upright(x, below - 1, below, "edge", "")
            canvas.level(below, x, right, "edge", "")

    @staticmethod
    def _rows(branch: Branch) -> int:
        return 1 if branch.piece is None else 1 + branch.height + branch.leaves


def write(page: Page, box: Box, words: Words, labels: int) -> None:
    """Write into a box. The step's id gets `labels` cells, so that boxes below each other read like a table."""
    canvas, x, y, node = page.canvas, box.x + 2, box.y + 1, words.node
    inner = box.width - 4
    space = inner - 2
    badge = words.badge if space - cells(words.label) > words.badge else 0
    space -= badge
    canvas.text(x, y, words.sign, "sign", node)
    canvas.text(x + 1, y, " ", "label", node)
    label = min(max(labels, cells(words.label)), space)
    canvas.text(x + 2, y, filled(words.label, label), "label", node)
    rest = space - label
    # a detail of which next to nothing is left says nothing
    detail = f"  {cut(words.detail, rest - 3)}" if rest - 3 >= min(cells(words.detail), 8) else ""
    canvas.text(x + 2 + label, y, filled(detail, rest), "detail", node)
    if badge:
        page.with_badge.add(node)
        canvas.text(x + 2 + space, y, " " * badge, "badge", node)


def _columns(branches: Sequence[Branch]) -> list[int]:
    """Where the spines of branches stand, counted from the spine of the step."""
    spines: list[int] = []
    right = 0
    for branch in branches:
        spines.append(right + branch.left)
        right += branch.left + branch.right + 1 + GAP
    ways = [spine for spine, branch in zip(spines, branches, strict=True) if branch.piece is not None]
    if len(ways) == 1:
        middle = spines[0]
    else:
        middle = (right - GAP - 1) // 2
        middle = next((spine for spine in spines if abs(spine - middle) <= 1), middle)
    return [spine - middle for spine in spines]
