"""What a check of the contract is, and how it is run."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar
from unittest import SkipTest

from flowlang.connections.limits import limited

if TYPE_CHECKING:
    from flowlang.connections.contract.subject import Subject

#: How many seconds one check may take.
CHECK_SECONDS: Final = 60.0

Function = Callable[["Subject"], Awaitable[None] | None]
F = TypeVar("F", bound=Function)


class Violation(AssertionError):
    """The plugin breaks the contract. The message says how, and what it should do."""


class NotApplicable(SkipTest):
    """The check has nothing to look at. Test runners take it as a skipped test."""


class Definition(NamedTuple):
    """A check, of any plugin. A `live` one needs a server."""

    name: str
    function: Function
    live: bool


#: Every check there is, in the order in which they are run.
DEFINITIONS: Final[list[Definition]] = []


def check(name: str, *, live: bool = False) -> Callable[[F], F]:
    """Add a function to the contract. It raises Violation, or NotApplicable, or nothing."""

    def add(function: F) -> F:
        DEFINITIONS.append(Definition(name, function, live))
        return function

    return add


def require(holds: object, message: str) -> None:
    """Raise Violation with `message` unless something holds."""
    if not holds:
        raise Violation(message)


class CheckResult(NamedTuple):
    """How a check ended."""

    name: str
    status: Literal["ok", "failed", "skipped"]
    ms: float
    message: str = ""


class Check:
    """One check of one plugin: call it and await that, as a test does, or `run` it for a result."""

    def __init__(self, definition: Definition, subject: Subject) -> None:
        self.name = definition.name
        self.live = definition.live
        self._function = definition.function
        self._subject = subject

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Check {self.name!r} of {self._subject.name}>"

    async def __call__(self) -> None:
        """Raise Violation if the plugin breaks the contract, NotApplicable if there is nothing to check."""
        if self.live and not self._subject.live:
            raise NotApplicable("needs a server")
        try:
            done = self._function(self._subject)
            if inspect.isawaitable(done):
                await limited(_awaited(done), CHECK_SECONDS)
        except TimeoutError as error:
            raise Violation(f"it did not end within {CHECK_SECONDS:g} s") from error

    async def run(self) -> CheckResult:
        """Run the check; whatever else the plugin raises counts as a violation."""
        started = perf_counter()
        message, status = "", "ok"
        try:
            await self()
        except NotApplicable as reason:
            status, message = "skipped", str(reason)
        except Violation as violation:
            status, message = "failed", str(violation)
        # the plugin is somebody else's code: what it raises is what the check found
        except Exception as error:
            status, message = "failed", f"{type(error).__name__}: {error}"
        ms = round((perf_counter() - started) * 1000, 3)
        return CheckResult(self.name, status, ms, self._subject.mask(message))  # type: ignore[arg-type]


async def _awaited(done: Awaitable[None]) -> None:
    await done
