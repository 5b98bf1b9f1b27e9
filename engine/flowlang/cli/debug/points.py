"""The breakpoints of the prompt: those that the project keeps, and those of this run alone."""

from __future__ import annotations

from collections.abc import Sequence

from flowlang.debugger import Breakpoint, Breakpoints, Debugger


class Points:
    """All breakpoints, numbered from 1."""

    def __init__(self, debugger: Debugger, kept: Breakpoints, flows: Sequence[str]) -> None:
        self._debugger = debugger
        self._kept = kept
        self._flows = frozenset(flows)
        self._own: list[Breakpoint] = []
        self._set()

    @property
    def all(self) -> list[Breakpoint]:
        """The breakpoints in the order of their numbers."""
        return [*self._of_project(), *self._own]

    @property
    def listed(self) -> list[tuple[Breakpoint, str]]:
        """The breakpoints, each with what is to be known of it."""
        return [*((point, "kept") for point in self._of_project()), *((point, "this run") for point in self._own)]

    @property
    def problem(self) -> str | None:
        """Why breakpoints could not be read or kept."""
        return self._kept.problem

    def add(self, point: Breakpoint, *, keep: bool) -> None:
        """Stop at one more, from now on; with `keep` in later runs too."""
        if keep:
            self._kept.add(point)
        else:
            self._own.append(point)
        self._set()

    def remove(self, point: Breakpoint) -> None:
        """Stop there no more."""
        if point in self._own:
            self._own.remove(point)
        else:
            self._kept.remove(point)
        self._set()

    def _of_project(self) -> list[Breakpoint]:
        return [point for point in self._kept if point.flow in self._flows]

    def _set(self) -> None:
        self._debugger.set_breakpoints(self.all)
