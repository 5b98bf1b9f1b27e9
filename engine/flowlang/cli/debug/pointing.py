"""The commands about breakpoints, and about the prompt itself."""

from __future__ import annotations

from flowlang.cli.debug.at_stop import AtStop
from flowlang.cli.debug.breaking import SYNTAX, described
from flowlang.cli.debug.commands import help_lines
from flowlang.cli.debug.view import breakpoint_lines
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, one_line


class Pointing(AtStop):
    """Breakpoints and help."""

    def do_break(self, rest: str) -> None:
        if not rest:
            points = self.points.listed
            self.say_all(breakpoint_lines(points, self.palette) if points else [f"none; `break {SYNTAX}` adds one"])
            return
        point = self.steps.breakpoint(rest, self.file)
        self.points.add(point, keep=True)
        self.say(f"{self.points.all.index(point) + 1}  {one_line(described(point))}")
        if self.points.problem is not None:
            self.say(inert(self.points.problem))

    def do_clear(self, rest: str) -> None:
        points = self.points.all
        if not rest.isdecimal() or not 0 < int(rest) <= len(points):
            raise UsageError(f"there is no breakpoint {rest}".rstrip(), hint="`break` lists them.")
        point = points[int(rest) - 1]
        self.points.remove(point)
        self.say(f"forgotten: {one_line(described(point))}")

    def do_others(self, rest: str) -> None:
        choices = {"": None, "wait": "wait", "go on": "go on", "go": "go on"}
        if rest not in choices:
            raise UsageError(f"`{rest}` is neither `wait` nor `go on`")
        if rest in ("go", "go on"):
            self.debugger.others = "go on"
        elif rest:
            self.debugger.others = "wait"
        self.say(f"while one branch stands, the others {self.debugger.others}")

    def do_help(self, rest: str) -> None:
        self.say_all(help_lines(rest))
