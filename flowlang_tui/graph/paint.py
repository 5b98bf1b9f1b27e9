"""How each step of a graph is to be painted in a run: its state, and whether the run can still come to it."""

from __future__ import annotations

from typing import Literal

from flowlang.language.graph import Graph
from flowlang_tui.graph.addresses import keys_of
from flowlang_tui.session.records import RunRecord, StepRecord, StepStatus

Look = Literal[StepStatus, "missed"]
"""`missed` are steps that a run went past: another branch was taken, or it was over before."""

_CHOICES = frozenset({"if", "switch"})


class States:
    """The looks of the steps of a graph in one run. `update` brings them up to date and says which changed."""

    def __init__(self, graph: Graph, run: RunRecord) -> None:
        self.run = run
        self.looks: dict[str, Look] = {}
        self.records: dict[str, StepRecord] = {}
        self._keys = keys_of(graph)
        self._nodes = [(node.id, node.parent, node.branch) for node in graph.nodes]
        self._versions: dict[str, int] = {}
        self._seen: tuple[int, bool] | None = None

    @property
    def running(self) -> list[str]:
        """The steps that are under way."""
        return [id for id, look in self.looks.items() if look in ("running", "retrying")]

    def update(self) -> set[str]:
        """Look at the run again; give back the steps that have to be painted anew because of what happened."""
        seen = (self.run.events, self.run.is_over)
        if seen == self._seen:
            return set()
        self._seen = seen
        changed: set[str] = set()
        steps, over = self.run.steps, self.run.is_over
        for id, parent, branch in self._nodes:
            record = steps.get(self._keys[id])
            if record is not None:
                version = record.version
                if self._versions.get(id) == version:
                    continue
                self._versions[id] = version
                self.records[id] = record
                self.looks[id] = record.status
                changed.add(id)
            else:
                look: Look = "missed" if over or self._is_past(parent, branch) else "pending"
                if self.looks.get(id) != look:
                    self.looks[id] = look
                    changed.add(id)
        return changed

    def _is_past(self, parent: str | None, branch: str) -> bool:
        if parent is None:
            return False
        if self.looks[parent] == "missed":
            return True
        record = self.records.get(parent)
        if record is None:
            return False
        if record.status in ("succeeded", "failed", "skipped", "cancelled"):
            return branch != "on_error" or record.status != "failed"
        return record.kind in _CHOICES and record.branch is not None and record.branch != branch
