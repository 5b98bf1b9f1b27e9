"""Checking a flow: everything that can be known to be wrong before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flowlang.language.arguments import UNKNOWN, check_arguments
from flowlang.language.catalog import Catalog, TaskInfo
from flowlang.language.check_connections import Connections
from flowlang.language.diagnostics import Problems, nearest
from flowlang.language.expressions import translate
from flowlang.language.model import (
    Flow,
    ForEachStep,
    ParallelStep,
    Step,
    SubflowStep,
    TaskStep,
    Value,
    WhileStep,
)
from flowlang.language.model import Name as TextName
from flowlang.language.names import Names
from flowlang.language.nodes import Mapping as MappingNode
from flowlang.language.nodes import Node, Scalar
from flowlang.language.nodes import Sequence as SequenceNode
from flowlang.language.order import dependencies, find_cycle, within
from flowlang.language.source import Source
from flowlang.language.vocabulary import STEP_KEYS

#: Finds the flow that a `subflow` step names; reports and gives back None when there is no such flow.
FindSubflow = Callable[[TextName], Flow | None]


def check_flow(
    flow: Flow,
    source: Source,
    problems: Problems,
    catalog: Catalog,
    find_subflow: FindSubflow,
    *,
    tasks_known: bool = True,
) -> None:
    """Add every problem of the flow to `problems`, and fill in what checking finds out (see `model.Value`).

    A step that may leave out its connection gets the one that is meant. Without `tasks_known` a task that
    nobody registered is a warning only, because the project's tasks were not loaded.
    """
    checker = _Checker(flow, source, problems, catalog, find_subflow, tasks_known)
    checker.check()


class _Checker:
    def __init__(
        self,
        flow: Flow,
        source: Source,
        problems: Problems,
        catalog: Catalog,
        find_subflow: FindSubflow,
        tasks_known: bool,
    ) -> None:
        self.flow = flow
        self.source = source
        self.problems = problems
        self.catalog = catalog
        self.find_subflow = find_subflow
        self.tasks_known = tasks_known
        self.infos: dict[str, TaskInfo | None] = {}
        self.connections = Connections(flow, problems, catalog)
        self.position: dict[str, int] = {}

    def check(self) -> None:
        flow = self.flow
        names = Names(flow)
        self.place_steps(names)
        outside = Names(flow)
        for connection in flow.connections.values():
            for value in connection.config.values():
                self.translate(value, outside)
            self.connections.check(connection)
        if flow.timeout is not None:
            self.translate(flow.timeout, outside)
        for key, steps in flow.blocks():
            self.steps(steps, names, None)
            if key == "steps" and flow.mode == "dag":
                self.order(steps)
        for output in flow.outputs:
            self.translate(output.value, names)

    def place_steps(self, names: Names) -> None:
        """Enter every step of the flow into the flow's own scope, and number them in the order of the text."""
        for number, step in enumerate(self.flow.walk()):
            names.steps.setdefault(step.id, step)
            self.position.setdefault(step.id, number)

    def translate(self, value: Value, names: Names) -> None:
        translate(value, names, self.problems, self.source)

    def steps(self, steps: Sequence[Step], names: Names, connection: TextName | None) -> None:
        """Check a list of steps. `connection` is the one named by the block around, if any."""
        for step in steps:
            self.step(step, names, connection)

    def step(self, step: Step, names: Names, connection: TextName | None) -> None:
        if step.connection is not None:
            connection = step.connection
            self.connections.known(connection)
        if isinstance(step, TaskStep):
            self.task(step, connection)
        if step.exactly_once:
            self.connections.check_exactly_once(step, self.infos)
        for value in step.values():
            self.translate(value, names)
        if isinstance(step, SubflowStep):
            self.subflow(step)
        for name in step.depends_on:
            self.dependency(step, name)
        inner = names
        if isinstance(step, ForEachStep):
            inner = Names(self.flow, names, step.as_.text)
            for body_step in step.body:
                inner.steps.update((below.id, below) for below in within(body_step))
            if step.collect is not None:
                self.translate(step.collect, inner)
        for block, steps in step.blocks():
            self.steps(steps, inner if block == "do" else names, connection)
        if isinstance(step, ParallelStep):
            self.order(step.branches)
        elif not isinstance(step, (ForEachStep, WhileStep)):
            self.reads_later(step)

    def task(self, step: TaskStep, connection: TextName | None) -> None:
        name = step.task.text
        if not name:
            return  # what stands there was told when it was parsed
        if name not in self.infos:
            self.infos[name] = self.catalog.task(name)
        info = self.infos[name]
        if info is None:
            self.unknown_task(step)
            return
        if info.stub:
            self.problems.warning("stub-task", f"task `{name}` is a stub: its body is not written yet", step.task.span)
        if info.wants_connection or info.provider is not None:
            self.connections.resolve(step, info, connection)
        node = step.arguments.node
        if isinstance(node, MappingNode):
            self.arguments(step, info, node)
        if info.provider is not None:
            self.statements(node)

    def unknown_task(self, step: TaskStep) -> None:
        name = step.task.text
        suggestion = nearest(name, self.catalog.task_names())
        if self.tasks_known or suggestion is not None:
            self.problems.error("unknown-task", f"no task is called `{name}`", step.task.span, suggestion=suggestion)
        else:
            self.problems.warning(
                "unknown-task", f"no task is called `{name}`; the project's tasks were not loaded", step.task.span
            )

    def arguments(self, step: TaskStep, info: TaskInfo, node: MappingNode) -> None:
        given = {key: literal(value) for key, _, value in node.items()}
        for problem in check_arguments(info, given):
            entry = None if problem.name is None else node.entries.get(problem.name)
            if entry is None:
                span = step.task.span
            else:
                span = entry[0].span if problem.code == "unknown-argument" else entry[1].span
            suggestion = problem.suggestion
            if suggestion is None and step.builtin_form and problem.code == "unknown-argument":
                suggestion = nearest(problem.name or "", [key.name for key in STEP_KEYS])
            self.problems.error(problem.code, problem.message, span, suggestion=suggestion)

    def statements(self, node: Node) -> None:
        """Warn where a value is written into the text of a statement instead of being bound to it."""
        for scalar in _queries(node):
            if "${" in scalar.value:
                self.problems.warning(
                    "sql-interpolation",
                    "a value is written into the statement's text; hand it over in `params` instead",
                    scalar.span,
                )

    def subflow(self, step: SubflowStep) -> None:
        called = self.find_subflow(step.flow) if step.flow.text else None
        if called is None or called.inputs is None:
            return
        node = step.arguments.node
        given = node.entries if isinstance(node, MappingNode) else {}
        declared = {declared.name: declared for declared in called.inputs}
        for key, (key_node, _) in given.items():
            if key not in declared and not key.startswith("_"):
                self.problems.error(
                    "unknown-input",
                    f"flow `{called.name}` has no input `{key}`",
                    key_node.span,
                    suggestion=nearest(key, declared),
                )
        for name, wanted in declared.items():
            if wanted.required and name not in given:
                self.problems.error("missing-input", f"flow `{called.name}` needs the input `{name}`", step.flow.span)

    def dependency(self, step: Step, name: TextName) -> None:
        if name.text not in self.position:
            self.problems.error(
                "unknown-step",
                f"`depends_on` names `{name.text}`, and no step has this id",
                name.span,
                suggestion=nearest(name.text, self.position),
            )
        elif any(inner.id == name.text for inner in within(step)):
            self.problems.error("unmet-dependency", f"step `{step.id}` cannot wait for itself", name.span)
        elif self.flow.mode == "sequential" and not self.may_wait(step, name.text):
            self.problems.error(
                "unmet-dependency",
                f"step `{step.id}` would wait for `{name.text}`, which runs later",
                name.span,
            )

    def may_wait(self, step: Step, other: str) -> bool:
        """Whether `other` runs before the step, or beside it in the same `parallel`."""
        return self.position[other] < self.position[step.id] or self.side_by_side(step.id, other)

    def side_by_side(self, first: str, second: str) -> bool:
        return any(
            isinstance(group, ParallelStep)
            and self.branch_of(group, first) is not self.branch_of(group, second)
            and self.branch_of(group, first) is not None
            and self.branch_of(group, second) is not None
            for group in self.flow.walk()
        )

    @staticmethod
    def branch_of(group: ParallelStep, id: str) -> Step | None:
        return next((branch for branch in group.branches if any(step.id == id for step in within(branch))), None)

    def reads_later(self, step: Step) -> None:
        """Warn where a step reads one that runs after it, and so always gets null."""
        if self.flow.mode == "dag":
            return
        here = self.position[step.id]
        for value in step.values():
            for read in value.reads:
                there = self.position.get(read.root)
                if there is None or there < here or self.loops_back(step.id, read.root):
                    continue
                if not self.side_by_side(step.id, read.root):
                    what = "itself" if there == here else f"`{read.root}`, which runs later"
                    self.problems.warning(
                        "reads-later-step", f"step `{step.id}` reads {what}: that is always null here", read.span
                    )

    def loops_back(self, first: str, second: str) -> bool:
        """Whether a `while` around both brings the second before the first again."""
        for loop in self.flow.walk():
            if isinstance(loop, WhileStep):
                ids = {step.id for step in within(loop)}
                if first in ids and second in ids:
                    return True
        return False

    def order(self, steps: Sequence[Step]) -> None:
        """Report steps that wait for each other in a circle."""
        waits_for = dependencies(steps)
        cycle = None if waits_for is None else find_cycle(waits_for)
        if cycle is not None:
            path = " → ".join(f"`{steps[index].id}`" for index in cycle)
            self.problems.error(
                "cycle", f"these steps wait for each other: {path}", steps[cycle[0]].id_span or steps[cycle[0]].span
            )


def literal(node: Node) -> Any:
    """The value of a node, or UNKNOWN where `${…}` makes it known only in a run."""
    if isinstance(node, Scalar):
        return UNKNOWN if isinstance(node.value, str) and "${" in node.value else node.value
    if isinstance(node, SequenceNode):
        return [literal(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key: literal(value) for key, _, value in node.items()}
    return UNKNOWN


def _queries(node: Node) -> Iterator[Scalar]:
    if isinstance(node, MappingNode):
        for key, _, value in node.items():
            if key == "query" and isinstance(value, Scalar) and isinstance(value.value, str):
                yield value
            elif key == "queries":
                yield from _queries(value)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _queries(item)
