"""Looking at the file of a database, without opening or making it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from flowlang.errors import ConnectionError


class File(NamedTuple):
    """A path; `size` is in bytes, None for a file that doesn't exist yet."""

    path: Path
    size: int | None

    @property
    def words(self) -> str:
        """What was found there."""
        if self.size is None:
            return f"{self.path} does not exist yet; the first run makes it"
        return f"{self.path}, {self.size:,} bytes"


def find_file(path: Path, read_only: bool) -> File:
    """What stands at `path`. Raises ConnectionError for a folder, and for nothing where nothing can be made."""
    if path.is_dir():
        raise ConnectionError(f"{path} is a folder", hint="give the path of a file", stage="resolve")
    if path.exists():
        return File(path, path.stat().st_size)
    if read_only:
        raise ConnectionError(
            f"{path} does not exist", hint="check the path, and the folder it starts from", stage="resolve"
        )
    return File(path, None)


def file_rights(file: File, read_only: bool) -> str:
    """What may be done with a file, in words. Raises ConnectionError if that is not enough."""
    path = file.path
    if file.size is None:
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} can be written"
        raise ConnectionError(
            f"nothing can be written in {folder}", hint="check who owns it, or give another path", stage="reach"
        )
    if not os.access(path, os.R_OK):
        raise ConnectionError(f"{path} may not be read", hint="check who owns it, and its mode", stage="reach")
    if read_only:
        return "readable"
    if not os.access(path, os.W_OK):
        raise ConnectionError(
            f"{path} may not be written", hint="check who owns it, or say `read_only: true`", stage="reach"
        )
    return "readable and writable"
