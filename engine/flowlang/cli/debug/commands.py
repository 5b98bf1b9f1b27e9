"""The commands of the prompt: their names, what they take, and when they make sense."""

from __future__ import annotations

from typing import Final, NamedTuple

from flowlang.cli.target import UsageError
from flowlang.language.diagnostics import did_you_mean


class Command(NamedTuple):
    """A command: its name and short forms, what it takes, what it does, and the power of a stop that it needs.

    `in_past` commands are there, too, where an earlier step is looked at.
    """

    names: tuple[str, ...]
    takes: str
    help: str
    needs: str | None = None
    in_past: bool = False

    @property
    def name(self) -> str:
        """The name in full."""
        return self.names[0]


_GROUPS: Final[dict[str, tuple[Command, ...]]] = {
    "go on": (
        Command(("next", "n"), "", "to the next step, with everything inside this one done"),
        Command(("step", "s"), "", "into the loop, branch, subflow or transaction"),
        Command(("out", "o"), "", "to the next step after the loop, block or subflow around this one"),
        Command(("continue", "c"), "", "to the next breakpoint"),
        Command(("until", "u"), "STEP|LINE", "to a step"),
        Command(("again", "a"), "", "run the step once more, with what was changed, and stop at the next", "run_again"),
        Command(("skip",), "", "to the next step without this one, which has no result", "skip"),
        Command(("give", "g"), "VALUE", "to the next step, with this as the step's result", "give"),
        Command(("commit",), "", "end the transaction here and keep what was done", "commit"),
        Command(("rollback",), "", "undo the transaction; the step fails", "roll_back"),
        Command(("redo",), "", "run the step with the text of the file as it is now", "redo_with"),
        Command(("detach",), "", "go on to the end and stop nowhere"),
        Command(("quit", "q"), "", "cancel the run, let its handlers run, and leave", in_past=True),
    ),
    "look": (
        Command(("print", "p"), "EXPR", "the value of an expression, with or without `${…}`", in_past=True),
        Command(("scope", "v"), "", "the names that can be read here, with their values", in_past=True),
        Command(
            ("query", "sql"), "STATEMENT", "send it on the step's connection, inside its open transaction", "query"
        ),
        Command(("list", "l"), "[LINE|STEP]", "the text around a place; once more: the lines after", in_past=True),
        Command(("where", "w", "bt"), "", "the loops and flows around this step", in_past=True),
        Command(
            ("back",), "[STEP]", "look at the step before, or at an earlier one, as the journal has it", in_past=True
        ),
        Command(("forward", "fw"), "", "look at the step after", in_past=True),
        Command(("now",), "", "look at the present again", in_past=True),
        Command(("up",), "", "look at the flow that called this one"),
        Command(("down",), "", "and back"),
        Command(("stops",), "[N]", "where the run stands, if at several places; look at the N-th"),
    ),
    "change": (
        Command(("set",), "NAME = VALUE", "a step's result, a loop's item, an input: `set fetch.rows[0].price = 3`"),
        Command(("arg",), "NAME = VALUE", "an argument of this step", "set_input"),
        Command(("edit", "e"), "", "open the flow in $EDITOR; `redo` takes it"),
        Command(("changes",), "", "what was changed by hand", in_past=True),
        Command(("accept",), "N", "write the N-th change into the flow's file"),
    ),
    "breakpoints": (
        Command(("break", "b"), "[PLACE …]", "stop there; without a place: list them", in_past=True),
        Command(("clear",), "N", "forget a breakpoint", in_past=True),
        Command(("others",), "wait|go on", "what other branches do while one stands"),
        Command(("help", "h", "?"), "[COMMAND]", "this", in_past=True),
    ),
}

COMMANDS: Final[tuple[Command, ...]] = tuple(command for group in _GROUPS.values() for command in group)
_BY_NAME: Final = {name: command for command in COMMANDS for name in command.names}


def find(word: str) -> Command:
    """The command with this name, short form, or beginning of a name. Raises UsageError if there is none."""
    if word in _BY_NAME:
        return _BY_NAME[word]
    begun = [command for command in COMMANDS if command.name.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise UsageError(f"`{word}` may be {', '.join(f'`{command.name}`' for command in begun)}")
    raise UsageError(
        f"there is no command `{word}`{did_you_mean(word, _BY_NAME)}",
        hint="`help` lists the commands; `print EXPR` evaluates.",
    )


def help_lines(word: str = "") -> list[str]:
    """What all commands do, or one of them."""
    if word:
        command = find(word)
        lines = [f"{' '.join((command.name, command.takes)).strip()}: {command.help}"]
        short = ", ".join(command.names[1:])
        return [*lines, f"short: {short}"] if short else lines
    lines = []
    for title, commands in _GROUPS.items():
        lines.append(title)
        for command in commands:
            names = ", ".join(command.names)
            lines.append(f"  {f'{names} {command.takes}'.strip():28} {command.help}")
    return lines
