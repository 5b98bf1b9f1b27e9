"""Completion and history of the prompt, where the terminal's library for that is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flowlang.cli.debug.commands import COMMANDS
from flowlang.cli.debug.prompt import Prompt
from flowlang.cli.terminal import is_terminal
from flowlang.debugger import DebuggerError

#: After these commands a step is completed, after the others a name that can be read.
_OF_STEPS = frozenset({"break", "b", "until", "u", "list", "l"})


@contextmanager
def completion(prompt: Prompt) -> Iterator[None]:
    """While inside, Tab completes what is typed at the prompt."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        yield
        return
    try:
        import readline
    except ImportError:
        # not there on every system; then lines are typed as they are
        yield
        return
    before, delimiters = readline.get_completer(), readline.get_completer_delims()
    readline.set_completer_delims(" \t\n()[]{}=,+-*/<>!|&")
    readline.set_completer(_Completer(prompt, readline.get_line_buffer))
    readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(before)
        readline.set_completer_delims(delimiters)


class _Completer:
    """Answers readline, which asks for the first possibility, the second, and so on."""

    def __init__(self, prompt: Prompt, line: Callable[[], str]) -> None:
        self._prompt = prompt
        self._line = line
        self._found: list[str] = []

    def __call__(self, text: str, number: int) -> str | None:
        if number == 0:
            self._found = sorted(word for word in self._words() if word.startswith(text))
        return self._found[number] if number < len(self._found) else None

    def _words(self) -> set[str]:
        first, blank, _ = self._line().lstrip().partition(" ")
        if not blank:
            return {f"{command.name} " if command.takes else command.name for command in COMMANDS}
        if first in _OF_STEPS:
            return self._prompt.steps.names()
        try:
            values = self._prompt.scope().values
        except DebuggerError:
            return set()
        inner = {f"{name}.{key}" for name, value in values.items() if isinstance(value, dict) for key in value}
        return set(values) | inner
