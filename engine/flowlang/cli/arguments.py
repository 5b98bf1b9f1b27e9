"""What the commands' argument parsers have in common."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from flowlang.cli.terminal import inert


class _Help(RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        # argparse makes one of these for every option, and without a width asks the terminal through `shutil`
        super().__init__(prog, max_help_position=24, width=80)


class Parser(ArgumentParser):
    """A parser whose help ends with an example, and whose errors send nothing of the call to the terminal raw."""

    def __init__(self, prog: str, description: str, example: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"example:\n  {example}",
            formatter_class=_Help,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        super().error(inert(message))
