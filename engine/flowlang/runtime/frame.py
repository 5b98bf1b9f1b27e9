"""What a run knows while it runs: the state of each step, and the frames in which expressions are evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.values import ErrorValue

if TYPE_CHECKING:
    from flowlang.runtime.call import FlowCall
    from flowlang.runtime.events import EventStream
    from flowlang.runtime.plan import StepPlan


class Succeeded:
    """A step that succeeded at its first attempt: by far the most frequent state.

    It is made empty and filled by whoever makes it, because that takes less than half the time of a call with
    arguments. `started` and `ended` are readings of `time.perf_counter`, in seconds.
    """

    __slots__ = ("ended", "inputs", "result", "started")

    result: Any
    inputs: Mapping[str, Any] | None
    started: float
    ended: float

    @property
    def status(self) -> str:
        return "succeeded"

    @property
    def error(self) -> None:
        return None

    @property
    def attempts(self) -> int:
        return 1

    @property
    def duration_ms(self) -> float:
        """How long the step took, in milliseconds."""
        return round((self.ended - self.started) * 1000, 3)


def succeeded(result: Any, inputs: Mapping[str, Any] | None, started: float, ended: float) -> Succeeded:
    """A filled state, where its price doesn't matter."""
    state = Succeeded()
    state.result, state.inputs, state.started, state.ended = result, inputs, started, ended
    return state


class Ended:
    """A step in any other state: skipped, failed, cancelled, retried, terminated, or not run yet (`pending`)."""

    __slots__ = ("attempts", "ended", "error", "inputs", "result", "started", "status")

    def __init__(
        self,
        status: str,
        result: Any = None,
        inputs: Mapping[str, Any] | None = None,
        started: float = 0.0,
        ended: float = 0.0,
        error: ErrorValue | None = None,
        attempts: int = 0,
    ) -> None:
        self.status = status
        self.result = result
        self.inputs = inputs
        self.started = started
        self.ended = ended
        self.error = error
        self.attempts = attempts

    @property
    def duration_ms(self) -> float:
        """How long the step took with all its attempts and waits, in milliseconds."""
        return round((self.ended - self.started) * 1000, 3)


StepState = Succeeded | Ended

PENDING: Final = Ended("pending")
SKIPPED: Final = Ended("skipped")


class Frame:
    """One level of names during a run: the flow's own, or that of one iteration of a `for_each`.

    Expressions read `v` (the states of the level's steps by id, all of them present), `up` (the frame around),
    `item` and `loop` (of the iteration), `inputs`, `env` and `context`. `path` is put before a step's id in
    events: `orders[3]/` inside the fourth iteration of `orders`.
    """

    __slots__ = ("call", "context", "env", "index", "inputs", "item", "length", "path", "up", "v")

    def __init__(
        self,
        call: FlowCall,
        v: dict[str, StepState],
        inputs: Mapping[str, Any],
        env: Mapping[str, str],
        context: Mapping[str, Any],
        path: str = "",
        up: Frame | None = None,
    ) -> None:
        self.call = call
        self.v = v
        self.inputs = inputs
        self.env = env
        self.context = context
        self.path = path
        self.up = up
        self.item: Any = None
        self.index = 0
        self.length = 0

    @property
    def loop(self) -> dict[str, Any]:
        """The iteration as expressions see it."""
        index, length = self.index, self.length
        return {
            "index": index,
            "number": index + 1,
            "first": index == 0,
            "last": index == length - 1,
            "length": length,
        }

    def events_of(self, plan: StepPlan) -> EventStream | None:
        """Where the events of a step go; None if nobody is to learn of it."""
        return self.call.run.hidden if plan.silent else self.call.events

    def below(self, v: dict[str, StepState], length: int) -> Frame:
        """A frame for the iterations of a loop in this one."""
        frame = Frame(self.call, v, self.inputs, self.env, self.context, self.path, self)
        frame.length = length
        return frame

    def view(self, *, path: str | None = None, **context: Any) -> Frame:
        """The same level, seen with another path, or with more in `context`."""
        frame = Frame(
            self.call,
            self.v,
            self.inputs,
            self.env,
            {**self.context, **context} if context else self.context,
            self.path if path is None else path,
            self.up,
        )
        frame.item, frame.index, frame.length = self.item, self.index, self.length
        return frame
