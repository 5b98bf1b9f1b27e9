"""Running a part of a recorded run again, as a run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.problems import ReplayProblem
    from flowlang.runtime.control import CancellationToken
    from flowlang.runtime.events import EventCallback
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.result import FlowResult


class Rerun:
    """A recorded run about to be run again from a step: what came before it is taken from the journal.

    `from_step` and `until` are paths: `ship`, `orders[3]/ship` in the fourth iteration, `invoice/send` in a subflow.
    `only` runs that one step and ends; `until` ends after its step; without `from_step` all runs up to there.
    `outputs` are results, by path, that stand for the recorded ones. `inputs` are put over the recorded ones; those
    that are secret have to be given. With `as_it_was` the flow's text is the one that ran.
    """

    def __init__(
        self,
        journal: Journal,
        run_id: str,
        *,
        from_step: str | None = None,
        only: bool = False,
        until: str | None = None,
        outputs: Mapping[str, Any] | None = None,
        as_it_was: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        self.journal = journal
        self.run = journal.run(run_id)
        self.from_step = from_step
        self.only = only
        self.until = until
        self.outputs = outputs or {}
        self.as_it_was = as_it_was
        self.inputs = inputs or {}

    @property
    def problems(self) -> list[ReplayProblem]:
        """What has to be dealt with first, and what is worth knowing."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """What is about to happen: `41 steps from the journal, 12 will run`."""
        raise NotImplementedError

    async def execute(
        self,
        executor: FlowExecutor,
        event_callback: EventCallback | None = None,
        cancellation_token: CancellationToken | None = None,
        *,
        interceptors: Sequence[Interceptor] = (),
    ) -> FlowResult:
        """Run it, as a new run whose origin is the recorded one. Raises ReplayError if a problem stands in the way."""
        raise NotImplementedError
