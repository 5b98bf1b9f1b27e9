"""From a checked flow to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flowlang.language.catalog import Catalog
from flowlang.language.expressions import compile_values
from flowlang.language.model import (
    Connection,
    ExitStep,
    Flow,
    ForEachStep,
    IfStep,
    Name,
    ParallelStep,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    Value,
    WhileStep,
)
from flowlang.language.order import dependencies, within
from flowlang.runtime.bodies.blocks import IfBody, ParallelBody, SwitchBody
from flowlang.runtime.bodies.flows import ExitBody, SubflowBody
from flowlang.runtime.bodies.loops import ForEachBody, WhileBody
from flowlang.runtime.bodies.tasks import PluginTaskBody, TaskBody
from flowlang.runtime.frame import PENDING, StepState
from flowlang.runtime.plan import Body, EnvironmentRead, Plan, StepPlan
from flowlang.tasks.registry import TaskRegistry


def build_plan(
    flow: Flow,
    folder: Path,
    root: Path,
    registry: TaskRegistry,
    catalog: Catalog,
    subplans: Mapping[str, Plan],
) -> Plan:
    """The plan of a flow that was checked without errors.

    `subplans` holds the plans of the flows that it calls.
    """
    plan = Plan(flow, folder, root)
    plan.subplans = dict(subplans)
    values = list(values_of(flow))
    compile_values(values)
    builder = _Builder(registry, catalog, subplans)
    plan.blocks = {key: builder.steps(steps, flow.silent) for key, steps in flow.blocks()}
    plan.steps = plan.blocks["steps"]
    plan.on_error = plan.blocks["on_error"]
    plan.on_cancel = plan.blocks["on_cancel"]
    plan.waits_for = None
    if flow.mode == "dag":
        plan.waits_for = dependencies(flow.steps) or [set() for _ in flow.steps]
    plan.every_step = tuple(builder.made)
    plan.template = {step.id: PENDING for step in flow.walk()}
    plan.connections = {
        name: flow.connections.get(name) or _stored(name, steps[0]) for name, steps in builder.users.items()
    }
    plan.connection_steps = {name: tuple(step.id for step in steps) for name, steps in builder.users.items()}
    plan.marks = any(step.exactly_once for step in flow.walk()) or any(called.marks for called in subplans.values())
    plan.environment = tuple(
        EnvironmentRead(str(read.path[0]), read.span, flow.path)
        for value in values
        for read in value.reads
        if read.root == "env" and read.path and not read.optional
    )
    plan.connection_environment = frozenset(
        str(read.path[0])
        for connection in plan.connections.values()
        for value in connection.config.values()
        for read in value.reads
        if read.root == "env" and read.path
    )
    return plan


def _stored(name: str, step: Step) -> Connection:
    """A connection that the flow does not declare, so that it is one of the project's; `step` uses it."""
    span = step.span if step.connection is None else step.connection.span
    return Connection(name, span, use=Name(name, span))


def values_of(flow: Flow) -> Iterator[Value]:
    """Every value that a run of the flow evaluates."""
    for step in flow.walk():
        yield from step.values()
        if isinstance(step, ForEachStep) and step.collect is not None:
            yield step.collect
    for connection in flow.connections.values():
        yield from connection.config.values()
    for output in flow.outputs:
        yield output.value
    if flow.timeout is not None:
        yield flow.timeout


class _Builder:
    def __init__(self, registry: TaskRegistry, catalog: Catalog, subplans: Mapping[str, Plan]) -> None:
        self.registry = registry
        self.catalog = catalog
        self.subplans = subplans
        self.users: dict[str, list[Step]] = {}
        self.made: list[StepPlan] = []

    def steps(self, steps: Sequence[Step], silent: bool) -> tuple[StepPlan, ...]:
        return tuple([self.step(step, silent) for step in steps])

    def step(self, step: Step, silent: bool) -> StepPlan:
        if step.silent is not None:
            silent = step.silent
        task = step.task.text if isinstance(step, TaskStep) else None
        body = self.body(step, silent)
        plan = StepPlan(step, body, task=task, silent=silent)
        self.made.append(plan)
        if step.on_error is not None:
            plan.on_error = self.steps(step.on_error, silent)
        if isinstance(body, TaskBody) and plan.bare and body.connection is None:
            called = body.task
            if called.is_async and not called.wants_context:
                plan.inline = called.function
                plan.bind = body.arguments.run
        return plan

    def body(self, step: Step, silent: bool) -> Body:
        if isinstance(step, TaskStep):
            return self.task(step)
        if isinstance(step, ParallelStep):
            branches = self.steps(step.branches, silent)
            return ParallelBody(branches, step.max_concurrency, dependencies(step.branches))
        if isinstance(step, IfStep):
            tests = [("then", step.test, step.then)]
            tests += [(f"elif {number}", one.condition, one.then) for number, one in enumerate(step.elifs, 1)]
            return IfBody(
                [(name, test, self.steps(steps, silent)) for name, test, steps in tests],
                self.steps(step.otherwise, silent),
            )
        if isinstance(step, SwitchStep):
            cases = [
                (f"case {number}", case.when, self.steps(case.body, silent))
                for number, case in enumerate(step.cases, 1)
            ]
            default = None if step.default is None else self.steps(step.default, silent)
            return SwitchBody(step.subject, cases, default)
        if isinstance(step, ForEachStep):
            template: dict[str, StepState] = {inner.id: PENDING for one in step.body for inner in within(one)}
            return ForEachBody(step.items, self.steps(step.body, silent), step.concurrency, step.collect, template)
        if isinstance(step, WhileStep):
            return WhileBody(step.test, self.steps(step.body, silent), step.max_iterations)
        if isinstance(step, SubflowStep):
            return SubflowBody(step.arguments, self.subplans[step.flow.text])
        assert isinstance(step, ExitStep), f"no body for steps of kind {step.kind}"
        return ExitBody(step.reason, step.exit_outputs, step.status == "failure")

    def task(self, step: TaskStep) -> Body:
        name = step.task.text
        task = self.registry.get(name)
        if task is not None:
            connection = step.connection.text if step.connection is not None and task.wants_connection else None
            if connection is not None:
                self.users.setdefault(connection, []).append(step)
            return TaskBody(step.arguments, task, connection)
        info = self.catalog.task(name)
        assert info is not None, "checking refuses tasks that nobody brings"
        assert step.connection is not None, "checking finds the connection of a task"
        self.users.setdefault(step.connection.text, []).append(step)
        return PluginTaskBody(step.arguments, name, step.connection.text, info.wants_connection)
