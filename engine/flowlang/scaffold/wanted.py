"""The tasks that a flow calls and that its project has to bring, with what the flow tells of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flowlang.errors import FlowValidationError
from flowlang.language.diagnostics import Diagnostic
from flowlang.language.model import Flow, SubflowStep, TaskStep
from flowlang.language.nodes import Mapping as MapNode
from flowlang.language.vocabulary import INPUT_TYPES
from flowlang.runtime.build import values_of
from flowlang.runtime.prepare import Loaded, Preparer
from flowlang.tasks.registry import TaskRegistry

#: Fatal problems that a flow may have before its tasks are written.
_MAY_BE_MISSING: Final = frozenset({"unknown-task"})
#: What `${id.…}` reads of any step, whatever its task gives.
_OF_EVERY_STEP: Final = frozenset({"error", "status", "attempts", "duration_ms", "result"})
_PYTHON: Final[dict[str, type]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict,
    "array": list,
}


@dataclass(slots=True)
class WantedTask:
    """A task that a flow calls. `arguments` has an example or a type for each, `results` the keys that are read."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    results: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a flow, and those that it calls, want of the project: tasks, and variables of the environment."""

    flow: Flow
    tasks: dict[str, WantedTask]
    environment: tuple[str, ...]
    connection_types: tuple[str, ...]


def wanted_by(path: Path) -> Wanted:
    """What the flow in a file wants. Raises FlowValidationError for a flow with mistakes of other kinds."""
    preparer = Preparer(TaskRegistry(), tasks_known=False)
    tasks: dict[str, WantedTask] = {}
    variables: dict[str, None] = {}
    types: dict[str, None] = {}
    seen: set[Path] = set()
    waiting = [path.absolute()]
    first: Flow | None = None
    while waiting:
        here = waiting.pop(0)
        if here in seen:
            continue
        seen.add(here)
        loaded = preparer.load(here, here.parent)
        _refuse(loaded.problems)
        first = first or loaded.flow
        for task in _tasks(loaded):
            _merge(tasks.setdefault(task.name, WantedTask(task.name)), task)
        values = (read for value in values_of(loaded.flow) for read in value.reads)
        variables |= {str(read.path[0]): None for read in values if read.root == "env" and read.path}
        types |= {one.type.text: None for one in loaded.flow.connections.values() if one.type is not None}
        waiting += _subflows(loaded.flow, here)
    assert first is not None, "the loop runs at least once"
    return Wanted(first, tasks, tuple(variables), tuple(types))


def _refuse(problems: Iterable[Diagnostic]) -> None:
    fatal = [one for one in problems if one.severity == "error" and one.code not in _MAY_BE_MISSING]
    if fatal:
        raise FlowValidationError(fatal)


def _subflows(flow: Flow, path: Path) -> list[Path]:
    from flowlang.language.lookup import find_root, find_subflow

    root = find_root(path)
    names = dict.fromkeys(step.flow.text for step in flow.walk() if isinstance(step, SubflowStep))
    found = (find_subflow(name, path.parent, root) for name in names)
    return [one for one in found if one is not None]


def _tasks(loaded: Loaded) -> Iterable[WantedTask]:
    flow = loaded.flow
    types = {one.name: _PYTHON[INPUT_TYPES[one.type]] for one in flow.inputs or () if one.type is not None}
    by_step: dict[str, WantedTask] = {}
    for step in flow.walk():
        if not isinstance(step, TaskStep) or loaded.catalog.task(step.task.text) is not None:
            continue
        task = by_step[step.id] = WantedTask(step.task.text)
        node = step.arguments.node
        for name, _, value in node.items() if isinstance(node, MapNode) else ():
            task.arguments[name] = _example(value.data, types)
        if step.connection is not None:
            task.arguments.setdefault("connection", None)
        task.results |= dict.fromkeys(name.text for name in step.outputs)
    for place in values_of(flow):
        for read in place.reads:
            if read.root in by_step and read.path and read.path[0] not in _OF_EVERY_STEP:
                by_step[read.root].results[str(read.path[0])] = None
    return by_step.values()


def _example(value: Any, types: dict[str, type]) -> Any:
    """An example of an argument, or its type where it is an input of the flow."""
    if isinstance(value, str) and value.startswith("${inputs.") and value.endswith("}"):
        return types.get(value[len("${inputs.") : -1])
    return value


def _merge(into: WantedTask, other: WantedTask) -> None:
    for name, example in other.arguments.items():
        if into.arguments.get(name) is None:
            into.arguments[name] = example
    into.results |= other.results
