"""Where a project begins, and where the flows are that a flow calls by name."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final

#: How many folders above the flow's own are searched for a subflow.
PARENTS: Final = 3

_PROJECT_FILES: Final = ("flowlang.yaml", "project.yaml")
_HEAD_SIZE: Final = 65_536


def find_root(where: Path) -> Path:
    """The folder of the project to which a flow's file, or a folder, belongs.

    It is the nearest folder upwards with `flowlang.yaml`, `project.yaml` or `.flowlang/`; else the nearest with
    `.git` or `pyproject.toml`; else the parent of the folder of a file called `flow.yaml`; else the file's folder.
    A folder is taken for that of its `flow.yaml`, if it has one.
    """
    where = Path(os.path.abspath(where))
    folder, is_named_flow = (
        (where, os.path.isfile(where / "flow.yaml"))
        if os.path.isdir(where)
        else (where.parent, where.name == "flow.yaml")
    )
    project = find_project(folder)
    if project is not None:
        return project
    for candidate in (folder, *folder.parents):
        if _is_checkout(candidate):
            return candidate
    return folder.parent if is_named_flow else folder


def find_project(folder: Path) -> Path | None:
    """The nearest folder upwards that says of itself that it is a project: by `flowlang.yaml`, `project.yaml` or
    `.flowlang/`. That is where files about its runs may be kept."""
    folder = Path(os.path.abspath(folder))
    return next((candidate for candidate in (folder, *folder.parents) if _is_project(candidate)), None)


def is_marked(folder: Path) -> bool:
    """Whether a folder says of itself that it is a project or a checkout."""
    return _is_project(folder) or _is_checkout(folder)


def find_subflow(name: str, folder: Path, root: Path, known: Container[Path] = ()) -> Path | None:
    """The file of the flow that steps of a flow in `folder` call `name`; None if the project has none.

    `<dir>/<name>/flow.yaml`, then `<dir>/<name>.yaml`, from `folder` up to three parents, never outside `root`:
    neither by the name nor by a symbolic link. Files that are `known` need not be there.
    """
    inside = os.path.realpath(root)
    for path in subflow_places(name, folder, root):
        if path in known or (os.path.isfile(path) and _is_below(os.path.realpath(path), inside)):
            return path
    return None


def subflow_places(name: str, folder: Path, root: Path) -> Iterator[Path]:
    """Where the flow may be that steps in `folder` call `name`: the first of these files that exists is it."""
    if _is_name(name):
        for level in _levels(folder, root):
            yield level / name / "flow.yaml"
            yield level / f"{name}.yaml"


def subflow_names(folder: Path, root: Path) -> list[str]:
    """The names of all flows that steps of a flow in `folder` can call, for suggestions and completion."""
    names = {name for level in _levels(folder, root) for name in _names_in(level)}
    found = ((name, find_subflow(name, folder, root)) for name in sorted(names))
    return [name for name, path in found if path is not None and _holds_flow(path)]


def _is_project(folder: Path) -> bool:
    return any(os.path.isfile(folder / name) for name in _PROJECT_FILES) or os.path.isdir(folder / ".flowlang")


def _is_checkout(folder: Path) -> bool:
    return os.path.exists(folder / ".git") or os.path.isfile(folder / "pyproject.toml")


def _is_name(name: str) -> bool:
    return bool(name) and not name.startswith(".") and not any(character in name for character in "/\\\0")


def _levels(folder: Path, root: Path) -> Iterator[Path]:
    """The folders to search, the flow's own first."""
    folder, root = Path(os.path.abspath(folder)), Path(os.path.abspath(root))
    for level in (folder, *folder.parents[:PARENTS]):
        if not level.is_relative_to(root):
            return
        yield level


def _is_below(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder


def _names_in(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".yaml"):
                    yield entry.name.removesuffix(".yaml")
                elif os.path.isfile(os.path.join(entry.path, "flow.yaml")):
                    yield entry.name
    except OSError:
        return


def _holds_flow(path: Path) -> bool:
    """Whether a file looks like a flow, and not like some other YAML: the key `flow` stands at its margin."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_SIZE)
    except OSError:
        return False
    return any(line.startswith((b"flow:", b"\xef\xbb\xbfflow:", b"flow :")) for line in head.splitlines())
