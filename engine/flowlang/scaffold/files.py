"""Writes new files, all or none, and never over another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowlang.scaffold.errors import ScaffoldError

TEMPLATES = Path(__file__).parent / "templates"


def template_files(name: str) -> dict[str, str]:
    """The files of a template by their path below its folder, which ends before a `.txt`."""
    folder = TEMPLATES / name
    return {
        path.relative_to(folder).as_posix().removesuffix(".txt"): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def write_new(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files into a folder, which is made if it is missing; their paths.

    Raises ScaffoldError when one of them is there already, or cannot be written; then none is left behind.
    """
    paths = {folder / name: text for name, text in files.items()}
    taken = [path for path in paths if path.exists() or path.is_symlink()]
    if taken:
        shown = ", ".join(str(path) for path in taken)
        raise ScaffoldError(f"{shown} {'is' if len(taken) == 1 else 'are'} there already", hint="Choose another name.")
    written: list[Path] = []
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise ScaffoldError(
            f"{error.filename or folder} cannot be written: {error.strerror}", hint="Choose another folder."
        ) from error
    return written
