"""Every place of a flow where something that has a name is defined or used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from flowlang.language.assist.analysis import Analysis
from flowlang.language.diagnostics import Span
from flowlang.language.model import ForEachStep, Read, Step, SubflowStep, TaskStep, Value
from flowlang.language.vocabulary import ROOTS

NamedKind = Literal["step", "input", "variable", "connection", "task", "subflow"]


class Occurrence(NamedTuple):
    """A name at a place. Loop variables of different loops are told apart by `loop`, the line of theirs, from 1."""

    kind: NamedKind
    name: str
    span: Span
    defines: bool = False
    loop: int = 0


Loops = tuple[ForEachStep, ...]


def occurrences(analysis: Analysis) -> list[Occurrence]:
    """All of them, in the order of the text."""
    found = [
        one
        for one in _Walk(analysis).flow()
        if one.span.line and analysis.offsets.slice(one.span).strip("\"'") == one.name
    ]
    return sorted(dict.fromkeys(found), key=lambda one: one.span)


class _Walk:
    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis

    def flow(self) -> Iterator[Occurrence]:
        flow = self.analysis.flow
        for declared in flow.inputs or ():
            yield Occurrence("input", declared.name, declared.span, True)
        for connection in flow.connections.values():
            yield Occurrence("connection", connection.name, connection.span, True)
        for _, steps in flow.blocks():
            for step in steps:
                yield from self.step(step, ())
        for output in flow.outputs:
            yield from self.value(output.value, ())

    def step(self, step: Step, loops: Loops) -> Iterator[Occurrence]:
        if step.id_given:
            yield Occurrence("step", step.id, step.id_span, True)
        for name in step.depends_on:
            yield Occurrence("step", name.text, name.span)
        if step.connection is not None:
            yield Occurrence("connection", step.connection.text, step.connection.span)
        if isinstance(step, TaskStep):
            yield Occurrence("task", step.task.text, step.task.span)
        elif isinstance(step, SubflowStep):
            yield Occurrence("subflow", step.flow.text, step.flow.span)
        for value in step.values():
            yield from self.value(value, loops)
        inner = loops
        if isinstance(step, ForEachStep):
            inner = (step, *loops)
            yield Occurrence("variable", step.as_.text, step.as_.span, True, step.line)
            if step.collect is not None:
                yield from self.value(step.collect, inner)
        for block, steps in step.blocks():
            for below in steps:
                yield from self.step(below, inner if block == "do" else loops)

    def value(self, value: Value, loops: Loops) -> Iterator[Occurrence]:
        for read in value.reads:
            found = self.read(read, loops)
            if found is not None:
                yield found

    def read(self, read: Read, loops: Loops) -> Occurrence | None:
        if read.root == "inputs" and read.path and isinstance(read.path[0], str):
            span = self.word(read, read.path[0], first=False)
            return span and Occurrence("input", read.path[0], span)
        if read.root in ROOTS:
            return None
        span = self.word(read, read.root, first=True)
        if span is None:
            return None
        loop = next((loop for loop in loops if loop.as_.text == read.root), None)
        if loop is not None and read.root not in self.analysis.by_id:
            return Occurrence("variable", read.root, span, loop=loop.line)
        return Occurrence("step", read.root, span)

    def word(self, read: Read, name: str, *, first: bool) -> Span | None:
        """Where in a read the name stands: at its beginning, or behind `inputs`."""
        offsets = self.analysis.offsets
        start, end = offsets.range(read.span)
        text = offsets.text[start:end]
        found = re.compile(rf"\b{re.escape(name)}\b").search(text, 0 if first else len("inputs"))
        return None if found is None else offsets.span(start + found.start(), start + found.end())
