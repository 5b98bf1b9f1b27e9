"""A debugged run from its start to its end: what the terminal's signals mean, and which stop is talked about."""

from __future__ import annotations

import os
import signal
import threading
from time import sleep
from types import FrameType, TracebackType
from typing import Any, Final

from flowlang.cli.debug.completing import completion
from flowlang.cli.debug.prompt import EndOfInput, Prompt
from flowlang.cli.interrupts import INTERRUPTED
from flowlang.cli.terminal import tell
from flowlang.debugger import Stop

#: Seconds after which a signal that was not seen is sent again.
_PATIENCE: Final = 0.2
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Session:
    """While entered, Ctrl+C pauses the run, or ends what is typed at the prompt; once more it cancels the run."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._run = prompt.run
        self._stops: dict[int, Stop] = {}
        self._released: set[int] = set()
        self._asked = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Session:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._received)
        heard, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._woken_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        threading.Thread(target=self._remind, args=(heard, threading.get_ident()), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._woken_before)
        os.close(self._wake)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remind(self, heard: int, thread: int) -> None:
        """Repeat a SIGTERM that came just before a line began to be read: reading would wait for a key to see it."""
        with open(heard, "rb", buffering=0) as signals:
            while number := signals.read(1):
                if number[0] != signal.SIGTERM:
                    continue
                sleep(_PATIENCE)
                while not self._run.is_ending:
                    signal.pthread_kill(thread, signal.SIGTERM)
                    sleep(_PATIENCE)

    def talk(self) -> None:
        """Talk about one stop after the other, until the run is over."""
        self._run.start()
        with completion(self._prompt):
            while (stop := self._next_stop()) is not None:
                try:
                    self._prompt.converse(list(self._stops.values()), stop)
                except EndOfInput:
                    self._run.end("the input ended")
                except KeyboardInterrupt:
                    # it came between two lines
                    continue
                self._asked = 0
                self._released.add(self._prompt.here.id)

    def _next_stop(self) -> Stop | None:
        """The stop to talk about: the one that came last. None when the run is over."""
        while True:
            waiting = [stop for stop in self._stops.values() if stop.id not in self._released]
            if waiting and self._run.news.empty():
                return waiting[-1]
            news = self._run.news.get()
            if news.stop is None:
                return None
            if news.what == "stop":
                self._stops[news.stop.id] = news.stop
            else:
                self._stops.pop(news.stop.id, None)
                self._released.discard(news.stop.id)

    def _received(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self._run.end("terminated from outside")
            if self._prompt.listening:
                raise EndOfInput
        elif self._prompt.listening:
            raise KeyboardInterrupt
        else:
            self._asked += 1
            if self._asked == 1:
                tell("Pausing at the next step. Once more cancels the run.")
                self._run.debugger.pause()
            elif self._asked == 2:
                tell("Stopping: cleaning up. Once more ends it at once.")
                self._run.end("interrupted")
            else:
                os._exit(INTERRUPTED)
