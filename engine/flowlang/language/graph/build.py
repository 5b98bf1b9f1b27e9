"""From a flow to its graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flowlang.language.graph.model import EdgeKind, Graph, GraphBlock, GraphEdge, GraphNode
from flowlang.language.graph.reads import reads_of
from flowlang.language.graph.wording import in_short, inert, shortened
from flowlang.language.model import (
    ExitStep,
    Flow,
    ForEachStep,
    IfStep,
    ParallelStep,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    WhileStep,
)


class _Exit(NamedTuple):
    """Where control leaves a step or a list of steps."""

    node: str
    label: str = ""


class _Placed(NamedTuple):
    """A step with its node, and the branches around it from the outermost inwards."""

    step: Step
    node: str
    path: tuple[tuple[str | None, str], ...]


def graph_of(flow: Flow) -> Graph:
    """The graph of a flow, also of a partial one. What steps read is exact once the flow was checked."""
    builder = _Builder()
    for name, steps in flow.blocks():
        builder.block(None, name, name, steps, (), in_order=name != "steps" or flow.mode == "sequential")
    builder.connect_data()
    return Graph(flow.name, flow.mode, tuple(builder.nodes), tuple(builder.edges), tuple(builder.blocks))


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[GraphNode] = []
        self.edges: list[GraphEdge] = []
        self.blocks: list[GraphBlock] = []
        self.placed: list[_Placed] = []
        self.taken: dict[str, int] = {}

    def block(
        self,
        parent: str | None,
        name: str,
        label: str,
        steps: list[Step],
        path: tuple[tuple[str | None, str], ...],
        *,
        in_order: bool = True,
    ) -> list[_Exit]:
        """Add a list of steps with what leads from one to the next; give back where control leaves the list."""
        if not steps:
            return []
        path = (*path, (parent, name))
        ids = [self.new_id(step) for step in steps]
        place = len(self.blocks)
        self.blocks.append(GraphBlock(parent, name, label, tuple(ids)))
        exits: list[_Exit] = []
        ends: list[_Exit] = []
        for id, step in zip(ids, steps, strict=True):
            if in_order:
                for leaving in exits:
                    self.edge(leaving.node, id, "sequence", leaving.label)
            elif parent is not None:
                self.edge(parent, id, "branch")
            exits = self.step(id, step, parent, name, path)
            ends = exits if in_order else ends + exits
        if in_order and parent is not None:
            self.edge(parent, self.blocks[place].nodes[0], "branch", label)
        return ends

    def new_id(self, step: Step) -> str:
        count = self.taken[step.id] = self.taken.get(step.id, 0) + 1
        return step.id if count == 1 else f"{step.id}~{count}"

    def edge(self, source: str, target: str, kind: EdgeKind, label: str = "") -> None:
        self.edges.append(GraphEdge(source, target, kind, label))

    def step(
        self, id: str, step: Step, parent: str | None, branch: str, path: tuple[tuple[str | None, str], ...]
    ) -> list[_Exit]:
        """Add a step with everything inside it; give back where control leaves it."""
        task = step.task.text if isinstance(step, TaskStep) else None
        notes = tuple(_notes(step))
        self.nodes.append(
            GraphNode(id, step.id, step.id, step.kind, task, parent, branch, step.line, _detail(step), notes)
        )
        self.placed.append(_Placed(step, id, path))
        exits: list[_Exit] = []
        branches: set[str] = set()
        for name, steps in step.blocks():
            if not steps:
                continue
            branches.add(name)
            in_order = not (isinstance(step, ParallelStep) and name == "parallel")
            leaving = self.block(id, name, _branch_label(step, name), steps, path, in_order=in_order)
            if isinstance(step, (ForEachStep, WhileStep)) and name == "do":
                for end in leaving:
                    self.edge(end.node, id, "loop", end.label or "next")
            else:
                exits += leaving
        return exits + _own_exits(id, step, branches)

    def connect_data(self) -> None:
        """Add the edges of `depends_on` and of what steps read."""
        by_step: dict[str, list[_Placed]] = {}
        for placed in self.placed:
            by_step.setdefault(placed.step.id, []).append(placed)
        for placed in self.placed:
            for name in placed.step.depends_on:
                for source in _visible(by_step.get(name.text, ()), placed):
                    self.edge(source.node, placed.node, "depends")
            paths: dict[str, dict[str, None]] = {}
            for root, below in reads_of(placed.step, by_step):
                paths.setdefault(root, {})[below] = None
            for root, labels in paths.items():
                label = shortened(inert(", ".join(filter(None, labels))))
                for source in _visible(by_step[root], placed):
                    self.edge(source.node, placed.node, "data", label)


def _visible(candidates: list[_Placed] | tuple[_Placed, ...], reader: _Placed) -> Iterator[_Placed]:
    """The steps that an id means for a reader: where several share it, those that stand nearest."""
    others = [placed for placed in candidates if placed is not reader]
    if len(others) > 1:
        nearness = [_shared(placed.path, reader.path) for placed in others]
        others = [placed for placed, near in zip(others, nearness, strict=True) if near == max(nearness)]
    yield from others


def _shared(one: tuple[tuple[str | None, str], ...], other: tuple[tuple[str | None, str], ...]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _own_exits(id: str, step: Step, branches: set[str]) -> list[_Exit]:
    """Where control leaves a step other than through the ends of its branches."""
    if isinstance(step, ExitStep):
        return [_Exit(id, "skipped")] if step.condition is not None else []
    if isinstance(step, IfStep):
        return [] if {"then", "else"} <= branches else [_Exit(id, "else" if "then" in branches else "then")]
    if isinstance(step, SwitchStep):
        return [] if "default" in branches else [_Exit(id, "no case")]
    if isinstance(step, ParallelStep):
        return [] if "parallel" in branches else [_Exit(id)]
    return [_Exit(id)]


def _branch_label(step: Step, name: str) -> str:
    """The name of a branch, with what decides for it."""
    key, _, number = name.partition(" ")
    if isinstance(step, IfStep) and key == "elif":
        return f"elif {in_short(step.elifs[int(number) - 1].condition)}"
    if isinstance(step, SwitchStep) and key == "case":
        return f"case {in_short(step.cases[int(number) - 1].when)}"
    return name


def _detail(step: Step) -> str:
    """What a step does, in a few words."""
    if isinstance(step, TaskStep):
        return inert(step.task.text)
    if isinstance(step, IfStep):
        return f"if {in_short(step.test)}"
    if isinstance(step, SwitchStep):
        return f"switch {in_short(step.subject)}"
    if isinstance(step, ForEachStep):
        return f"for each {inert(step.as_.text)} in {in_short(step.items)}"
    if isinstance(step, WhileStep):
        return f"while {in_short(step.test)}"
    if isinstance(step, SubflowStep):
        return f"flow {inert(step.flow.text)}"
    if isinstance(step, ExitStep):
        reason = in_short(step.reason)
        ending = "exit" if step.status == "success" else "exit with failure"
        return f"{ending}: {reason}" if reason else ending
    return step.kind


def _notes(step: Step) -> Iterator[str]:
    """What stands around a step, in a few words each."""
    if step.condition is not None:
        yield f"if {in_short(step.condition)}"
    if isinstance(step, ParallelStep) and step.max_concurrency is not None:
        yield f"{in_short(step.max_concurrency)} at once"
    if isinstance(step, ForEachStep) and step.concurrency is not None:
        yield f"{in_short(step.concurrency)} at once"
    if step.retry is not None:
        attempts = in_short(step.retry.max_attempts) or "3"
        yield f"{attempts} attempts"
    if step.timeout is not None:
        yield f"timeout {in_short(step.timeout)}"
    if step.continue_on_error:
        yield "may fail"
