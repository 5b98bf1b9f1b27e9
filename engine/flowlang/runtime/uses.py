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
    return stored_uses(flows, Preparer(TaskRegistry(), tasks_known=False)).get(name, [])


def stored_uses(flows: Iterable[str], preparer: Preparer) -> dict[str, list[UsePlace]]:
    """Where the flows in these files use stored connections, by their names. `preparer` need not know any task."""
    found: dict[str, list[UsePlace]] = {}
    for path in flows:
        flow = preparer.load(Path(path), Path(path).absolute().parent).flow
        for name, place in _places(path, flow):
            found.setdefault(name, []).append(place)
    return found


def _places(path: str, flow: Flow) -> Iterator[tuple[str, UsePlace]]:
    """Each use of a stored connection, with its name. A name that the flow declares goes before a stored one."""
    for declared in flow.connections.values():
        if declared.use is not None:
            yield declared.use.text, UsePlace(path, flow.name, None, declared.use.span.line)
    for step in flow.walk():
        if step.connection is None:
            continue
        own = flow.connections.get(step.connection.text)
        name = step.connection if own is None else own.use
        if name is not None:
            yield name.text, UsePlace(path, flow.name, step.id, step.line)
