"""What was changed by hand in a run, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan

ChangeKind = Literal["input", "value", "output", "skip", "again", "query", "commit", "roll_back", "edit"]


class Change(NamedTuple):
    """One thing that was done by hand at a stop.

    `what` is the name of the argument, the path of the value, the statement and so on; `before` and `after` are values
    of the run as they are, and what is told of them outside is masked. `text` is the new text of the flow, of an edit.
    """

    kind: ChangeKind
    path: str
    flow: str
    step_id: str
    what: str
    before: Any = None
    after: Any = None
    text: str | None = None


def tell(change: Change, frame: Frame, plan: StepPlan) -> None:
    """Deliver a change as an event of the run, so that journal and listener have it."""
    events = frame.events_of(plan)
    if events is not None:
        values = {"what": change.what, "before": change.before, "after": change.after}
        events.of_step("intervention", plan, frame, values, change=change.kind)
