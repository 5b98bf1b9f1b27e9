"""Writes the files that a plugin scaffolds."""

from __future__ import annotations

from pathlib import Path


def written(folder: str, name: str, text: str) -> str:
    """Write a file, and its folder if that is missing; the file's path."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)
