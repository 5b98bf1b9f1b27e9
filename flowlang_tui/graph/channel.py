"""The lines between two layers: each net of lines gets a row of its own where it has to, and crossings are few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: Columns from the end of one line to that of the next at the same slot.
_ASIDE = 2


class Net(NamedTuple):
    """Slots of the upper layer that lead to the same slots of the lower one."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Channel:
    """The lines between two layers. Lines of different nets never join, so it can be seen which leads where.

    `exits` are the columns at which lines leave, `entries` those at which the lines of a net arrive at a slot, up to
    `room` columns beside its own. `tracks` are the rows of the nets that need one, counted from the top, and `height`
    is the number of rows.
    """

    def __init__(
        self,
        below: Mapping[str, Sequence[str]],
        exits: Mapping[str, int],
        spines: Mapping[str, int],
        room: Mapping[str, int],
    ) -> None:
        self.nets = _nets(below)
        self.exits = exits
        self._room = room
        self._spines = spines
        arriving: dict[str, list[Net]] = {}
        for net in self.nets:
            for target in net.targets:
                arriving.setdefault(target, []).append(net)
        self.entries: dict[tuple[Net, str], int] = {}
        for target, nets in arriving.items():
            self._side_by_side(target, nets)
        self.tracks = self._tracks(self._order())
        self.height = max(self.tracks.values(), default=-1) + 1

    def span(self, net: Net) -> tuple[int, int]:
        """The columns from the first to the last that the lines of a net reach."""
        columns = [self.exits[source] for source in net.sources]
        columns += [self.entries[net, target] for target in net.targets]
        return min(columns), max(columns)

    def _side_by_side(self, target: str, nets: Sequence[Net]) -> None:
        """Give each net that arrives at a slot a column of its own: the straightest that of the slot."""
        spine, room = self._spines[target], self._room.get(target, 0)
        origin = {net: sum(self.exits[source] for source in net.sources) / len(net.sources) for net in nets}
        ordered = sorted(nets, key=origin.__getitem__)
        last = len(ordered) - 1
        step = _ASIDE if last * _ASIDE <= 2 * room else 1
        straightest = min(range(len(ordered)), key=lambda index: abs(origin[ordered[index]] - spine))
        middle = max(last - room // step, min(room // step, straightest))
        for index, net in enumerate(ordered):
            self.entries[net, target] = spine + max(-room, min(room, step * (index - middle)))

    def _order(self) -> list[tuple[Net, set[Net]]]:
        """The nets that need a row, from above, each with those that have to be above it."""
        for _ in range(len(self.entries) + 1):
            over, reasons = self._constraints()
            placed: dict[Net, set[Net]] = {}
            waiting = [net for net in self.nets if self.span(net)[0] != self.span(net)[1]]
            while waiting:
                free = next((net for net in waiting if over.get(net, set()) <= placed.keys()), None)
                if free is None:
                    break
                placed[free] = over.get(free, set())
                waiting.remove(free)
            if not any(self._move_aside(net, target) for net in waiting for target in reasons.get(net, ())):
                break
        return [*placed.items(), *((net, set[Net]()) for net in waiting)]

    def _constraints(self) -> tuple[dict[Net, set[Net]], dict[Net, list[str]]]:
        """Which nets have to be above a net so that no two lines share a column, and the targets it is for."""
        over: dict[Net, set[Net]] = {}
        reasons: dict[Net, list[str]] = {}
        leaving = {self.exits[source]: net for net in self.nets for source in net.sources}
        for (net, target), column in self.entries.items():
            upper = leaving.get(column, net)
            if upper is not net:
                over.setdefault(net, set()).add(upper)
                reasons.setdefault(net, []).append(target)
        return over, reasons

    def _move_aside(self, net: Net, target: str) -> bool:
        """Let a net arrive at a column where no other line is."""
        taken = {*self.exits.values(), *(self.entries[other] for other in self.entries if other[1] == target)}
        spine, room = self._spines[target], self._room.get(target, 0)
        for aside in range(1, room + 1):
            for column in (spine + aside, spine - aside):
                if column not in taken:
                    self.entries[net, target] = column
                    return True
        return False

    def _tracks(self, order: Sequence[tuple[Net, set[Net]]]) -> dict[Net, int]:
        tracks: dict[Net, int] = {}
        rows: list[list[tuple[int, int]]] = []
        for net, over in order:
            start, end = self.span(net)
            row = max((tracks[other] + 1 for other in over if other in tracks), default=0)
            while row < len(rows) and any(start <= right + 1 and left - 1 <= end for left, right in rows[row]):
                row += 1
            rows += [[] for _ in range(row + 1 - len(rows))]
            rows[row].append((start, end))
            tracks[net] = row
        return tracks


def _nets(below: Mapping[str, Sequence[str]]) -> list[Net]:
    found: dict[frozenset[str], list[str]] = {}
    for source, targets in below.items():
        if targets:
            found.setdefault(frozenset(targets), []).append(source)
    return [Net(tuple(sources), tuple(below[sources[0]])) for sources in found.values()]
