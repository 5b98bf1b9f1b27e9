"""Pins and mocks: steps that don't run, because a file says what they give, or how they fail."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang import errors
from flowlang.debugger.pin_check import check_pins
from flowlang.debugger.pin_file import Pin, PinFile, PinnedError, pins_path, read_pins, segments_of
from flowlang.errors import FlowExecutionError, FlowValidationError
from flowlang.runtime.failure import StepFailed
from flowlang.runtime.interception import Answer, Answered, Intercepted, Interception, Interceptor

if TYPE_CHECKING:
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.plan import Plan
    from flowlang.runtime.run import Run

__all__ = [
    "Pin",
    "PinFile",
    "PinnedError",
    "Pins",
    "check_pins",
    "checked_pins",
    "pins_path",
    "read_pins",
    "usable_pins",
]

#: A coroutine can't raise these; an error that is called so is made instead.
_NOT_RAISED: Final = frozenset({"StopIteration", "StopAsyncIteration", "GeneratorExit"})


class Pins(Interceptor):
    """Answers for the pinned steps of one run. `used` is how often each pin was, by its address.

    A pinned step whose condition doesn't hold is skipped as ever.
    """

    def __init__(self, pins: Iterable[Pin]) -> None:
        self.used: dict[str, int] = {}
        self._by_address: dict[str, list[Pin]] = {}
        for pin in pins:
            self._by_address.setdefault(_without_indexes(pin.segments), []).append(pin)
        for several in self._by_address.values():
            several.sort(key=_generality)

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        ids = {address.rpartition("/")[2] for address in self._by_address}
        steps = (step for one in plan.with_subplans() for step in one.every_step)
        interception.concern(self, [step for step in steps if step.id in ids])

    async def before(self, execution: Intercepted) -> Answer | None:
        pin = self._pin(execution)
        if pin is None or pin.error is not None or not _is_wanted(execution):
            return None
        self._use(pin)
        return Answer("pin", pin.output)

    async def bound(self, execution: Intercepted) -> None:
        pin = self._pin(execution)
        if pin is None or pin.error is None:
            return
        fails = pin.error.attempts is None or execution.attempt <= pin.error.attempts
        execution.answered_by = "pin" if fails or pin.has_output else None
        if fails:
            self._use(pin)
            raise exception_of(pin.error)
        if pin.has_output:
            raise Answered(pin.output)

    def told(self) -> dict[str, Any]:
        return {"pins": dict(self.used)}

    def _pin(self, execution: Intercepted) -> Pin | None:
        here = segments_of(execution.frame.path + execution.plan.id)
        several = self._by_address.get(_without_indexes(here), ())
        return next((pin for pin in several if _fits(pin, here)), None)

    def _use(self, pin: Pin) -> None:
        self.used[pin.address] = self.used.get(pin.address, 0) + 1


def checked_pins(flow: str | os.PathLike[str], executor: FlowExecutor) -> PinFile:
    """The pins of a flow's file, checked against the flow as `executor` would run it.

    Raises FlowValidationError for a flow that can't run.
    """
    file = read_pins(flow)
    if file.pins:
        path = Path(flow).absolute()
        loaded = executor.preparer.load(path, path.parent)
        if loaded.plan is None:
            raise FlowValidationError(loaded.problems)
        file.problems = check_pins(file, loaded.plan, loaded.catalog)
    return file


def usable_pins(flow: str | os.PathLike[str], executor: FlowExecutor) -> PinFile:
    """The same. Raises FlowValidationError too when something is wrong with the pins."""
    file = checked_pins(flow, executor)
    if file.is_broken:
        raise FlowValidationError(file.problems)
    return file


def _is_wanted(execution: Intercepted) -> bool:
    """Whether the step's condition lets it run; what can't be said is told when the step itself looks."""
    condition = execution.plan.condition
    if condition is None:
        return True
    try:
        return execution.wanted(condition)
    except StepFailed:
        return False


def _without_indexes(segments: Sequence[tuple[str, int | None]]) -> str:
    return "/".join(name for name, _ in segments)


def _generality(pin: Pin) -> list[bool]:
    """What sorts the pins that name an iteration before those that hold for all, the outermost loop first."""
    return [index is None for _, index in pin.segments]


def _fits(pin: Pin, here: Sequence[tuple[str, int | None]]) -> bool:
    return all(index is None or index == at for (_, index), (_, at) in zip(pin.segments, here, strict=True))


def exception_of(pinned: PinnedError) -> Exception:
    """An error of that name: a kind of the one that Python or flowlang calls so, if there is one."""
    base = getattr(errors, pinned.type, None) or getattr(builtins, pinned.type, None)
    if not isinstance(base, type) or not issubclass(base, Exception) or pinned.type in _NOT_RAISED:
        base = FlowExecutionError

    def begin(error: Exception, *_: object) -> None:
        error.args = ()

    kind: type[Exception] = type(pinned.type, (base,), {"__init__": begin, "__str__": lambda error: pinned.message})
    return kind()
