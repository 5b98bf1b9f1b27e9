"""One run of a flow: what all its calls share, and how it begins and ends."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import ConfigurationError
from flowlang.language.inputs import shown_inputs
from flowlang.redaction import Redactor
from flowlang.runtime.call import Ending, FlowCall
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import EventCallback
from flowlang.runtime.frame import Frame
from flowlang.runtime.plan import Plan, StepPlan
from flowlang.runtime.recording import Recorder, streams
from flowlang.runtime.result import FlowResult, Status
from flowlang.runtime.stopping import is_stopping

if TYPE_CHECKING:
    from flowlang.connections.manager import OpenConnections
    from flowlang.connections.pools import Pools
    from flowlang.connections.statements import StatementGate
    from flowlang.environment import Environment
    from flowlang.language.model import Connection
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Intercepted, Interception
    from flowlang.runtime.prepare import Loaded
    from flowlang.runtime.stood import Stood
    from flowlang.tasks.threads import WorkerThreads

#: How long, in seconds, a run may keep the event loop to itself before it lets others have a turn.
TURN = 0.01


def new_run_id() -> str:
    """An id that sorts by time: `20260131-174502-9f3a61c2`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(4).hex()}"


_NO_STEPS: Final[frozenset[StepPlan]] = frozenset()


class Run:
    """What all the flows of one run share.

    `events` is None when nobody listens, `hidden` takes the events of silent steps, if anybody records them; both are
    there for a run that is `watched`, in which every execution of a step has a path of its own.
    `intercepted` are the steps about which the `interception` is asked.
    """

    def __init__(
        self,
        executor: FlowExecutor,
        *,
        run_id: str | None = None,
        callback: EventCallback | None = None,
        token: CancellationToken | None = None,
        recorder: Recorder | None = None,
        interception: Interception | None = None,
        watched: bool = False,
    ) -> None:
        self.run_id = run_id or new_run_id()
        self.started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.redactor = Redactor()
        self.recorder = recorder
        self.events, self.hidden = streams(
            callback, recorder, self.run_id, self.redactor, always=watched or interception is not None
        )
        self.token = token
        #: Pools of the run's own, if it doesn't use those of the process.
        self.pools: Pools | None = None
        self.interception = interception
        self.intercepted: Set[StepPlan] = _NO_STEPS if interception is None else interception.steps
        #: Gives what stands before the statements of a step, where anybody may want to stop at them.
        self.gatekeeper: Callable[[Frame, StepPlan], StatementGate | None] | None = None
        #: How long parts of it stood at stops, where anybody can stop it.
        self.stood: Stood | None = None
        #: How often each step that is exactly once has taken effect, by its path.
        self.effects: dict[str, int] = {}
        self.breathe_at = time.perf_counter() + TURN
        self._executor = executor
        self._environments: dict[Plan, Environment] = {}
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()

    @property
    def threads(self) -> WorkerThreads:
        """Where plain functions run."""
        return self._executor.threads

    def intercept(self, frame: Frame, plan: StepPlan) -> Intercepted:
        """The execution of a step about which somebody is asked."""
        assert self.interception is not None, "only its steps are intercepted"
        return self.interception.execution(frame, plan)

    def environment(self, plan: Plan) -> Environment:
        """The environment of a flow. What is secret in it is masked from now on."""
        known = self._environments.get(plan)
        if known is None:
            known = self._environments[plan] = self._executor.environment(plan)
            for secret in known.secrets():
                self.redactor.add(secret)
            for name in plan.connection_environment:
                if name in known:
                    self.redactor.add(known[name])
        return known

    def check_environment(self, plan: Plan) -> None:
        """Raise ConfigurationError with every variable that the flow, or one that it calls, reads and nobody set."""
        missing = [
            read
            for one in plan.with_subplans()
            if one.environment
            for env in (self.environment(one),)
            for read in one.environment
            if read.name not in env
        ]
        if missing:
            names = ", ".join(f"`{name}`" for name in dict.fromkeys(read.name for read in missing))
            first = missing[0]
            error = ConfigurationError(
                f"the environment has no {names}",
                hint=f"set it, write it into `.env` beside the flow, or give a default: ${{{first.name}:default}}",
            )
            error.span, error.path = first.span, first.path
            raise error

    def needed_connections(self, plan: Plan) -> list[Connection]:
        """The connections of a flow that any step really uses."""
        interception = self.interception
        if interception is None:
            return list(plan.connections.values())
        idle = {step.id for step in plan.every_step if interception.stands_for(step)}
        return [one for name, one in plan.connections.items() if not idle.issuperset(plan.connection_steps[name])]

    async def open_connections(self, call: FlowCall, frame: Frame) -> OpenConnections:
        """Open the connections that a flow's steps use."""
        from flowlang.runtime.connecting import open_connections
        from flowlang.runtime.stored import StoredConnections

        preparer, root = self._executor.preparer, call.plan.root
        stored = StoredConnections(lambda: preparer.store(root), self._executor.connection_environment)
        idle_seconds = self._executor.idle_seconds
        return await open_connections(preparer.plugins(root), stored, call, frame, idle_seconds=idle_seconds)

    def with_text(self, plan: Plan, text: str) -> Loaded:
        """What one of the run's flows would be with another text."""
        return self._executor.preparer.with_text(text, plan.path, plan.folder)

    async def breathe(self) -> None:
        """Let others have a turn; wait for a listener that has fallen far behind."""
        if self.events is not None and self.events.behind:
            await self.events.settle()
        else:
            await asyncio.sleep(0)
        if is_stopping():
            raise asyncio.CancelledError
        self.breathe_at = time.perf_counter() + TURN

    def breathe_soon(self) -> None:
        """Breathe after the current step."""
        self.breathe_at = 0.0

    def soon(self, tell: Callable[[], None]) -> None:
        """Call `tell` in the run's own thread: now, if this is it."""
        if threading.get_ident() == self._thread:
            tell()
        else:
            self._loop.call_soon_threadsafe(tell)

    def tell_log(self, plan: StepPlan, frame: Frame, data: dict[str, Any], level: str) -> None:
        """Deliver a `log` event of a step."""
        if self.events is not None:
            self.events.of_step("log", plan, frame, data, level=level)

    async def execute(self, plan: Plan, given: Mapping[str, Any], timeout: float | None) -> FlowResult:
        """Run a flow to its end."""
        call = FlowCall(self, plan)
        started = time.perf_counter()
        shown = given if self.events is None else shown_inputs(plan.flow, given)
        for declared in plan.flow.inputs or ():
            if declared.secret:
                self.redactor.add(given.get(declared.name))
                self.redactor.add(shown.get(declared.name))
        if self.events is not None:
            self.environment(plan)
            if self.recorder is not None:
                self.recorder.begin(self, plan, given)
            self.events.emit("flow_started", plan.name, {"inputs": shown})
        if self.interception is not None:
            self.interception.attach(self, plan)
        ending: Ending | None = None
        try:
            ending = await self._until_cancelled(call, given, timeout)
        finally:
            if self.interception is not None:
                await self.interception.settle()
            result = self._result(call, ending, started)
            if self.interception is not None:
                self.interception.detach()
            if self.events is not None:
                self._tell_ending(plan, result)
                await self.events.settle()
            if self.recorder is not None:
                await self.recorder.end()
        return result

    async def _until_cancelled(self, call: FlowCall, given: Mapping[str, Any], timeout: float | None) -> Ending | None:
        """The flow's ending, or None if the run's token cancelled it. A cancellation by anybody else goes on."""
        token = self.token
        if token is None:
            return await call.run_to_end(given, timeout)
        if token.is_cancelled:
            return None
        task = asyncio.current_task()
        assert task is not None
        token.attach(task, self.breathe_soon)
        ending = None
        cancelled: asyncio.CancelledError | None = None
        try:
            ending = await call.run_to_end(given, timeout)
            if token.is_cancelled:
                await asyncio.sleep(0)  # the cancellation came too late to stop a step: take it here
        except asyncio.CancelledError as error:
            cancelled = error
        finally:
            by_the_token = token.detach(task)
        if cancelled is not None and not by_the_token:
            raise cancelled
        return ending

    def _result(self, call: FlowCall, ending: Ending | None, started: float) -> FlowResult:
        status: Status
        if ending is None:
            status, ending = "cancelled", Ending({})
            if self.token is not None:
                ending = Ending({}, reason=self.token.reason)
        elif ending.error is not None:
            status = "failed"
        else:
            status = "terminated" if ending.terminated else "succeeded"
        stood = 0.0 if self.stood is None else self.stood.of("")
        return FlowResult(
            call.plan.name,
            self.run_id,
            status,
            ending.outputs,
            error=None if ending.error is None else ending.error.redacted(self.redactor),
            reason=ending.reason,
            terminated=ending.terminated,
            duration_ms=round((time.perf_counter() - started - stood) * 1000, 3),
            states=None if call.frame is None else call.frame.v,
            redactor=self.redactor,
            told=None if self.interception is None else self.interception.told(),
        )

    def _tell_ending(self, plan: Plan, result: FlowResult) -> None:
        assert self.events is not None
        tell = self.events.emit
        took = result.duration_ms
        self.events.raw = result.outputs
        if result.terminated:
            data = {"reason": result.reason, "outputs": result.outputs}
            tell("flow_terminated", plan.name, data, success=result.success)
        if result.cancelled:
            tell("flow_cancelled", plan.name, {"reason": result.reason}, duration_ms=took)
        elif result.error is not None:
            error = result.error.masked(self.redactor)
            tell("flow_failed", plan.name, error=error, error_type=result.error_type, duration_ms=took)
        else:
            data = {"outputs": result.outputs}
            tell("flow_completed", plan.name, data, terminated=result.terminated, duration_ms=took)
