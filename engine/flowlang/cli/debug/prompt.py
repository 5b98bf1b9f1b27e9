"""The conversation at a stop: a line is read, a command done, until the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import time

from flowlang.cli.debug.changing import Changing
from flowlang.cli.debug.commands import COMMANDS, Command, find
from flowlang.cli.debug.going import Going
from flowlang.cli.debug.looking import Looking
from flowlang.cli.debug.pointing import Pointing
from flowlang.cli.debug.view import AROUND, cells, stop_lines
from flowlang.cli.debug.walking import Walking
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, is_terminal
from flowlang.debugger import Stop
from flowlang.errors import FlowLangError


class EndOfInput(Exception):
    """Nobody types any more."""


class Prompt(Going, Looking, Walking, Changing, Pointing):
    """Talks with a person about the stops of one run. Each command is a method, `do_` and its name."""

    #: Whether Ctrl+C ends what is being typed or looked at, rather than pausing the run.
    listening = False
    #: What an empty line does once more.
    _last = ""

    def converse(self, stops: list[Stop], stop: Stop) -> None:
        """Talk about a stop until the run goes on from it. Raises EndOfInput when nobody types any more."""
        self.stops = stops
        self.forget_history()
        self.look_at(stop)
        self.listening = True
        try:
            if self.run.is_ending:
                raise EndOfInput
            while not self.here.is_over:
                try:
                    if self._do(self._read()):
                        return
                except KeyboardInterrupt:
                    self.say()
                except FlowLangError as error:
                    self.complain(error)
        finally:
            self.listening = False

    def look_at(self, stop: Stop) -> None:
        """Show where the run stands, and what can be done there."""
        self._stop, self.calls, self.past = stop, 0, None
        self.say()
        self.say_all(stop_lines(stop, self.palette))
        self.show_source(stop.line - AROUND, stop.line + AROUND)
        more = len([one for one in self.stops if one is not stop and not one.is_over])
        if more:
            places = "1 more place" if more == 1 else f"{more} more places"
            self.say(self.palette.faint(f"the run stands at {places}: `stops`"))
        self.say(self.palette.faint(self._possible()))

    def _possible(self) -> str:
        special = [command.name for command in COMMANDS if self._fits(command) and command.needs is not None]
        groups = ["next, step, out, continue", "print, scope, set", ", ".join(special), "help"]
        line = " · ".join(group for group in groups if group)
        return line if len(line) <= cells() else line.replace(" · print", "\nprint", 1)

    def _fits(self, command: Command) -> bool:
        return command.needs is None or command.needs in self.here.can

    def _read(self) -> str:
        prompt = self._prompt()
        if is_terminal(sys.stdin) and is_terminal(sys.stdout):
            try:
                return input(prompt).strip() or self._last
            except EOFError:
                self.say()
                raise EndOfInput from None
        line = sys.stdin.readline()
        if not line:
            raise EndOfInput
        # whoever reads what was shown sees what it answers
        self.say(f"{prompt}{inert(line.strip())}")
        return line.strip()

    def _prompt(self) -> str:
        deadline = self.here.deadline
        left = "" if deadline is None else f", rolls back in {max(0.0, deadline - time()):.0f} s"
        back = "" if self.past is None else f", back at step {self.past.position + 1}"
        return f"(debug{back}{left}) "

    def _do(self, line: str) -> bool:
        """Do a command; whether the run goes on with it."""
        word, _, rest = line.partition(" ")
        if not word or word.startswith("#"):
            return False
        command = find(word)
        if self.here.is_over:
            raise UsageError("the run has gone on from here")
        if self.past is not None and not command.in_past:
            raise UsageError(
                "an earlier step is looked at", hint="`now` looks at the present again, `forward` goes there."
            )
        if not self._fits(command):
            raise UsageError(f"`{command.name}` makes no sense here", hint=self._possible())
        act: Callable[[str], bool | None] = getattr(self, f"do_{command.name}")
        goes_on = bool(act(rest.strip()))
        self._last = command.name if goes_on and not rest else ""
        return goes_on
