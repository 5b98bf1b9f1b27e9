"""Which steps of which flows use a connection that the project keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from flowlang.language.model import Flow
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.registry import TaskRegistry


class UsePlace(NamedTuple):
    """A place in a flow's file that needs a connection: a step, or with `step` None a declaration by `use`."""

    path: str
    flow: str
    step: str | None
    line: int


def places_using(name: str, flows: Iterable[str]) -> list[UsePlace]:
    """Where the flows in these files use the stored connection called `name`. Of a broken file what can be read."""
    preparer = Preparer(TaskRegistry(), tasks_known=False)
    return [
        place
        for path in flows
        for place in _places(name, path, preparer.load(Path(path), Path(path).absolute().parent).flow)
    ]


def _places(name: str, path: str, flow: Flow) -> Iterator[UsePlace]:
    meant = {name} - flow.connections.keys()
    for declared in flow.connections.values():
        if declared.use is not None and declared.use.text == name:
            meant.add(declared.name)
            yield UsePlace(path, flow.name, None, declared.use.span.line)
    for step in flow.walk():
        if step.connection is not None and step.connection.text in meant:
            yield UsePlace(path, flow.name, step.id, step.line)
