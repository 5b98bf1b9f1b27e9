"""A folder with flows in it, and what belongs to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from flowlang.errors import FlowLangError

#: Name of a project's main flow, and of the file with its tasks.
MAIN_FLOW = "flow.yaml"
TASKS_FILE = "flow.py"

_FLOW_KEY = rb"(?m)^(?:\xef\xbb\xbf)?(?:flow|\"flow\"|'flow')[ \t]*:[ \t]*([^\s#]*)"
_MOST_BYTES = 5_000_000
_ENDINGS = (".yaml", ".yml")
#: Files of tests, and pins of a flow's steps, one of which may be called `flow`.
_NO_FLOW = r"^test_|[._]test\.ya?ml$|\.pins\.ya?ml$"
_NOT_THE_PROJECTS: Final = frozenset({"node_modules", "__pycache__", "venv", "build", "dist", "site-packages"})


def is_own_folder(name: str) -> bool:
    """Whether a folder of this name holds files of the project: it is not hidden, installed, or made by a tool."""
    return not name.startswith(".") and name not in _NOT_THE_PROJECTS


class ProjectError(FlowLangError):
    """A path leads to no flow, or to several where one is needed."""


class FlowFile(NamedTuple):
    """A flow of a project: its name as the file says it, and the file."""

    name: str
    path: str


class Project:
    """What a path given by a person leads to: a flow's file, or a folder with flows.

    `folder` is where it looks, `tasks_file` the Python file with the project's tasks, or None.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        if not os.path.exists(self._path):
            raise ProjectError(f"there is no file or folder {self._path}")
        self._is_folder = os.path.isdir(self._path)
        self.folder = self._path if self._is_folder else os.path.dirname(self._path) or os.curdir

    @property
    def root(self) -> str:
        """The project's outermost folder, beyond which no subflow and no `.env` is looked for."""
        from pathlib import Path

        from flowlang.language.lookup import find_root

        return str(find_root(Path(self.folder)))

    @property
    def tasks_file(self) -> str | None:
        """`flow.py` beside the flow, if there is one."""
        beside = os.path.join(self.folder, TASKS_FILE)
        return beside if os.path.isfile(beside) else None

    @property
    def main(self) -> str:
        """The flow to run: the file itself; of a folder its `flow.yaml`, else the only flow directly in it.

        Raises `ProjectError`, which names the choices, when that leaves none or several.
        """
        if not self._is_folder:
            return self._path
        main = os.path.join(self.folder, MAIN_FLOW)
        if os.path.isfile(main):
            return main
        found = [flow for name in sorted(os.listdir(self.folder)) if (flow := _flow(os.path.join(self.folder, name)))]
        if len(found) == 1:
            return found[0].path
        if not found:
            raise ProjectError(
                f"{self.folder} has no {MAIN_FLOW} and no other file with a flow",
                hint="Name the flow's file, or the folder that has it.",
            )
        choices = "\n".join(f"  {flow.path}  ({flow.name})" for flow in found)
        raise ProjectError(f"{self.folder} has {len(found)} flows; say which:\n{choices}")

    @property
    def flows(self) -> list[FlowFile]:
        """Every flow of the folder and the folders below, by path; of a file, that file."""
        if not self._is_folder:
            return [_flow(self._path) or FlowFile("", self._path)]
        return sorted(_flows_below(self.folder), key=lambda flow: flow.path)


def _flows_below(folder: str) -> Iterator[FlowFile]:
    for here, folders, files in os.walk(folder):
        folders[:] = filter(is_own_folder, folders)
        for name in files:
            flow = _flow(os.path.join(here, name))
            if flow is not None:
                yield flow


def is_data(path: str | os.PathLike[str]) -> bool:
    """Whether a YAML file is there and holds no flow, nor tests or pins of one."""
    name = os.path.basename(path)
    return not re.search(_NO_FLOW, name) and os.path.isfile(path) and _flow(os.fspath(path)) is None


def _flow(path: str) -> FlowFile | None:
    """The flow in a YAML file, or None if it has no top-level key `flow`, holds tests or pins, or cannot be read."""
    name = os.path.basename(path)
    if not name.endswith(_ENDINGS) or re.search(_NO_FLOW, name) or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            found = re.search(_FLOW_KEY, file.read(_MOST_BYTES))
    except OSError:
        return None
    return None if found is None else FlowFile(found[1].decode("utf-8", "replace").strip("\"'"), path)
