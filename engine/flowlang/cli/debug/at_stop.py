"""What every command of the prompt has at hand: the stop that is looked at, and the way to the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowlang.cli.debug.breaking import Steps
from flowlang.cli.debug.points import Points
from flowlang.cli.debug.running import DebuggedRun
from flowlang.cli.debug.view import Sources, source
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import Palette, inert
from flowlang.debugger import Past, Scope, StackFrame, Stop
from flowlang.errors import FlowLangError
from flowlang.redaction import MASK


class AtStop:
    """The stop that is looked at. `calls` is how many flows up from it, `stops` are all of the moment."""

    def __init__(self, run: DebuggedRun, steps: Steps, points: Points, palette: Palette) -> None:
        self.run = run
        self.debugger = run.debugger
        self.steps = steps
        self.points = points
        self.palette = palette
        self.sources = Sources()
        self.stops: list[Stop] = []
        self.calls = 0
        #: The earlier step that is looked at; None for the present.
        self.past: Past | None = None
        #: The last line of the text that was shown.
        self.listed = 0
        self._stop: Stop | None = None

    @property
    def here(self) -> Stop:
        """The stop that is looked at."""
        assert self._stop is not None, "commands are for stops"
        return self._stop

    @property
    def stack(self) -> tuple[StackFrame, ...]:
        """The stack of the step that is looked at, the step first."""
        return self.here.stack if self.past is None else self.past.stack

    @property
    def frame(self) -> StackFrame:
        """The frame that is looked at: that of the step, or of the call of its flow."""
        return next((frame for frame in self.stack if frame.call == self.calls), self.stack[0])

    @property
    def file(self) -> str | None:
        """The file of the flow that is looked at."""
        return self.frame.file

    def scope(self) -> Scope:
        """The names that can be read in the frame that is looked at."""
        return self.here.scope(self.calls) if self.past is None else self.past.scope()

    def evaluated(self, text: str) -> Any:
        """The value of an expression in the frame that is looked at, plain and masked. Raises ExpressionError."""
        past = self.past
        if past is None:
            return self.run.ask(self.here.evaluate(text, self.calls))

        async def evaluate() -> Any:
            return past.evaluate(text)

        return self.run.ask(evaluate())

    def look_at(self, stop: Stop) -> None:
        """Show where the run stands, and what can be done there."""
        raise NotImplementedError

    def say(self, text: str = "") -> None:
        """Show a line, which must be fit for a terminal."""
        print(text, flush=True)

    def say_all(self, lines: Iterable[str]) -> None:
        """Show lines."""
        self.say("\n".join(lines))

    def complain(self, error: FlowLangError) -> None:
        """Show why a command can't be done."""
        self.say(self.palette.bad(inert(str(error))))
        if error.hint:
            self.say(inert(error.hint))

    def show_source(self, first: int, last: int) -> None:
        """Show lines of the file that is looked at."""
        file = self.file
        lines = self.sources.of(file)
        self.listed = max(min(last, len(lines)), 0)
        marked = self.steps.lines_of(self.points.all, file)
        self.say_all(source(lines, first, last, self.frame.line, marked, self.palette))

    def text_of(self, file: str | None) -> str:
        """What a flow's file says now. Raises UsageError."""
        if file is None:
            raise UsageError("the flow has no file")
        try:
            with open(file, encoding="utf-8", newline="") as opened:
                return opened.read()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from error

    def value(self, text: str) -> Any:
        """A value that somebody typed: JSON, else an expression. Raises UsageError, ExpressionError."""
        from json import loads

        if not text:
            raise UsageError("a value is missing", hint="Write JSON, or an expression.")
        try:
            return loads(text)
        except (ValueError, RecursionError):
            value = self.evaluated(text)
        if MASK in str(value):
            raise UsageError("that value is secret, and can't be taken from what is shown")
        return value
