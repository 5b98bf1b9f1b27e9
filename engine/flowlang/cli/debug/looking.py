"""The commands that look at things."""

from __future__ import annotations

from flowlang.cli.debug.at_stop import AtStop
from flowlang.cli.debug.view import answer_lines, scope_lines, stack_lines, stop_line
from flowlang.cli.readable import readable
from flowlang.cli.target import UsageError
from flowlang.errors import FlowLangError


class Looking(AtStop):
    """Looking."""

    def do_print(self, rest: str) -> None:
        if not rest:
            raise UsageError("an expression is missing", hint="`scope` shows the names there are.")
        self.say_all(readable(self.evaluated(rest)))

    def do_scope(self, rest: str) -> None:
        self.say_all(scope_lines(self.scope(), self.palette))

    def do_query(self, rest: str) -> None:
        if not rest:
            raise UsageError("a statement is missing", hint="`query SELECT …`, or `query redis_get: {key: …}`")
        try:
            answer = self.run.ask(self.here.query(rest))
        except FlowLangError:
            raise
        # what a driver raises is its own; whoever typed the statement reads its message
        except Exception as error:
            raise UsageError(f"{type(error).__name__}: {error}") from error
        self.say_all(answer_lines(answer, self.palette))

    def do_list(self, rest: str) -> None:
        first = self.listed + 1
        if rest:
            first = int(rest) if rest.isdecimal() else self.steps.at(rest, self.file).line
            first = max(first - 5, 1)
        lines = self.sources.of(self.file)
        if first > len(lines):
            raise UsageError("there are no more lines" if lines else "the flow has no file")
        self.show_source(first, first + 10)

    def do_where(self, rest: str) -> None:
        self.say_all(stack_lines(self.stack, self.calls, self.palette))

    def do_up(self, rest: str) -> None:
        if self.calls >= max(frame.call for frame in self.stack):
            raise UsageError("this is the run's own flow already")
        self.calls += 1
        self.do_where("")

    def do_down(self, rest: str) -> None:
        if not self.calls:
            raise UsageError("this is the flow in which the run stands")
        self.calls -= 1
        self.do_where("")

    def do_stops(self, rest: str) -> None:
        standing = [stop for stop in self.stops if not stop.is_over]
        if not rest:
            self.say_all(
                f"{'→' if stop is self.here else ' '} {number}  {stop_line(stop, self.palette)}"
                for number, stop in enumerate(standing, 1)
            )
            return
        if not rest.isdecimal() or not 0 < int(rest) <= len(standing):
            raise UsageError(f"there is no stop {rest}", hint="`stops` lists them.")
        self.look_at(standing[int(rest) - 1])
