"""What comes back from a statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What came of one statement. `columns` is empty unless it gives rows."""

    rows: list[dict[str, Any]]
    columns: list[str]
    affected: int
    last_id: int | None = None

    @property
    def touched(self) -> int:
        """How many rows came back, or were touched by a statement that gives none."""
        return len(self.rows) if self.columns else self.affected


def unique_names(columns: Iterable[Any]) -> list[str]:
    """The columns of a result, each with a name of its own: a second `id` is `id_2`."""
    names = [str(column) for column in columns]
    if len(set(names)) == len(names):
        return names
    taken = set(names)
    unique: list[str] = []
    for name in names:
        chosen, number = name, 1
        while chosen in unique or (number > 1 and chosen in taken):
            number += 1
            chosen = f"{name}_{number}"
        unique.append(chosen)
    return unique
