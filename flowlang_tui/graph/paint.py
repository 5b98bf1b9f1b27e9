"""How each step of a graph is to be painted in a run: its state, and whether the run can still come to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from flowlang.language.graph import Graph
from flowlang_tui.graph.addresses import Whereabouts, keys_of
from flowlang_tui.graph.outline import HANDLER
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import StepRecord, StepStatus

Look = Literal[StepStatus, "missed", "stopped"]
"""`missed` are steps that a run went past: another branch was taken, or it was over before; `stopped` are those at
which it stands still."""

_CHOICES = frozenset({"if", "switch"})


class States:
    """The looks of the steps of a graph in one run. `update` brings them up to date and says which changed."""

    def __init__(self, graph: Graph, run: RunRecord) -> None:
        self.run = run
        self.looks: dict[str, Look] = {}
        self.records: dict[str, StepRecord] = {}
        #: The steps that are under way.
        self.running: set[str] = set()
        self._ids = {key: id for id, key in keys_of(graph).items()}
        self._whereabouts = Whereabouts(self._ids)
        self._graph = graph
        self._versions: dict[str, int] = {}
        self._complete = False

    def update(self, changed: Iterable[StepRecord] | None = None) -> set[str]:
        """Look at the run again; give back the steps that have to be painted anew because of what happened.

        `changed` are the records that may have changed since the last time, all if it is None.
        """
        if self._complete:
            return set()
        over = self.run.is_over
        if changed is None or over or not self.looks:
            self._find(snapshot(self.run.steps.values()))
            ids = [node.id for node in self._graph.nodes]
        else:
            ids = self._find(changed)
        self._complete = over
        return self._look_at(ids, over)

    def _find(self, records: Iterable[StepRecord]) -> list[str]:
        """The steps that records are of; what has just their line goes before what was moved since."""
        found = []
        for record in records:
            key = self._whereabouts.of(record.key)
            if key is None:
                continue
            id = self._ids[key]
            if key == record.key or self.records.get(id, record).key != key:
                self.records[id] = record
                found.append(id)
        return found

    def _look_at(self, ids: list[str], over: bool) -> set[str]:
        changed: set[str] = set()
        pending = ids[::-1]
        while pending:
            id = pending.pop()
            record = self.records.get(id)
            if record is None:
                look: Look = "missed" if over or self._is_past(id) else "pending"
                if self.looks.get(id) == look:
                    continue
            else:
                if self._versions.get(id) == record.version:
                    continue
                self._versions[id] = record.version
                look = record.status
                (self.running.add if look in ("running", "retrying") else self.running.discard)(id)
            self.looks[id] = look
            changed.add(id)
            pending += [inner for block in self._graph.blocks_of(id) for inner in block.nodes]
        return changed

    def _is_past(self, id: str) -> bool:
        """Whether a step that hasn't run was left out: another branch was taken, or what it stands in is over."""
        node = self._graph.node(id)
        if node.parent is None:
            return False
        if self.looks[node.parent] == "missed":
            return True
        record = self.records.get(node.parent)
        if record is None:
            return False
        if record.status in ("succeeded", "failed", "skipped", "cancelled", "unknown"):
            return node.branch != HANDLER or record.status != "failed"
        return record.kind in _CHOICES and record.branch is not None and record.branch != node.branch
