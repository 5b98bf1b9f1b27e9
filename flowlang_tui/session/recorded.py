"""A run of the journal as the panes show one: its record made from what was told then, and the text as it was."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from flowlang_tui.session.log_lines import log_event
from flowlang_tui.session.records import RunRecord, RunStatus

if TYPE_CHECKING:
    from flowlang import Event
    from flowlang.journal import RecordedRun, RunSummary
    from flowlang.language.graph import Graph
    from flowlang.language.model import Flow

_BATCH: Final = 500
_ENDED: Final = frozenset({"succeeded", "failed", "cancelled", "terminated"})


class Recorded(NamedTuple):
    """A recorded run to look at. `flow` and `graph` are those of its own text if the file has another one by now."""

    run: RecordedRun
    summary: RunSummary
    record: RunRecord
    flow: Flow | None
    graph: Graph | None

    @property
    def is_as_now(self) -> bool:
        """Whether the flow's file still has the text that ran."""
        return self.graph is None


def recorded(run: RecordedRun, path: Path) -> Recorded:
    """What there is to show of a run whose flow is, or was, in `path`. Reads files; takes its time for long runs."""
    summary = run.summary
    record = RunRecord(path, summary.flow, dict(run.inputs), summary.run_id)
    events = iter(run.events())
    while batch := cast("list[Event]", list(islice(events, _BATCH))):
        record.apply(batch)
        for event in batch:
            log_event(record.log, event)
    if not record.is_over and summary.status not in ("queued", "running"):
        _end(record, summary, run.error)
    flow, graph = _as_it_was(run, path)
    return Recorded(run, summary, record, flow, graph)


def _end(record: RunRecord, summary: RunSummary, error: Any) -> None:
    """A run whose end nobody told: its process died."""
    status: RunStatus = summary.status if summary.status in _ENDED else "interrupted"
    last = max((call.started for step in record.steps.values() for call in step.calls), default=None)
    record.end(status, error=error, at=summary.ended or last or record.started)


def _as_it_was(run: RecordedRun, path: Path) -> tuple[Flow | None, Graph | None]:
    """The flow as it was read then, unless its file still says the same."""
    # the run's own flow comes first, those that it calls follow
    text = next(iter(run.definition.values()), None)
    if text is None or _text_of(path) == text:
        return None, None
    from flowlang.language.graph import graph_of
    from flowlang.runtime.prepare import Preparer
    from flowlang.tasks.registry import TaskRegistry

    flow = Preparer(TaskRegistry(), tasks_known=False).check(text, path).flow
    return flow, graph_of(flow)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError):
        return None
