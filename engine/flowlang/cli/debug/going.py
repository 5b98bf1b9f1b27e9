"""The commands with which the run goes on. They give back that it does."""

from __future__ import annotations

from flowlang.cli.debug.at_stop import AtStop
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import one_line


class Going(AtStop):
    """Going on."""

    def do_next(self, rest: str) -> bool:
        self.debugger.step_over(self.here)
        return True

    def do_step(self, rest: str) -> bool:
        self.debugger.step_into(self.here)
        return True

    def do_out(self, rest: str) -> bool:
        self.debugger.step_out(self.here)
        return True

    def do_continue(self, rest: str) -> bool:
        self.here.resume()
        return True

    def do_until(self, rest: str) -> bool:
        if not rest:
            raise UsageError("a step or a line is missing")
        plan = self.steps.at(rest, self.file)
        self.debugger.run_to(self.steps.places.address(plan), self.here)
        return True

    def do_again(self, rest: str) -> bool:
        self._stay()
        self.here.run_again()
        return True

    def do_skip(self, rest: str) -> bool:
        self._stay()
        self.here.skip()
        return True

    def do_give(self, rest: str) -> bool:
        value = self.value(rest)
        self._stay()
        self.here.give(value)
        return True

    def _stay(self) -> None:
        """Stop at the next step: whoever steps in by hand wants to see what comes of it."""
        self.debugger.pause()

    def do_commit(self, rest: str) -> bool:
        self.here.commit()
        return True

    def do_rollback(self, rest: str) -> bool:
        self.here.roll_back()
        return True

    def do_redo(self, rest: str) -> bool:
        file = self.here.file
        text = self.text_of(file)
        redone = self.run.ask(self.here.redo_with(text))
        if redone.problems:
            problems = [problem.sentence for problem in redone.problems]
            raise UsageError("\n  ".join(["the new text can't run:", *problems]))
        self.sources.forget(str(file))
        if redone.taken:
            self.say(f"new: {', '.join(map(one_line, redone.taken))}")
        for step, why in redone.left.items():
            self.say(f"not taken over: {one_line(step)}: {one_line(why)}")
        return True

    def do_detach(self, rest: str) -> bool:
        self.debugger.let_go()
        return True

    def do_quit(self, rest: str) -> bool:
        self.run.end("ended from the debugger")
        return True
