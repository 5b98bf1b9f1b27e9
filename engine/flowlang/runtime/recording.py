"""Recording a run: what a journal is told beside the listener, and before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from flowlang.runtime.events import EventCallback, EventStream

if TYPE_CHECKING:
    from flowlang.redaction import Redactor
    from flowlang.runtime.plan import Plan
    from flowlang.runtime.run import Run


class Recorder(Protocol):
    """Writes down one run. It never raises: a run doesn't fail because it cannot be recorded."""

    def begin(self, run: Run, plan: Plan, given: Mapping[str, Any]) -> None:
        """The run begins; `given` are its inputs as the caller gave them, secrets included."""

    def hear(self, event: Any) -> None:
        """An event, before the listener gets it. The value that its `outputs` show is `raw` of the run's `events`."""

    def hear_silent(self, event: Any) -> None:
        """One of a silent step, of which no listener is told, in the run's `hidden`. Its `seq` counts these only."""

    async def end(self) -> None:
        """The run is over, its last event told."""


def streams(
    callback: EventCallback | None, recorder: Recorder | None, run_id: str, redactor: Redactor, *, always: bool
) -> tuple[EventStream | None, EventStream | None]:
    """The stream of a run's events and that of its silent steps, which only the recorder hears.

    Without a recorder there is none for silent steps, and without a listener none at all: that is what makes such
    a run quick. `always` makes both all the same.
    """
    if recorder is None:
        hidden = EventStream(_nobody, run_id, redactor) if always else None
        if callback is None:
            return EventStream(_nobody, run_id, redactor) if always else None, hidden
        return EventStream(callback, run_id, redactor), hidden
    hear = recorder.hear

    def record_and_tell(event: Any) -> Any:
        hear(event)
        return callback(event)  # type: ignore[misc]  # only used where there is one

    stream = EventStream(hear if callback is None else record_and_tell, run_id, redactor)
    return stream, EventStream(recorder.hear_silent, run_id, redactor)


def _nobody(event: Any) -> None:
    return None
