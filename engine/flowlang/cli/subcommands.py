"""Commands that have commands of their own: `flowlang connection …`, `flowlang runs …`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from flowlang.cli.target import UsageError
from flowlang.language.diagnostics import did_you_mean


class Command(NamedTuple):
    """A command: the module of its group's package that has it, the function in it, and the line that help shows."""

    module: str
    function: str
    help: str


class Commands(NamedTuple):
    """The commands of a group. `package` holds their modules, imported when one of them is called."""

    name: str
    package: str
    about: str
    commands: Mapping[str, Command]
    example: str

    def find(self, words: Sequence[str]) -> Callable[[Sequence[str]], int] | None:
        """The command that `words` begin with; None if they ask for help, which is printed then.

        Raises UsageError if there is none of that name.
        """
        command = self.commands.get(words[0]) if words else None
        if command is None:
            if words and words[0] not in ("-h", "--help", "help"):
                ask = did_you_mean(words[0], self.commands)
                hint = f"The commands are {', '.join(self.commands)}."
                raise UsageError(f"there is no command `{words[0]}`{ask}", hint=hint)
            print(self._help(), file=sys.stdout if words else sys.stderr)
            return None
        found: Callable[[Sequence[str]], int] = getattr(
            import_module(f"{self.package}.{command.module}"), command.function
        )
        return found

    def _help(self) -> str:
        listed = "\n".join(f"  {name:10} {command.help}" for name, command in self.commands.items())
        return (
            f"usage: flowlang {self.name} COMMAND …\n\n{self.about}\n\ncommands:\n{listed}\n\n"
            f"`flowlang {self.name} COMMAND --help` explains a command. Each takes --json.\n\n"
            f"example:\n  {self.example}"
        )
