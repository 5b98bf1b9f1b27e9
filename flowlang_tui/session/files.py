"""The files of a project that somebody works on: flows, tasks, inputs, environments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from flowlang.project import TASKS_FILE, Project, is_own_folder

FileKind = Literal["flow", "tasks", "inputs", "environment", "other"]

#: A project with more files than this shows the first ones.
MOST_FILES: Final = 5000

_SHOWN: Final = frozenset({".yaml", ".yml", ".py", ".json", ".sql", ".md", ".toml", ".csv", ".txt"})
_INPUTS: Final = re.compile(r"(^|[._-])inputs?([._-]|\.json$|\.ya?ml$)")


class ProjectFile(NamedTuple):
    """A file of the project. `name` is the flow's, for a flow; `path` is absolute."""

    path: Path
    kind: FileKind
    name: str = ""


def project_files(root: Path) -> list[ProjectFile]:
    """What the explorer shows, ordered by folder: flows first, then tasks, inputs and the rest."""
    flows = {Path(os.path.abspath(flow.path)): flow.name for flow in Project(root).flows}
    found = [_file(path, flows) for path in _walk(root)]
    order = ("flow", "tasks", "inputs", "environment", "other")
    found.sort(key=lambda file: (file.path.parent, order.index(file.kind), file.path.name))
    return found


def _file(path: Path, flows: dict[Path, str]) -> ProjectFile:
    if path in flows:
        return ProjectFile(path, "flow", flows[path])
    if path.name == TASKS_FILE:
        return ProjectFile(path, "tasks")
    if path.name.startswith(".env"):
        return ProjectFile(path, "environment")
    if path.suffix in (".json", ".yaml", ".yml") and _INPUTS.search(path.name):
        return ProjectFile(path, "inputs")
    return ProjectFile(path, "other")


def _walk(root: Path) -> Iterator[Path]:
    count = 0
    for here, folders, names in os.walk(root):
        folders[:] = sorted(filter(is_own_folder, folders))
        for name in sorted(names):
            hidden = name.startswith(".") and not name.startswith(".env")
            if not hidden and (os.path.splitext(name)[1].lower() in _SHOWN or name.startswith(".env")):
                yield Path(here, name)
                count += 1
                if count >= MOST_FILES:
                    return
