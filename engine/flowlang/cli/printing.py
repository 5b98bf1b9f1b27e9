"""Printing the whole result of a command."""

from __future__ import annotations

from typing import Any

from flowlang.cli.spelling import json_of
from flowlang.cli.target import write_result


def print_json(value: Any) -> None:
    """Print `value` as JSON."""
    write_result(None, json_of(value, indent=2) + "\n")


def print_text(text: str) -> None:
    """Print lines that must be fit for a terminal."""
    write_result(None, text + "\n")
