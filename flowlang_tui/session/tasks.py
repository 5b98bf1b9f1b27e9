"""The tasks of the project's folders: loaded from `flow.py`, loaded anew when it changes, never lost by a bad edit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flowlang.language.diagnostics import Diagnostic, Span
from flowlang.project import TASKS_FILE

if TYPE_CHECKING:
    from flowlang.tasks.loader import TaskLoadError
    from flowlang.tasks.registry import TaskRegistry


class FolderTasks:
    """The tasks for the flows of one folder, and what checks these flows.

    `problem` is what keeps `flow.py` from loading as it is now; then `registry` holds what it gave before.
    """

    def __init__(self, folder: Path) -> None:
        # not imported before the first flow is checked: the screen is painted without it
        from flowlang.tasks.loader import TaskModules
        from flowlang.tasks.registry import TaskRegistry

        self._modules = TaskModules(folder / TASKS_FILE)
        self.problem: Diagnostic | None = None
        self.files: frozenset[Path] = frozenset({self._modules.path})
        self.registry: TaskRegistry = TaskRegistry()
        self.load()

    def load(self) -> None:
        """Run the file as it is now."""
        from flowlang.runtime.prepare import Preparer
        from flowlang.tasks.loader import TaskLoadError

        self.problem = None
        try:
            loaded = self._modules.load()
        except TaskLoadError as error:
            self.problem = _diagnostic(error)
            self.files |= error.files
        else:
            self.registry, self.files = loaded
        known = self.problem is None or self._modules.last is not None
        self.preparer = Preparer(self.registry, tasks_known=known)


class ProjectTasks:
    """The tasks of every folder that has flows. Its methods are called by one thread at a time."""

    def __init__(self) -> None:
        self._folders: dict[Path, FolderTasks] = {}

    def of(self, folder: Path) -> FolderTasks:
        """The tasks for the flows of a folder, loaded when they are first asked for."""
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = FolderTasks(folder)
        return known

    def reload(self, changed: Iterable[Path]) -> bool:
        """Load again what is made from one of these files; whether anything was."""
        changed = frozenset(changed)
        stale = [tasks for tasks in self._folders.values() if not changed.isdisjoint(tasks.files)]
        for tasks in stale:
            tasks.load()
        return bool(stale)

    @property
    def problems(self) -> list[Diagnostic]:
        """What keeps task files from loading."""
        return [tasks.problem for tasks in self._folders.values() if tasks.problem is not None]

    @property
    def files(self) -> frozenset[Path]:
        """Every file that tasks are made from."""
        return frozenset().union(*(tasks.files for tasks in self._folders.values()))


def _diagnostic(error: TaskLoadError) -> Diagnostic:
    line, column = error.line or 1, error.column or 1
    message = str(error).partition(": ")[2] or str(error)
    if error.hint:
        message = f"{message} — {error.hint}"
    return Diagnostic("error", "task-file", message, Span(line, column, line, column + 1), path=str(error.file))
