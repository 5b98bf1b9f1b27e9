"""The other flows of a project, as far as a flow that calls them has to know them."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from flowlang.language.diagnostics import Problems, nearest
from flowlang.language.lookup import find_root, find_subflow, subflow_names
from flowlang.language.model import Flow, Name, SubflowStep
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_file


class Subflows:
    """The flows that steps of a flow in `folder` can call. `path` is the file of the flow itself, if it has one."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        self.root = find_root(path or folder)
        self._path = path

    def names(self) -> list[str]:
        """Every name that a `subflow` step could have."""
        return subflow_names(self.folder, self.root)

    def path(self, name: str) -> Path | None:
        """The file of the flow called `name`, or None."""
        return find_subflow(name, self.folder, self.root)

    def flow(self, name: str) -> Flow | None:
        """The flow called `name` as far as it can be read, or None."""
        path = self.path(name)
        return None if path is None else _read(path)

    def called(self, name: Name, problems: Problems) -> Flow | None:
        """The flow that a step names; that there is none, or that it leads back here, goes to `problems`."""
        path = self.path(name.text)
        if path is None:
            problems.error(
                "unknown-subflow",
                f"no flow is called `{name.text}` here: neither `{name.text}/flow.yaml` nor `{name.text}.yaml`",
                name.span,
                suggestion=nearest(name.text, self.names()),
            )
            return None
        circle = None if self._path is None else _way_back(path, self._path, self.root, ())
        if circle is not None:
            shown = " → ".join(os.path.relpath(one, self.root) for one in (self._path or path, *circle))
            problems.error("subflow-cycle", f"these flows call each other: {shown}", name.span)
            return None
        return _read(path)


def _way_back(path: Path, target: Path, root: Path, passed: tuple[Path, ...]) -> tuple[Path, ...] | None:
    """The files through which the flow in `path` calls the one in `target`, or None if it doesn't."""
    if path == target:
        return (*passed, path)
    if path in passed:
        return None
    names = {step.flow.text for step in _read(path).walk() if isinstance(step, SubflowStep) and step.flow.text}
    for name in sorted(names):
        inner = find_subflow(name, path.parent, root)
        found = None if inner is None else _way_back(inner, target, root, (*passed, path))
        if found is not None:
            return found
    return None


def _read(path: Path) -> Flow:
    try:
        status = path.stat()
    except OSError:
        return Flow(path=str(path))
    return _read_content(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _read_content(path: str, modified: int, size: int) -> Flow:
    problems = Problems(path)
    return parse_flow(read_file(path, problems), problems)
