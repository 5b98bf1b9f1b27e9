"""What is known of a text that is being edited: read and checked once, asked many times."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from flowlang.language.assist.edits import Offsets
from flowlang.language.assist.subflows import Subflows
from flowlang.language.catalog import Catalog, ConnectionType, TaskInfo
from flowlang.language.check import check_flow
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.model import Connection, Flow, Step
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text


class Analysis:
    """A text with its flow and its problems. It never changes, but `shapes` and `variables` may be set anew.

    `shapes` are example values: the results of the last run by the id of their step. `variables` are the names that
    the environment has.
    """

    def __init__(
        self,
        text: str,
        flow: Flow,
        diagnostics: Sequence[Diagnostic],
        catalog: Catalog,
        *,
        folder: str | os.PathLike[str] = os.curdir,
        shapes: Mapping[str, Any] | None = None,
        variables: Sequence[str] = (),
    ) -> None:
        self.text = text
        self.flow = flow
        self.diagnostics = list(diagnostics)
        self.catalog = catalog
        self.shapes: Mapping[str, Any] = shapes or {}
        self.variables = variables
        self._common: tuple[Sequence[str], int] = ((), 0)
        path = None if flow.path is None else Path(os.path.abspath(flow.path))
        self.subflows = Subflows(path.parent if path else Path(os.path.abspath(folder)), path)

    def prepare(self) -> None:
        """Find out what completing needs, so that it is quick from the first time: loading plugins takes long."""
        _ = self.tasks, self.by_id, self.by_line, self.sections, self.extents

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.split("\n")

    @cached_property
    def offsets(self) -> Offsets:
        """The way between lines and positions of the text."""
        return Offsets(self.text)

    @cached_property
    def steps(self) -> list[Step]:
        """Every step, in the order of the text of each list."""
        return list(self.flow.walk())

    @cached_property
    def by_id(self) -> dict[str, Step]:
        """Every step by its id; the first of those in branches that exclude each other."""
        found: dict[str, Step] = {}
        for step in self.steps:
            found.setdefault(step.id, step)
        return found

    @cached_property
    def by_line(self) -> dict[int, Step]:
        """The step that begins in a line, from 0; the outermost where there are several."""
        found: dict[int, Step] = {}
        for step in self.steps:
            found.setdefault(step.line - 1, step)
        return found

    @cached_property
    def types(self) -> list[ConnectionType]:
        """Every connection type that can be used."""
        found = (self.catalog.connection_type(name) for name in self.catalog.connection_type_names())
        return list({type.name: type for type in found if type is not None and type.error is None}.values())

    @cached_property
    def tasks(self) -> list[TaskInfo]:
        """The tasks that fit the flow: the project's own, and those of the connections that it can use."""
        infos = (self.catalog.task(name) for name in self.catalog.task_names())
        usable = self.usable_types
        found = {info.name: info for info in infos if info and (info.provider is None or info.provider in usable)}
        return list(found.values())

    @cached_property
    def usable_types(self) -> set[str]:
        """The types of the connections that the flow declares or the project keeps."""
        names = [*self.flow.connections, *self.catalog.project_connection_names()]
        return {type for name in names if (type := self.type_of(name)) is not None}

    def type_of(self, name: str) -> str | None:
        """The plugin's own name for the type of a connection, or None if that is not known."""
        declared = self.flow.connections.get(name)
        type = self.catalog.project_connection(name) if declared is None else self._declared_type(declared)
        found = None if type is None else self.catalog.connection_type(type)
        return type if found is None else found.name

    def _declared_type(self, connection: Connection) -> str | None:
        if connection.use is not None:
            return self.catalog.project_connection(connection.use.text)
        return None if connection.type is None else connection.type.text

    @cached_property
    def sections(self) -> dict[str, list[tuple[int, Step]]]:
        """The steps of each of the flow's own lists, also those inside others, with their lines, from 0."""
        return {
            key: [(inner.line - 1, inner) for inner in in_order(steps)] for key, steps in self.flow.blocks() if steps
        }

    @cached_property
    def extents(self) -> list[tuple[int, int, Step]]:
        """Every step with its first and last line, from 1."""
        return [(step.span.line, step.span.end_line, step) for step in self.steps if step.line]

    def line_of(self, lines: Sequence[str], line: int) -> int:
        """The line of the analysed text, from 0, that a line of a text edited since then comes from."""
        if lines is self.lines:
            return line
        known, same = self._common
        if known is not lines:
            same = _common_lines(self.lines, lines)
            self._common = (lines, same)
        return line if line < same else max(same, line - len(lines) + len(self.lines))


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Steps and those inside them, in the order of the text of each list."""
    return list(Flow(steps=list(steps)).walk())


def _common_lines(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines two texts have in common at their beginning. Comparing whole slices is quick."""
    same, size = 0, min(len(old), len(new))
    step = size
    while step:
        if same + step <= size and old[same : same + step] == new[same : same + step]:
            same += step
        else:
            step //= 2
    return same


def analyse(
    text: str,
    path: str | os.PathLike[str] | None,
    catalog: Catalog,
    *,
    folder: str | os.PathLike[str] = os.curdir,
    tasks_known: bool = True,
    shapes: Mapping[str, Any] | None = None,
    variables: Sequence[str] = (),
) -> Analysis:
    """Read and check a text. Takes as long as checking does: it is work for a thread.

    `path` is the file that the text is, or will be; without one, `folder` is where subflows are looked for.
    """
    name = None if path is None else os.fspath(path)
    problems = Problems(name)
    source = read_text(text, problems, name)
    flow = parse_flow(source, problems)
    analysis = Analysis(text, flow, (), catalog, folder=folder, shapes=shapes, variables=variables)
    check_flow(
        flow,
        source,
        problems,
        catalog,
        lambda called: analysis.subflows.called(called, problems),
        tasks_known=tasks_known,
    )
    analysis.diagnostics = problems.in_order()
    analysis.prepare()
    return analysis
