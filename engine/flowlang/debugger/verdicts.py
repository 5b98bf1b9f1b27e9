"""What is decided at a stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flowlang.runtime.interception import Again, Answer

if TYPE_CHECKING:
    from flowlang.runtime.plan import StepPlan


class GoOn(NamedTuple):
    """The step goes on as it would have. `commit` ends the transaction in which it stands."""

    commit: bool = False


class RollBack(NamedTuple):
    """The transaction in which the step stands is undone, and the step fails with this reason."""

    reason: str


class Redo(NamedTuple):
    """The step runs with its new text, as this plan of it."""

    plan: StepPlan


Verdict = GoOn | RollBack | Redo | Answer | Again


class Transaction(NamedTuple):
    """Where a step stands between its statements: before the `number`-th of `total`, from 1; None if nobody knows that.

    After the last one `number` is one more; `text` and `params` are those of the statement that is next. `is_open`
    says that a transaction is open, `may_end` that it can be committed here.
    """

    session: Any
    text: str | None
    params: Any
    number: int
    total: int | None
    is_open: bool
    may_end: bool
