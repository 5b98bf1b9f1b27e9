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

    def hear(self, event: Any, raw: Any) -> None:
        """An event, before the listener gets it, and the value itself that its `outputs` show masked and plain."""

    def hear_silent(self, event: Any, raw: Any) -> None:
        """The same of a silent step, of which no listener is told. Its `seq` counts such events only."""

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
    hear, hear_silent = recorder.hear, recorder.hear_silent

    def record_silent(event: Any) -> None:
        hear_silent(event, silent.raw)

    def record(event: Any) -> None:
        hear(event, stream.raw)

    def record_and_tell(event: Any) -> Any:
        hear(event, stream.raw)
        return callback(event)  # type: ignore[misc]  # only used where there is one

    silent = EventStream(record_silent, run_id, redactor)
    stream = EventStream(record if callback is None else record_and_tell, run_id, redactor)
    return stream, silent


def _nobody(event: Any) -> None:
    return None
