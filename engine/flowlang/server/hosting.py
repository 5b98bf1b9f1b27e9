"""The flows of a project as a server offers them: found, loaded, checked, and loaded anew when something changes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowlang.errors import FlowLangError, FlowValidationError
from flowlang.language.diagnostics import Diagnostic
from flowlang.language.model import Flow, Input
from flowlang.language.vocabulary import INPUT_TYPES
from flowlang.project import Project
from flowlang.runtime.executor import FlowExecutor
from flowlang.runtime.plan import Plan
from flowlang.tasks.loader import TaskModules
from flowlang.tasks.registry import TaskRegistry

#: Seconds that a connection pool is kept which no run uses.
POOL_SECONDS: Final = 3600.0

_FLOWS: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class HostedFlow:
    """A flow that can be called. `stubs` are the tasks in it that nobody has written yet."""

    name: str
    path: Path
    plan: Plan
    executor: FlowExecutor
    stubs: tuple[str, ...]

    @property
    def flow(self) -> Flow:
        """The flow's definition."""
        return self.plan.flow

    def describe(self) -> dict[str, Any]:
        """What a client needs to know to call it."""
        flow = self.flow
        return {
            "name": self.name,
            "description": flow.description,
            "version": flow.version,
            "tags": [tag.text for tag in flow.tags],
            "inputs": input_schema(flow),
            "outputs": output_schema(flow),
            "stubs": list(self.stubs),
        }


class Hosting:
    """The flows of a folder. What is broken stays as it was while it was whole; `problems` says what it is."""

    def __init__(
        self, folder: Path, *, env_file: str | None = None, environment: str | None = None, flow: Path | None = None
    ) -> None:
        self.folder = folder
        self.flows: dict[str, HostedFlow] = {}
        self.problems: dict[Path, str] = {}
        self._only = flow
        self._env_file = env_file
        self._environment = environment
        self._tasks: dict[Path, TaskModules] = {}
        self._executors: dict[Path, FlowExecutor] = {}

    def load(self, changed: Iterable[Path] = ()) -> None:
        """Look at the flows as they are now. Tasks are loaded again if anything but flows has `changed`."""
        if not all(path.suffix in _FLOWS for path in changed):
            self._executors.clear()
        self.problems = {}
        try:
            paths = self._paths()
        except FlowLangError as error:  # the folder is not there: it may come back
            self.problems[self.folder] = str(error)
            return
        found: dict[str, HostedFlow] = {}
        for path in paths:
            hosted = self._hosted(path)
            if hosted is None:
                continue
            if hosted.name in found:
                self.problems[path] = f"the flow of {found[hosted.name].path} is called `{hosted.name}` too"
            else:
                found[hosted.name] = hosted
        self.flows = found

    def _paths(self) -> list[Path]:
        if self._only is not None:
            return [self._only]
        return [Path(flow.path).absolute() for flow in Project(self.folder).flows]

    def _hosted(self, path: Path) -> HostedFlow | None:
        try:
            executor = self._executor(path.parent)
            plan = executor.prepare(path)
        except FlowLangError as error:
            self.problems[path] = _told(error)
            return next((one for one in self.flows.values() if one.path == path), None)
        return HostedFlow(plan.name, path, plan, executor, _stubs(plan, executor.registry))

    def _executor(self, folder: Path) -> FlowExecutor:
        known = self._executors.get(folder)
        if known is None:
            tasks_file = Project(folder).tasks_file
            registry = TaskRegistry()
            if tasks_file is not None:
                modules = self._tasks.setdefault(folder, TaskModules(Path(tasks_file)))
                registry = modules.load().registry
            known = self._executors[folder] = FlowExecutor(
                registry,
                # as it is now: to read all of `os.environ` takes a good part of the time of a short run
                env=dict(os.environ),
                env_file=self._env_file,
                environment=self._environment,
                idle_seconds=POOL_SECONDS,
            )
        return known

    async def close(self) -> None:
        """Close the connections."""
        executors = {id(one.executor): one.executor for one in self.flows.values()}
        for executor in executors.values():
            await executor.close()


def input_schema(flow: Flow) -> dict[str, Any]:
    """The JSON Schema of what a flow takes; a flow that declares no inputs takes anything."""
    if flow.inputs is None:
        return {"type": "object"}
    return {
        "type": "object",
        "properties": {declared.name: _property(declared) for declared in flow.inputs},
        "required": [one.name for one in flow.inputs if one.required and not one.has_default],
        "additionalProperties": False,
        "patternProperties": {"^_": {}},
    }


def output_schema(flow: Flow) -> dict[str, Any]:
    """The JSON Schema of what a flow gives back."""
    properties = {
        output.name: {} if output.description is None else {"description": output.description}
        for output in flow.outputs
    }
    return {"type": "object", "properties": properties}


def _property(declared: Input) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if declared.type is not None:
        schema["type"] = INPUT_TYPES[declared.type]
    if declared.description is not None:
        schema["description"] = declared.description
    if declared.enum is not None:
        schema["enum"] = declared.enum
    if declared.secret:
        schema["writeOnly"] = True
    elif declared.has_default:
        schema["default"] = declared.default
    return schema


def _stubs(plan: Plan, registry: TaskRegistry) -> tuple[str, ...]:
    names = {step.task for one in plan.with_subplans() for step in one.every_step if step.task is not None}
    return tuple(sorted(name for name in names if (task := registry.get(name)) is not None and task.stub))


def _told(error: FlowLangError) -> str:
    if isinstance(error, FlowValidationError):
        worst: list[Diagnostic] = [one for one in error.diagnostics if one.severity == "error"]
        return "\n".join(str(one) for one in worst)
    return str(error)
