"""What is to be run, and how: a flow from its start, or a part of a run that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from flowlang import CancellationToken, Event, FlowExecutor, FlowResult
    from flowlang.journal import RunRecorder
    from flowlang.journal.problems import ReplayProblem
    from flowlang.runtime.interception import Interceptor


class Replay(Protocol):
    """A recorded run that goes on, or is run again from one of its steps. `recorder` writes down what it does."""

    recorder: RunRecorder | None

    async def execute(
        self,
        executor: FlowExecutor,
        event_callback: Callable[[Event], None] | None,
        cancellation_token: CancellationToken | None,
        *,
        interceptors: Sequence[Interceptor],
    ) -> FlowResult:
        """Run what is not taken from the record."""

    @property
    def problems(self) -> Sequence[ReplayProblem]:
        """What stands in the way, and what is worth knowing."""

    @property
    def summary(self) -> str:
        """What is about to happen."""


@dataclass(frozen=True, slots=True, eq=False)
class Launch:
    """A run that somebody asks for.

    `replay` makes what runs instead of the flow from its start; it is called in a thread that may wait for files,
    and raises FlowLangError if the recorded run doesn't allow it.
    """

    path: Path
    inputs: Mapping[str, Any]
    replay: Callable[[], Replay] | None = None
    #: Whether it is to stop before its first step.
    stop_first: bool = False
    #: Whether what it does to SQL databases is undone at its end.
    sandbox: bool = False


@dataclass(slots=True, eq=False)
class Prepared:
    """A run that can begin at once: with whom it is run, who writes it down, and who steps in."""

    launch: Launch
    executor: FlowExecutor
    replay: Replay | None = None
    recorder: RunRecorder | None = None
    interceptors: Sequence[Interceptor] = ()

    @property
    def unrecorded(self) -> str | None:
        """Why the run was not written down to its end, if it was not; None too where nobody was to do it."""
        recorder = self.recorder if self.replay is None else self.replay.recorder
        return None if recorder is None else recorder.problem

    async def execute(self, listen: Callable[[Event], None], token: CancellationToken) -> FlowResult:
        """Run it."""
        if self.replay is not None:
            return await self.replay.execute(self.executor, listen, token, interceptors=self.interceptors)
        return await self.executor.execute_flow(
            self.launch.path,
            self.launch.inputs,
            listen,
            token,
            recorder=self.recorder,
            interceptors=self.interceptors,
        )
