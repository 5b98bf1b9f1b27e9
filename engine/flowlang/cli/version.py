"""`flowlang version`"""

from __future__ import annotations

from collections.abc import Sequence

from flowlang import __version__
from flowlang.cli.arguments import Parser


def main(arguments: Sequence[str]) -> int:
    """Print the version."""
    Parser("flowlang version", "Print the version of flowlang.", "flowlang version").parse_args(arguments)
    print(f"flowlang {__version__}")
    return 0
