"""Where the steps of a recorded run stand in its flows: what a path means, and what comes before what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NamedTuple

from flowlang.connections.discovery import BuiltinPlugins
from flowlang.journal.records import RecordedStep
from flowlang.language.lookup import find_root, find_subflow
from flowlang.language.model import Flow, ForEachStep, ParallelStep, Step, SubflowStep
from flowlang.language.nodes import Scalar
from flowlang.language.order import dependencies
from flowlang.runtime.paths import address_of
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.registry import TaskRegistry

#: How one execution of a step stands to another: `around` is a block, loop or call that holds the other, `beside` what
#: neither waits for the other nor is waited for.
Relation = Literal["before", "after", "beside", "around", "inside", "same"]

_PART: Final = re.compile(r"(\w+)(?:\[(\d+)\])?$")

#: Blocks that run after the others of their flow or step.
_LATER: Final = {"on_error": 1, "on_cancel": 1, "finally": 2}


class Part(NamedTuple):
    """One part of a path: the id of a step and, for a loop that the path goes into, the iteration."""

    id: str
    iteration: int | None


def parts_of(path: str) -> list[Part] | None:
    """The parts of a path such as `orders[3]/ship`, or None for what is none."""
    parts = []
    for piece in path.split("/"):
        found = _PART.match(piece)
        if found is None:
            return None
        parts.append(Part(found[1], None if found[2] is None else int(found[2])))
    return parts


class Level(NamedTuple):
    """One of the lists of steps in which a step stands, the outermost first, and its position there.

    `depth` is how many parts of the path are spent before this list.
    """

    block: str
    siblings: Sequence[Step]
    position: int
    depth: int
    at_once: bool = False
    iterations_at_once: bool = False


class Place(NamedTuple):
    """A step, the flow that it stands in, and the lists around it. `called` is how many parts lead to that flow.

    `is_handler` tells that it belongs to the flow's own `on_error`, `on_cancel` or `finally`. `others` are steps of the
    same id in other branches.
    """

    step: Step
    flow: Flow
    levels: tuple[Level, ...]
    called: int
    is_handler: bool
    others: tuple[Place, ...] = ()


class Places:
    """The steps of a flow and of those that it calls, found by path."""

    def __init__(self, source: Path | str, folder: Path, texts: Mapping[Path, str] | None = None) -> None:
        self._texts = texts or {}
        self._preparer = Preparer(TaskRegistry(), tasks_known=False, texts=self._texts, plugins=BuiltinPlugins)
        self._folders: dict[int, Path] = {}
        self._known: dict[str, Place | None] = {}
        self._levels: dict[int, dict[str, Place]] = {}
        self._called: dict[int, dict[str, Flow | None]] = {}
        self.flow = self._load(source, folder)

    def find(self, path: str) -> Place | None:
        """What a path or address means; None if the flows have no such step."""
        address = address_of(path)
        try:
            return self._known[address]
        except KeyError:
            found = self._known[address] = self._find(address.split("/"))
            return found

    def of(self, record: RecordedStep) -> Place | None:
        """Where a recorded step stands; of several with its id the one that is most like it."""
        place = self.find(record.path)
        if place is None or not place.others:
            return place
        same = [one for one in (place, *place.others) if one.step.kind == record.kind]
        return next((one for one in same if one.step.line == record.line), same[0] if same else place)

    def flows(self) -> list[Flow]:
        """The flow, and those that it calls, directly or not."""
        found = {id(self.flow): self.flow}
        waiting = [self.flow]
        while waiting:
            flow = waiting.pop()
            for step in flow.walk():
                called = self.called(flow, step) if isinstance(step, SubflowStep) else None
                if called is not None and id(called) not in found:
                    found[id(called)] = called
                    waiting.append(called)
        return list(found.values())

    def called(self, flow: Flow, step: SubflowStep) -> Flow | None:
        """The flow that a step calls."""
        known = self._called.setdefault(id(flow), {})
        name = step.flow.text
        if name not in known:
            folder = self._folders[id(flow)]
            path = find_subflow(name, folder, find_root(folder), self._texts)
            known[name] = None if path is None else self._load(path, folder)
        return known[name]

    def _load(self, source: Path | str, folder: Path) -> Flow:
        flow = self._preparer.load(source, folder).flow
        self._folders[id(flow)] = source.parent if isinstance(source, Path) else folder
        return flow

    def _find(self, ids: Sequence[str]) -> Place | None:
        flow, called = self.flow, 0
        around: tuple[Level, ...] = ()
        for number, name in enumerate(ids):
            place = self._of_flow(flow).get(name)
            if place is None:
                return None
            found = _inside(place, flow, around, called)
            if number == len(ids) - 1:
                return found
            if isinstance(place.step, SubflowStep):
                inner = self.called(flow, place.step)
                if inner is None:
                    return None
                flow, around, called = inner, found.levels, number + 1
        return None

    def _of_flow(self, flow: Flow) -> dict[str, Place]:
        places = self._levels.get(id(flow))
        if places is None:
            places = self._levels[id(flow)] = {}
            for block, steps in flow.blocks():
                self._enter(flow, steps, block, (), 0, block == "steps" and flow.mode == "dag", False)
        return places

    def _enter(
        self,
        flow: Flow,
        steps: Sequence[Step],
        block: str,
        around: tuple[Level, ...],
        depth: int,
        at_once: bool,
        iterations_at_once: bool,
    ) -> None:
        places = self._levels[id(flow)]
        for position, step in enumerate(steps):
            levels = (*around, Level(block, steps, position, depth, at_once, iterations_at_once))
            place = Place(step, flow, levels, 0, levels[0].block in _LATER)
            first = places.get(step.id)
            places[step.id] = place if first is None else first._replace(others=(*first.others, place))
            for name, inner in step.blocks():
                body = name == "do" and step.kind in ("for_each", "while")
                parallel = isinstance(step, ParallelStep) and name == "parallel"
                self._enter(flow, inner, name, levels, depth + body, parallel, body and _many_at_once(step))


def _inside(place: Place, flow: Flow, around: tuple[Level, ...], called: int) -> Place:
    """A place as a call sees it to which so many parts of a path lead."""
    levels = tuple(level._replace(depth=level.depth + called) for level in place.levels)
    others = tuple(_inside(other, flow, around, called) for other in place.others)
    return Place(place.step, flow, (*around, *levels), called, place.is_handler, others)


def _many_at_once(step: Step) -> bool:
    """Whether several iterations of a loop run at the same time."""
    if not isinstance(step, ForEachStep) or step.concurrency is None:
        return False
    node = step.concurrency.node
    return not (isinstance(node, Scalar) and node.value == 1)


def relation(path: str, place: Place, other_path: str, other: Place) -> Relation:
    """How the execution at `path` stands to the one at `other_path`."""
    for mine, its in zip(place.levels, other.levels, strict=False):
        if mine.depth:
            iteration, another = _iteration(path, mine.depth), _iteration(other_path, mine.depth)
            if iteration != another:
                return _of_iterations(mine, iteration, another)
        if mine.block != its.block:
            return "before" if _LATER.get(mine.block, 0) < _LATER.get(its.block, 0) else "after"
        if mine.position != its.position:
            if not mine.at_once:
                return "before" if mine.position < its.position else "after"
            return "after" if mine.position in waiting_for(mine.siblings, its.position) else "beside"
    if len(place.levels) == len(other.levels):
        return "same"
    return "around" if len(place.levels) < len(other.levels) else "inside"


def _iteration(path: str, depth: int) -> int | None:
    """The iteration of the last of so many parts of a path."""
    return (parts_of(path) or [])[depth - 1].iteration


def _of_iterations(level: Level, mine: int | None, its: int | None) -> Relation:
    if level.iterations_at_once:
        return "beside"
    return "before" if (mine or 0) < (its or 0) else "after"


def waiting_for(steps: Sequence[Step], position: int) -> set[int]:
    """The positions of the steps that, directly or not, wait for the one at `position`."""
    waits_for = dependencies(steps)
    if waits_for is None:
        return set()
    found: set[int] = set()
    while more := {
        index for index, others in enumerate(waits_for) if index not in found and others & {position, *found}
    }:
        found |= more
    return found


def holders_of(path: str, place: Place) -> Iterator[str]:
    """The paths of the blocks, loops and calls that hold a step, the outermost first.

    What handles the failure of a step isn't held by that.
    """
    pieces = path.split("/")
    for level, inner in pairwise(place.levels):
        if inner.block != "on_error" or inner.depth != level.depth:
            yield "".join(f"{piece}/" for piece in pieces[: level.depth]) + level.siblings[level.position].id


def above(path: str) -> Iterator[tuple[str, str]]:
    """For each part of a path what stands before it, with the `/`, and its id."""
    at = 0
    for piece in path.split("/"):
        yield path[:at], piece.partition("[")[0]
        at += len(piece) + 1
