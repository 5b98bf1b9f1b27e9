"""What the commands' argument parsers have in common."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from flowlang.cli.terminal import inert

#: How the argument that names a flow is explained.
FLOW_HELP: Final = "a flow's file, or a folder with a flow.yaml or a single flow in it"


class _Help(RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        # argparse makes one of these for every option, and without a width asks the terminal through `shutil`
        super().__init__(prog, max_help_position=24, width=80)


class Parser(ArgumentParser):
    """A parser whose help ends with examples, what else is to be said, and the exit codes that mean something here.

    Its errors send nothing of the call to the terminal raw.
    """

    def __init__(
        self, prog: str, description: str, *examples: str, more: str = "", exit_codes: Mapping[int, str] | None = None
    ) -> None:
        parts = [_section("example" if len(examples) == 1 else "examples", examples), more]
        if exit_codes:
            width = max(len(str(code)) for code in exit_codes)
            parts.append(_section("exit codes", [f"{code:<{width}}  {words}" for code, words in exit_codes.items()]))
        super().__init__(
            prog=prog,
            description=description,
            epilog="\n\n".join(filter(None, parts)),
            formatter_class=_Help,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        super().error(inert(message))


def seconds(text: str) -> float:
    """The type of an argument that is a duration: `90`, `500ms`, `10s`, `5m`, `2h`."""
    from flowlang.language.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def pair(text: str, option: str, form: str = "KEY=VALUE") -> tuple[str, str]:
    """The two sides of what was given to an option of this form. Raises UsageError."""
    from flowlang.cli.target import UsageError

    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UsageError(f"{option} {text} is not of the form {form}")
    return key, value


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number, not less than `least`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text} is no whole number from {least}")
        return int(text)

    return read


def _section(title: str, entries: Sequence[str]) -> str:
    lines = [f"  {line}" for entry in entries for line in entry.splitlines()]
    return "\n".join([f"{title}:", *lines])
