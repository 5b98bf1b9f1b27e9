"""Going on with a run that was interrupted, cancelled or failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.problems import Choices, ReplayProblem
    from flowlang.journal.records import RecordedStep
    from flowlang.runtime.control import CancellationToken
    from flowlang.runtime.events import EventCallback
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.result import FlowResult


class Resumption:
    """A recorded run about to be gone on with: what it completed is taken from the journal, the rest runs.

    The run keeps its id. `inputs` are the secret ones again. `on_unknown` says what becomes of steps that were under
    way when the process died; those that say `idempotent` run again, and those that are `exactly_once` find out by
    themselves. With `as_it_was` the flow's text is the one that ran, else the one that its file has now.
    """

    def __init__(
        self,
        journal: Journal,
        run_id: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        on_unknown: Choices | None = None,
        as_it_was: bool = False,
    ) -> None:
        self.journal = journal
        self.run = journal.run(run_id)
        self.inputs = inputs or {}
        self.on_unknown = on_unknown
        self.as_it_was = as_it_was

    @property
    def problems(self) -> list[ReplayProblem]:
        """What has to be dealt with first, and what is worth knowing."""
        raise NotImplementedError

    @property
    def unknown(self) -> list[RecordedStep]:
        """The steps that were under way when the process died and need a choice, whether or not there is one yet."""
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
        """Go on with the run. Raises ReplayError if a problem stands in the way."""
        raise NotImplementedError
