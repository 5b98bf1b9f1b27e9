"""What ran: the texts of a flow and of those that it calls, and hashes of the files that its tasks are in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowlang.plainly import to_text

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan

_KEPT: Final = 64
_TASKS_FILE: Final = "flow.py"

#: A step, as the lines of a run name it by its number: flow, id, task, kind and line.
StepFacts = tuple[str, str, str | None, str, int]
#: What tells a step from others: its flow, id and line.
StepKey = tuple[str, str, int]


class Head:
    """A step, as the lines of a run name it, and how lines of its begin. `place` is that in the list of steps."""

    __slots__ = ("completed", "number", "place", "started", "step_id", "tagged")

    def __init__(self, place: int, step_id: str, *, silent: bool) -> None:
        self.place = place
        self.number = -1 - place if silent else place
        self.step_id = step_id
        self.started = f'["s",{self.number},'
        self.completed = f'["c",{self.number},'
        self.tagged = f'["C",{self.number},'


@dataclass(frozen=True, slots=True)
class Definition:
    """What ran. `text` is JSON of the texts and hashes by file and of the steps; `path` is the flow's file.

    `places` are those of the steps in `steps`. `heads` and `silent_heads` are made when a run first needs them.
    """

    text: str
    path: str | None
    steps: list[StepFacts]
    places: Mapping[StepKey, int]
    heads: dict[StepKey, Head] = field(default_factory=dict)
    silent_heads: dict[StepKey, Head] = field(default_factory=dict)


class Definitions:
    """Definitions of plans, each made once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Plan, Definition]] = {}

    def of(self, plan: Plan) -> Definition:
        """The definition of a plan, which doesn't change."""
        known = self._known.get(id(plan))
        if known is not None and known[0] is plan:
            return known[1]
        definition = _definition(plan)
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[id(plan)] = (plan, definition)
        return definition


def task_hashes(root: Path, files: Mapping[str, str]) -> dict[str, str | None]:
    """The hashes that these files of a project have now; None for one that is gone."""
    return {name: _hash(root / name) for name in files}


def _definition(plan: Plan) -> Definition:
    plans = plan.with_subplans()
    texts = {_name(one.path, one.root) or f"{one.name}.yaml": one.text for one in plans}
    files = {file for one in plans for file in _task_files(one)}
    hashes = {name: _hash(Path(plan.root, name)) for name in sorted(files)}
    steps = [(one.name, step.id, step.task, step.kind, step.line) for one in plans for step in one.every_step]
    tasks = {name: known for name, known in hashes.items() if known}
    text = to_text({"flows": texts, "tasks": tasks, "steps": steps})
    places = {(flow, step_id, line): place for place, (flow, step_id, _, _, line) in enumerate(steps)}
    return Definition(text, _name(plan.path, plan.root), steps, places)


def _name(path: str | None, root: Path) -> str | None:
    """A file's path from the project's folder; only its name, if it lies elsewhere."""
    if path is None:
        return None
    path = os.path.abspath(path)
    inside = os.path.commonpath((path, root)) == str(root)
    return os.path.relpath(path, root) if inside else os.path.basename(path)


def _task_files(plan: Plan) -> Iterator[str]:
    files = {os.path.join(plan.folder, _TASKS_FILE)}
    for step in plan.every_step:
        written = getattr(getattr(step.body, "task", None), "place", None)
        if written:
            files.add(written.rpartition(":")[0])
    root = str(plan.root)
    for file in files:
        file = os.path.abspath(file)
        if file.startswith(root + os.sep) and os.path.isfile(file):
            yield os.path.relpath(file, root)


def _hash(path: Path) -> str | None:
    from hashlib import sha256  # it loads OpenSSL, which a flow without tasks needs not wait for

    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
