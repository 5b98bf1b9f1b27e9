"""Checking a flow without running it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from flowlang.language.diagnostics import Diagnostic
from flowlang.runtime.prepare import FlowSource, Preparer, as_path
from flowlang.tasks.loader import load_registry
from flowlang.tasks.registry import TaskRegistry


def check(
    flow: FlowSource, registry: TaskRegistry | None = None, *, folder: str | PathLike[str] | None = None
) -> list[Diagnostic]:
    """Every problem of a flow, in the order of the text; an empty list for a clean one.

    `flow` is its text, a dict, or the path of its file. Without a `registry` a file is checked against the tasks
    of the `flow.py` beside it, and for a text or dict a task that no plugin brings is only a warning.
    Raises TaskLoadError for a `flow.py` that cannot be loaded.
    """
    path = as_path(flow)
    known = registry is not None or path is not None
    if registry is None:
        tasks = None if path is None else path.absolute().parent / "flow.py"
        registry = load_registry(tasks) if tasks is not None and tasks.is_file() else TaskRegistry()
    home = Path.cwd() if folder is None else Path(folder).absolute()
    return Preparer(registry, tasks_known=known).load(flow, home).problems
