"""Printing the whole result of a command."""

from __future__ import annotations

from typing import Any

from flowlang.cli.target import write_result
from flowlang.values import plain, to_json


def print_json(value: Any) -> None:
    """Print `value` as JSON."""
    write_result(None, to_json(plain(value), indent=2) + "\n")


def print_text(text: str) -> None:
    """Print lines that must be fit for a terminal."""
    write_result(None, text + "\n")
