"""A run under way: flows run in the engine's thread, and what they tell is taken up in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, Final

from flowlang import FlowLangError
from flowlang_tui.session.engine import EngineThread
from flowlang_tui.session.launch import Prepared
from flowlang_tui.session.log_lines import log_event
from flowlang_tui.session.records import RunRecord

if TYPE_CHECKING:
    from flowlang import Event, FlowResult

#: How many events may wait to be taken up before the run itself does it.
WAITING: Final = 2000
#: How long a run stands still for one painting of the screen, in seconds.
ROOM: Final = 0.1
#: How many events are taken up at once, so that a frame stays short.
BATCH: Final = 500


class ActiveRun:
    """One run and its record. `ended` is called once, in the engine's thread, when all is over."""

    def __init__(
        self,
        engine: EngineThread,
        prepared: Prepared,
        ended: Callable[[ActiveRun], None],
    ) -> None:
        from flowlang import CancellationToken

        path = prepared.launch.path
        self.record = RunRecord(path, path.stem, {})
        self.record.is_sandbox = prepared.launch.sandbox
        self.record.stood = next((one.stood for one in prepared.interceptors if one.stood is not None), None)
        self.prepared = prepared
        self.is_cancelling = False
        self._engine = engine
        self._ended = ended
        self._token = CancellationToken()
        self._waiting: deque[Event] = deque()
        self._lock = threading.Lock()
        self._future: Future[FlowResult] | None = None
        self._room_until = 0.0

    def start(self) -> None:
        """Begin. The record is `queued` until the first event comes."""
        self._future = self._engine.submit(self.prepared.execute(self._listen, self._token))
        self._future.add_done_callback(self._finish)

    def cancel(self, reason: str = "cancelled by the user") -> None:
        """Ask the run to stop: its steps are cancelled, `on_cancel` and `finally` run."""
        self.is_cancelling = True
        if self._future is not None and not self._future.done():
            self._engine.submit(self._token.cancel(reason))

    def take_up(self, most: int = BATCH) -> bool:
        """Put into the record what was told since, unless the other thread is at it; whether anything was."""
        if not self._waiting or not self._lock.acquire(blocking=False):
            return False
        try:
            self._absorb(most)
        finally:
            self._lock.release()
        return True

    def make_room(self, wanted: bool) -> None:
        """Let the run stand still while a screen is painted, for `ROOM` seconds at most: two threads share one lock."""
        self._room_until = perf_counter() + ROOM if wanted else 0.0

    def _listen(self, event: Event) -> None:
        self._waiting.append(event)
        while self._room_until > perf_counter():
            sleep(0.001)
        if len(self._waiting) >= WAITING:
            with self._lock:
                self._absorb(WAITING)

    def _absorb(self, most: int) -> None:
        while most > 0 and self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, most, len(self._waiting)))]
            most -= len(batch)
            self.record.apply(batch)
            for event in batch:
                log_event(self.record.log, event)

    def _finish(self, future: Future[FlowResult]) -> None:
        with self._lock:
            while self._waiting:
                self._absorb(len(self._waiting))
            if not self.record.is_over:
                self._fail(future)
        self._ended(self)

    def _fail(self, future: Future[FlowResult]) -> None:
        """The run ended without telling so: it never began, or was torn down with the engine."""
        error = None if future.cancelled() else future.exception()
        if error is None:
            self.record.end("cancelled", reason="the workbench was closed")
        else:
            self.record.end("failed", error=_told(error))


def _told(error: BaseException) -> dict[str, Any]:
    """An error that came before the run's first event, as an event would tell it."""
    told: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, FlowLangError) and error.hint:
        told["hint"] = error.hint
    return told
