"""Adds variables to a `.env` file; what stands there is never changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flowlang.environment import read_dotenv
from flowlang.errors import FlowLangError


def add_to_dotenv(path: Path, variables: Mapping[str, str]) -> None:
    """Append variables to the file; one that is new is readable by its owner only.

    Raises FlowLangError for a variable that has another value there, or a file that cannot be written.
    """
    known = read_dotenv(path)
    taken = [name for name, value in variables.items() if known.get(name, value) != value]
    if taken:
        raise FlowLangError(f"{path} gives {taken[0]} another value", hint="Change it there, or rename the connection.")
    lines = "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items() if name not in known)
    if not lines:
        return
    try:
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
            text = file.read()
            file.write(f"\n{lines}" if text and not text.endswith("\n") else lines)
    except (OSError, UnicodeDecodeError) as error:
        raise FlowLangError(f"{path} cannot be written: {error}") from error


def _quoted(value: str) -> str:
    """The value in single quotes, in which nothing is expanded."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
