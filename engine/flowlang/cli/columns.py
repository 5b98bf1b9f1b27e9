"""Lines whose cells stand below each other, in colours or not."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

from flowlang.cli.terminal import width


class Cell(NamedTuple):
    """A text, which must be fit for a terminal, and its colour."""

    text: str
    paint: Callable[[str], str] | None = None

    def padded(self, room: int, *, right: bool) -> str:
        """The cell in so much room; the blanks have no colour."""
        blanks = " " * max(0, room - width(self.text))
        text = self.text if self.paint is None or not self.text else self.paint(self.text)
        return blanks + text if right else text + blanks


def columns(rows: Sequence[Sequence[Cell]], right: Container[int] = ()) -> list[str]:
    """A line for each row; the columns in `right` are numbers. A column in which nothing stands is left out."""
    if not rows:
        return []
    widths = [max(width(row[column].text) for row in rows) for column in range(len(rows[0]))]
    shown = [column for column, room in enumerate(widths) if room]
    return [
        "  ".join(row[column].padded(widths[column], right=column in right) for column in shown).rstrip()
        for row in rows
    ]
