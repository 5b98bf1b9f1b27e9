"""The live view of a run on a terminal: what is running, what is done, how far the loops are."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flowlang.cli.readable import duration
from flowlang.cli.terminal import one_line
from flowlang.runtime.events import Event

#: How many running steps are listed at once.
SHOWN: Final = 6

_PER_SECOND: Final = 8


class Progress:
    """Shows the events of one run on stderr, and is gone without a trace when it ends."""

    def __init__(self) -> None:
        self._spinner = Spinner("dots")
        self._began = monotonic()
        self._flow = ""
        self._done = 0
        self._failed = 0
        self._running: dict[str, float] = {}
        self._loops: dict[str, tuple[int, int | None]] = {}
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=True,
            redirect_stderr=True,
        )

    def __enter__(self) -> Callable[[Event], None]:
        self._live.start()
        return self.event

    def __exit__(self, *ending: object) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        """Take note of an event; the screen follows by its own clock."""
        kind = event["type"]
        if kind == "step_started":
            self._running[event["path"]] = monotonic()
        elif kind in ("step_completed", "step_failed"):
            self._running.pop(event["path"], None)
            self._loops.pop(event["path"], None)
            self._done += kind == "step_completed"
            self._failed += kind == "step_failed"
        elif kind == "iteration_completed":
            loop = event["path"]
            self._loops[loop] = (self._loops.get(loop, (0, None))[0] + 1, event["length"])
        elif kind == "iterations_answered":
            self._loops[event["path"]] = (event["count"], event["length"])
        elif kind == "flow_started" and not self._flow:
            self._flow = one_line(event["flow"])

    def _render(self) -> Table:
        view = Table.grid(padding=(0, 1))
        failed = f", {self._failed} failed" if self._failed else ""
        done = f"{self._done} done{failed}  {_elapsed(self._began)}"
        view.add_row(self._spinner, Text(self._flow or "starting", style="bold", no_wrap=True), Text(done))
        running = list(self._running.items())
        for path, began in running[:SHOWN]:
            view.add_row("", Text(one_line(path), no_wrap=True), Text(self._loop(path) + _elapsed(began), style="dim"))
        if len(running) > SHOWN:
            view.add_row("", Text(f"and {len(running) - SHOWN} more", style="dim"), "")
        return view

    def _loop(self, path: str) -> str:
        if path not in self._loops:
            return ""
        count, length = self._loops[path]
        return f"{count} of {length}  " if length is not None else f"{count} times  "


def _elapsed(began: float) -> str:
    seconds = monotonic() - began
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds * 1000)
