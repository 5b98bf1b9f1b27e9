"""The parts that a drawing is put together from.

A piece has a spine, the column on which control enters it from above and leaves it below. Pieces that follow each
other stand with their spines in one line, so the way through a flow is a straight one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flowlang_tui.graph.canvas import Canvas
from flowlang_tui.graph.cells import cells, cut
from flowlang_tui.graph.drawing import Box


class Page:
    """What pieces are drawn on: the canvas, and where steps came to stand."""

    def __init__(self, width: int, height: int) -> None:
        self.canvas = Canvas(width, height)
        self.boxes: dict[str, Box] = {}
        self.frames: dict[str, Box] = {}
        self.with_badge: set[str] = set()

    def enter(self, x: int, start: int, end: int, node: str) -> None:
        """Draw a line down to the border of a step, with the head of an arrow on it."""
        self.canvas.upright(x, start, end, "edge", node)
        self.canvas.arrow(x, end, "edge", node)

    def centred(self, x: int, y: int, label: str, node: str) -> None:
        """Put the name of a branch over the line that it stands on."""
        self.canvas.text(x - (cells(label) - 1) // 2, y, label, "branch", node)


class Piece(Protocol):
    """Something drawn around a spine.

    `left` and `right` are the cells beside the spine, `first` is the step that control enters, "" for none. `leaves`
    says whether control goes on below. Columns are counted from the spine.
    """

    left: int
    right: int
    height: int
    leaves: bool
    first: str

    @property
    def entries(self) -> Sequence[tuple[int, str]]:
        """The columns and steps that lines from above may lead to."""

    def draw(self, page: Page, x: int, y: int) -> None:
        """Draw with the spine at column `x` and the first row at `y`."""

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        """The columns and rows from which lines go down to where all of the piece is over, when it is drawn there."""


class Chain:
    """Pieces one after the other, each with what stands on the line to the next one."""

    def __init__(self, pieces: Sequence[Piece], labels: Sequence[str]) -> None:
        self.pieces = pieces
        self.labels = labels
        self.left = max(piece.left for piece in pieces)
        self.right = max(piece.right for piece in pieces)
        self.height = sum(piece.height for piece in pieces) + sum(1 for label in labels if label)
        self.leaves = pieces[-1].leaves
        self.first = pieces[0].first
        self.entries = [(0, self.first)]

    def draw(self, page: Page, x: int, y: int) -> None:
        for piece, following, label in zip(self.pieces, (*self.pieces[1:], None), (*self.labels, ""), strict=True):
            piece.draw(page, x, y)
            y += piece.height
            if piece.leaves and following is not None:
                page.enter(x, y - 1, y + bool(label), following.first)
                if label:
                    page.centred(x, y, label, following.first)
            y += bool(label)

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return [(x, y + self.height - 1)] if self.leaves else []


class Stack:
    """The lists of steps of a flow, each below the other, without lines between them."""

    def __init__(self, pieces: Sequence[Piece], gap: int = 1) -> None:
        self.pieces = pieces
        self.gap = gap
        self.left = max(piece.left for piece in pieces)
        self.right = max(piece.right for piece in pieces)
        self.height = sum(piece.height for piece in pieces) + gap * (len(pieces) - 1)
        self.leaves = False
        self.first = pieces[0].first
        self.entries = pieces[0].entries

    def draw(self, page: Page, x: int, y: int) -> None:
        for piece in self.pieces:
            piece.draw(page, x, y)
            y += piece.height + self.gap

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return []


class Grid:
    """Pieces beside each other, so many in a row."""

    def __init__(self, pieces: Sequence[Piece], columns: int) -> None:
        self.rows = [pieces[start : start + columns] for start in range(0, len(pieces), columns)]
        self.height = sum(max(piece.height for piece in row) for row in self.rows)
        total = max(_length(row) for row in self.rows)
        self.left = (total - 1) // 2
        self.right = total - 1 - self.left
        self.leaves = False
        self.first = pieces[0].first
        alone = len(self.rows) == 1
        self.entries = [(spine, piece.first) for piece, spine in self._placed(self.rows[0])] if alone else []

    def draw(self, page: Page, x: int, y: int) -> None:
        for row in self.rows:
            for piece, spine in self._placed(row):
                piece.draw(page, x + spine, y)
            y += max(piece.height for piece in row)

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        if len(self.rows) > 1:
            return []
        return [(x + spine, y + piece.height - 1) for piece, spine in self._placed(self.rows[0])]

    def _placed(self, row: Sequence[Piece]) -> list[tuple[Piece, int]]:
        left = -((_length(row) - 1) // 2)
        placed = []
        for piece in row:
            placed.append((piece, left + piece.left))
            left += piece.left + piece.right + 2
        return placed


class Titled:
    """A piece in a frame with a title, which is no step."""

    def __init__(self, title: str, inner: Piece) -> None:
        self.title = title
        self.inner = inner
        least = cells(title) + 6
        self.left = max(inner.left + 2, (least - 1) // 2)
        self.right = max(inner.right + 2, least // 2)
        self.height = inner.height + 2
        self.leaves = False
        self.first = inner.first
        self.entries: list[tuple[int, str]] = []

    def draw(self, page: Page, x: int, y: int) -> None:
        width = self.left + self.right + 1
        page.canvas.box(Box(x - self.left, y, width, self.height), "frame", "")
        page.canvas.text(x - self.left + 2, y, f" {cut(self.title, width - 6)} ", "title")
        self.inner.draw(page, x, y + 1)

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return []


def _length(row: Sequence[Piece]) -> int:
    return sum(piece.left + piece.right + 2 for piece in row) - 1
