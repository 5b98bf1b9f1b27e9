"""What a drawing is: rows of text whose parts know what they show, so that states are painted without a new layout."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal, NamedTuple

Role = Literal["", "edge", "box", "frame", "sign", "label", "detail", "badge", "branch", "title"]
"""What a part of a row shows.

`edge`: a line between steps; its node is the step that it leads to. `box`, `frame`: the border of a step, of what is
inside a step. `sign`: the one cell for the sign of the state. `label`, `detail`: the step's id, what it does.
`badge`: the place for durations and counts, empty in the drawing. `branch`: the name of a branch. `title`: that of a
list of steps of the flow. The empty role is for blanks.
"""


class Run(NamedTuple):
    """Adjacent cells of a row that are painted alike. `node` is the step that they belong to, "" for none."""

    text: str
    width: int
    role: Role = ""
    node: str = ""


class Box(NamedTuple):
    """The place of a step: its left column, its top row, its size in cells."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The last column."""
        return self.x + self.width - 1

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.y + self.height - 1

    @property
    def middle(self) -> tuple[int, int]:
        """Column and row of the middle."""
        return self.x + self.width // 2, self.y + self.height // 2

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell belongs to the box."""
        return self.x <= x <= self.right and self.y <= y <= self.bottom


class Drawing:
    """A graph, drawn.

    `row` gives a row's runs. `boxes` has the place of each visible step, `frames` of those whose inside is shown in a
    frame, `rows_of` the rows in which something of a step is painted, `with_badge` the steps that have a place for
    their badge. `is_rail` says that each step is one row.
    """

    def __init__(
        self,
        row: Callable[[int], tuple[Run, ...]],
        size: tuple[int, int],
        boxes: Mapping[str, Box],
        rows_of: Mapping[str, Collection[int]],
        *,
        frames: Mapping[str, Box] | None = None,
        with_badge: Collection[str] = (),
        is_rail: bool = False,
    ) -> None:
        self.width, self.height = size
        self.boxes = boxes
        self.rows_of = rows_of
        self.frames = frames or {}
        self.with_badge = with_badge
        self.is_rail = is_rail
        self._row = row
        self._rows: dict[int, tuple[Run, ...]] = {}

    @classmethod
    def empty(cls) -> Drawing:
        """A drawing of nothing."""
        return cls(lambda _: (), (0, 0), {}, {})

    def row(self, y: int) -> tuple[Run, ...]:
        """The runs of a row, made when it is first asked for: of a long drawing only a part is seen."""
        if y not in self._rows:
            self._rows[y] = self._row(y)
        return self._rows[y]

    @property
    def rows(self) -> list[tuple[Run, ...]]:
        """All rows."""
        return [self.row(y) for y in range(self.height)]

    @property
    def text(self) -> str:
        """The drawing as plain text, each row ending with a newline."""
        return "".join("".join(run.text for run in row).rstrip() + "\n" for row in self.rows)

    def node_at(self, x: int, y: int) -> str | None:
        """The step whose box is at a cell."""
        if not 0 <= y < self.height:
            return None
        for node in self._nodes_at(y):
            if self.boxes[node].holds(x, y):
                return node
        return None

    def sign_at(self, x: int, y: int) -> bool:
        """Whether the cell is one with the sign of a step."""
        row = self.row(y) if 0 <= y < self.height else ()
        left = 0
        for run in row:
            if left <= x < left + run.width:
                return run.role == "sign"
            left += run.width
        return False

    def _nodes_at(self, y: int) -> Iterator[str]:
        return (node for node in dict.fromkeys(run.node for run in self.row(y)) if node in self.boxes)
