"""The commands that walk back through the run, as its journal has it, and forward again."""

from __future__ import annotations

from flowlang.cli.debug.at_stop import AtStop
from flowlang.cli.debug.view import AROUND, past_lines
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert
from flowlang.debugger import History


class Walking(AtStop):
    """Walking. What is looked at, `past`, is None for the present."""

    _history: History | None = None

    def do_back(self, rest: str) -> None:
        history = self._known()
        if rest:
            self._look_back(history, history.position(rest))
        elif (position := self._position(history)) > 0:
            self._look_back(history, position - 1)
        else:
            raise UsageError("this is the first step of the run")

    def do_forward(self, rest: str) -> None:
        if self.past is None:
            raise UsageError("this is the present; `next` goes on")
        history = self._known()
        position = self._position(history) + 1
        if position < self._present(history):
            self._look_back(history, position)
        else:
            self.do_now("")

    def do_now(self, rest: str) -> None:
        self.past = None
        self.look_at(self.here)

    def forget_history(self) -> None:
        """The run has gone on: its record is read anew."""
        self._history = self.past = None

    def _known(self) -> History:
        """The run so far. Raises UsageError for a run that is not recorded."""
        if self._history is None:
            recorded = self.run.call.recorded()
            if recorded is None:
                raise UsageError("this run is not recorded, so there is no way back")
            run, root = recorded

            async def read() -> History:
                return History(run, self.run.call.executor, root)

            self._history = self.run.ask(read())
        return self._history

    def _position(self, history: History) -> int:
        return self._present(history) if self.past is None else self.past.position

    def _present(self, history: History) -> int:
        """The position of the step at which the run stands; one that has begun is recorded already."""
        last = len(history) - 1
        return last if last >= 0 and history.steps[last].path == self.here.path else last + 1

    def _look_back(self, history: History, position: int) -> None:
        self.past, self.calls = history.at(position), 0
        self.say()
        self.say_all(past_lines(self.past, self._present(history), self.palette))
        self.show_source(self.past.line - AROUND, self.past.line + AROUND)
        again = self.run.call.command("rerun")
        self.say(self.palette.faint("back, forward, now · print, scope, where"))
        if again is not None:
            self.say(self.palette.faint(inert(f"from here again, later: {again} --from '{self.past.path}'")))
