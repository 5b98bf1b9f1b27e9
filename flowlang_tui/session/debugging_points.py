"""The breakpoints of a project as the workbench needs them: by file and line, and following their steps' ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from flowlang.debugger import Breakpoint, Breakpoints

#: What the breakpoints of a line are: plain, with a condition, only logging, or switched off.
Mark = Literal["plain", "conditional", "log", "off"]

#: The first of these that a step has is what its line shows.
_ORDER: Final[tuple[Mark, ...]] = ("plain", "conditional", "log", "off")


class FlowPoints:
    """Breakpoints of the flows of a project; `root` is its folder. The file that keeps them is read when first asked.

    They are held by the addresses of steps. `steps` are those of a flow, each with its line, in the order of the text.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._kept: Breakpoints | None = None
        self._addresses: dict[Path, list[str]] = {}

    @property
    def all(self) -> Breakpoints:
        """The set that the engine reads too."""
        if self._kept is None:
            from flowlang.debugger import Breakpoints

            self._kept = Breakpoints(self.root)
        return self._kept

    @property
    def are_there(self) -> bool:
        """Whether there may be any, without reading what is kept."""
        if self._kept is not None:
            return True
        from flowlang.journal.homes import home_of

        return (home_of(self.root) / "breakpoints.json").exists()

    def flow(self, path: Path) -> str:
        """How breakpoints name the flow of a file."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def path(self, point: Breakpoint) -> Path:
        """The file of a breakpoint's flow."""
        return self.root / point.flow

    def of(self, path: Path) -> list[Breakpoint]:
        """The breakpoints of a file."""
        return self.all.of(self.flow(path)) if self.are_there else []

    def at(self, path: Path, address: str) -> list[Breakpoint]:
        """The breakpoints of a step."""
        return [point for point in self.of(path) if point.step == address]

    def toggle(self, path: Path, address: str) -> bool:
        """Take all breakpoints of a step away, or add a plain one; whether there is one now."""
        there = self.at(path, address)
        for point in there:
            self.all.remove(point)
        if not there:
            self.all.toggle(self.flow(path), address)
        return not there

    def put(self, old: Breakpoint | None, new: Breakpoint) -> None:
        """Keep a breakpoint, in the place of another one if there is one."""
        if old is not None:
            self.all.remove(old)
        self.all.add(new)

    def enable(self, point: Breakpoint) -> None:
        """Switch a breakpoint on if it is off, or off."""
        self.put(point, replace(point, enabled=not point.enabled))

    def clear(self) -> None:
        """Take all breakpoints away."""
        for point in self.all:
            self.all.remove(point)

    def marks(self, path: Path, steps: Mapping[str, int]) -> dict[int, Mark]:
        """What to show beside the lines of a flow; not what is at every step."""
        points = [point for point in self.of(path) if point.step != "*"]
        if not points:
            return {}
        found: dict[int, Mark] = {}
        for address, line in steps.items():
            here = [point for point in points if point.fits(address)]
            if here:
                found[line] = mark_of(here)
        return found

    def follow(self, path: Path, steps: Mapping[str, int]) -> bool:
        """Take note of a flow's steps; whether breakpoints went along with steps that have another id now."""
        new = list(steps)
        old = self._addresses.get(path)
        if not new:
            return False
        self._addresses[path] = new
        points = self.of(path)
        moved = renamed(old, new) if old is not None and points else {}
        if not any(point.step in moved for point in points):
            return False
        now = [replace(point, step=moved.get(point.step, point.step)) for point in points]
        self.all.replace(self.flow(path), now)
        return True


def mark_of(points: Iterable[Breakpoint]) -> Mark:
    """What a line with these breakpoints shows."""
    marks = {_mark(point) for point in points}
    return next(mark for mark in _ORDER if mark in marks)


def renamed(old: Sequence[str], new: Sequence[str]) -> Mapping[str, str]:
    """Which addresses have become which others: those in whose places, between others that stayed, new ones stand."""
    moved: dict[str, str] = {}
    for what, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "replace" and last - first == end - start:
            moved.update(zip(old[first:last], new[start:end], strict=True))
    return {before: after for before, after in moved.items() if before not in new}


def _mark(point: Breakpoint) -> Mark:
    if not point.enabled:
        return "off"
    if point.log is not None:
        return "log"
    return "conditional" if point.condition or point.hits or point.statement or point.when != "before" else "plain"
