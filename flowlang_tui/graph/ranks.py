"""Steps that wait for each other, in layers: ranks, dummies for lines over several, an order with few crossings.

The method is Sugiyama's: longest path, barycentre sweeps, then columns near the median of the neighbours'.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import Final

#: A place in a layer: a member, or a dummy where a line to a lower layer passes.
Slot = str

_SWEEPS: Final = 6


class Ranked:
    """Members in layers. `below` leads from each slot to those in the next layer that a line goes to."""

    def __init__(self, members: Sequence[str], needs: Mapping[str, Sequence[str]]) -> None:
        ranks = _ranks(members, needs)
        self.layers: list[list[Slot]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
        self.below: dict[Slot, list[Slot]] = {}
        self.above: dict[Slot, list[Slot]] = {}
        self.dummies: set[Slot] = set()
        for member in members:
            self._add(member, ranks[member])
        for member in members:
            for source in needs.get(member, ()):
                self._connect(source, member, ranks)
        self._sort()

    def _add(self, slot: Slot, rank: int) -> None:
        self.layers[rank].append(slot)
        self.below[slot] = []
        self.above[slot] = []

    def _connect(self, source: str, target: str, ranks: Mapping[str, int]) -> None:
        last = source
        for rank in range(ranks[source] + 1, ranks[target]):
            # all lines of a step run together as far as they can
            dummy = f"{source}\0{rank}"
            if dummy not in self.below:
                self._add(dummy, rank)
                self.dummies.add(dummy)
            self._link(last, dummy)
            last = dummy
        self._link(last, target)

    def _link(self, upper: Slot, lower: Slot) -> None:
        if lower not in self.below[upper]:
            self.below[upper].append(lower)
            self.above[lower].append(upper)

    def _sort(self) -> None:
        best = [list(layer) for layer in self.layers]
        fewest = self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            downwards = sweep % 2 == 0
            numbers = range(1, len(self.layers)) if downwards else range(len(self.layers) - 2, -1, -1)
            for number in numbers:
                fixed = self.layers[number - 1 if downwards else number + 1]
                self._sort_layer(number, fixed, self.above if downwards else self.below)
            crossings = self._crossings()
            if crossings < fewest:
                fewest, best = crossings, [list(layer) for layer in self.layers]
        self.layers = best

    def _sort_layer(self, number: int, fixed: Sequence[Slot], neighbours: Mapping[Slot, Sequence[Slot]]) -> None:
        place = {slot: index for index, slot in enumerate(fixed)}
        layer = self.layers[number]

        def barycentre(index: int) -> float:
            around = neighbours[layer[index]]
            return sum(place[slot] for slot in around) / len(around) if around else index

        order = sorted(range(len(layer)), key=barycentre)
        self.layers[number] = [layer[index] for index in order]

    def _crossings(self) -> int:
        count = 0
        for upper, lower in zip(self.layers, self.layers[1:], strict=False):
            place = {slot: index for index, slot in enumerate(lower)}
            ends = [end for slot in upper for end in sorted(place[other] for other in self.below[slot])]
            count += _inversions(ends)
        return count


def columns(ranked: Ranked, extents: Mapping[Slot, tuple[int, int]], gap: int) -> dict[Slot, int]:
    """A column for each slot, near those it is connected with. `extents` are the cells beside the columns."""
    found: dict[Slot, int] = {}
    for layer in ranked.layers:
        _place(layer, {slot: _wanted(slot, ranked.above, found, 0) for slot in layer}, extents, gap, found)
    layers = ranked.layers
    for sweep in range(4):
        neighbours = ranked.below if sweep % 2 == 0 else ranked.above
        for layer in reversed(layers[:-1]) if sweep % 2 == 0 else layers[1:]:
            wanted = {slot: _wanted(slot, neighbours, found, found[slot]) for slot in layer}
            _place(layer, wanted, extents, gap, found)
    return found


def _wanted(
    slot: Slot, neighbours: Mapping[Slot, Sequence[Slot]], found: Mapping[Slot, int], otherwise: float
) -> float:
    around = [found[other] for other in neighbours[slot] if other in found]
    return _median(around) if around else otherwise


def _place(
    layer: Sequence[Slot],
    wanted: Mapping[Slot, float],
    extents: Mapping[Slot, tuple[int, int]],
    gap: int,
    found: dict[Slot, int],
) -> None:
    """Put the slots of a layer as near to where they want to be as their extents allow.

    With the extents before it taken off each wish, the wishes only have to be in ascending order: neighbours that
    aren't are pooled at their mean, again and again.
    """
    offsets: list[int] = []
    offset = 0
    for index, slot in enumerate(layer):
        if index:
            offset += extents[layer[index - 1]][1] + extents[slot][0] + 1 + gap
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for slot, start in zip(layer, offsets, strict=True):
        mean, size = wanted[slot] - start, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    index = 0
    for mean, size in pools:
        for _ in range(size):
            found[layer[index]] = round(mean) + offsets[index]
            index += 1


def _ranks(members: Sequence[str], needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """For each member the length of the longest chain that leads to it."""
    ranks: dict[str, int] = {}
    pending = list(reversed(members))
    while pending:
        member = pending[-1]
        missing = [source for source in needs.get(member, ()) if source not in ranks]
        if missing:
            pending += missing
            continue
        pending.pop()
        ranks[member] = max((ranks[source] + 1 for source in needs.get(member, ())), default=0)
    return ranks


def _inversions(numbers: Sequence[int]) -> int:
    """How many pairs stand in the wrong order."""
    count = 0
    ordered: list[int] = []
    for number in numbers:
        count += len(ordered) - bisect_right(ordered, number)
        insort(ordered, number)
    return count


def _median(numbers: Sequence[float]) -> float:
    """The middle of some numbers. (The module of Python's that has one takes longer to import than a graph to draw.)"""
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
