"""The run behind the prompt: in a thread of its own, so that the terminal stays with the person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from flowlang.cli.reports import tell_log
from flowlang.debugger import Debugger, Stop
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import Event
from flowlang.runtime.result import FlowResult

if TYPE_CHECKING:
    from flowlang.cli.run import Call

T = TypeVar("T")


class News(NamedTuple):
    """What happened to the run: it stands at a stop, went on from it, or is over."""

    what: Literal["stop", "went on", "over"]
    stop: Stop | None = None


class DebuggedRun:
    """Runs what `make_call` makes with the debugger; `news` tells the thread of the prompt what becomes of it.

    Afterwards either `result` or `error`, what the run raised, is there. `is_ending` once somebody ended it.
    """

    def __init__(self, make_call: Callable[[Debugger], Call]) -> None:
        self.news: SimpleQueue[News] = SimpleQueue()
        self.debugger = Debugger(
            on_stop=lambda stop: self.news.put(News("stop", stop)),
            on_resume=lambda stop: self.news.put(News("went on", stop)),
        )
        self.call = make_call(self.debugger)
        self.result: FlowResult | None = None
        self.error: BaseException | None = None
        self.token = CancellationToken()
        self.is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._run, name="flowlang-debug", daemon=True)

    def start(self) -> None:
        """Begin the run."""
        self._thread.start()

    def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives, run in the run's event loop; an exception, Ctrl+C too, cancels it."""
        assert self._loop is not None, "there is a stop, so there is a loop"
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def end(self, reason: str) -> None:
        """Cancel the run, wherever it stands; its handlers run, and nothing stops any more."""

        async def ended() -> None:
            await self.token.cancel(reason)
            self.debugger.let_go()

        self.is_ending = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(ended(), loop)

    def _run(self) -> None:
        try:
            self.result = asyncio.run(self._execute())
        # whatever it is, it is raised again in the thread of the prompt
        except BaseException as error:
            self.error = error
        finally:
            self.news.put(News("over"))

    async def _execute(self) -> FlowResult:
        self._loop = asyncio.get_running_loop()
        return await self.call.run(self._listen, self.token)

    def _listen(self, event: Event) -> None:
        tell_log(event)
