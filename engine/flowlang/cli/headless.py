"""A run without a screen: signals cancel it, its progress and its ending go to stderr, its result to a report."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from flowlang.cli.interrupts import INTERRUPTED, Interrupts
from flowlang.cli.reports import REPORTS, Report, sandbox_text, summary, tell_log
from flowlang.cli.target import open_target, results_apart
from flowlang.cli.terminal import Palette, inert, is_terminal, one_line, tell
from flowlang.errors import FlowLangError
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import Event
from flowlang.runtime.result import FlowResult

#: Exit codes by how far a failed run had come; 1 for what is not here.
_BY_PHASE: Final = {"inputs": 2, "environment": 2, "connect": 3}

Listener = Callable[[Event], None]


class Work(Protocol):
    """What is to be run: the whole of a flow, or what is left of a run."""

    #: The file of the flow.
    flow: str

    @property
    def resume(self) -> str | None:
        """The command that runs what is left of it; None if the run is not recorded."""

    async def run(self, listener: Listener | None, token: CancellationToken) -> FlowResult:
        """Run it to its end."""


class Headless:
    """Runs one thing as `--output`, `--output-file` and `--quiet` say. `prog` is the command's name."""

    def __init__(self, work: Work, options: Namespace, prog: str) -> None:
        self._work = work
        self._prog = prog
        self._quiet: bool = options.quiet
        self._output: str | None = options.output
        self._output_file: str | None = options.output_file

    def perform(self) -> int:
        """Run it, have the result reported, and give back the exit code."""
        path = self._output_file
        form = self._output or ("text" if path is None and is_terminal(sys.stdout) else "json")
        palette = Palette(sys.stdout if path is None else None)
        encoding = sys.stdout.encoding if form == "text" else "utf-8"
        with results_apart() as stdout:
            with open_target(path, stdout, encoding=encoding, streamed=form == "events") as target:
                code = self._answer(REPORTS[form](target, palette))
            if target.problem is not None:
                tell(inert(f"{self._prog}: the result could not be written: {target.problem}"))
                code = code or 1
        return code

    def _answer(self, report: Report) -> int:
        palette = Palette(sys.stderr)
        try:
            result = asyncio.run(self._execute(report))
        except FlowLangError as error:
            report.refused(error, self._work.flow)
            tell_refusal(error, self._work.flow, palette)
            return 2
        report.result(result)
        if not report.in_words or self._output_file is not None:
            self._tell_ending(result, palette)
        if not self._quiet:
            tell_how_to_resume(self._work, result)
        return exit_code(result)

    async def _execute(self, report: Report) -> FlowResult:
        token = CancellationToken()
        with (
            Interrupts(token, quiet=self._quiet, farewell=lambda: how_to_resume(self._work)),
            self._progress() as progress,
        ):
            logs = None if self._quiet or report.streams else tell_log
            listener = _listener([each for each in (report.event, progress, logs) if each is not None])
            return await self._work.run(listener, token)

    def _progress(self) -> AbstractContextManager[Listener | None]:
        if self._quiet or not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
            return nullcontext()
        from flowlang.cli.progress import Progress

        return Progress()

    def _tell_ending(self, result: FlowResult, palette: Palette) -> None:
        told = result.to_dict()
        if told["error"] is not None:
            from flowlang.cli.failure import failure_text

            tell(failure_text(told["error"], palette))
        if not self._quiet:
            where = "" if self._output_file is None else f"; the result is in {one_line(self._output_file)}"
            tell(summary(told, palette) + where)
            if "sandbox" in told:
                tell(sandbox_text(told["sandbox"]))


def tell_how_to_resume(work: Work, result: FlowResult) -> None:
    """Tell how a run that did not come to a good end is gone on with."""
    how = how_to_resume(work)
    if how is not None and not result.success and exit_code(result) != 2:
        tell(how)


def how_to_resume(work: Work) -> str | None:
    """The line that says how what is left of a run is run."""
    return None if work.resume is None else inert(f"What is left of it runs with: {work.resume}")


def exit_code(result: FlowResult) -> int:
    """0 success, 1 failure, 2 what was given to the flow doesn't fit it, 3 no connection, 130 cancelled."""
    if result.success:
        return 0
    if result.cancelled:
        return INTERRUPTED
    return 1 if result.error is None else _BY_PHASE.get(result.error.phase, 1)


def tell_refusal(error: FlowLangError, flow: str, palette: Palette) -> None:
    """Tell why the flow in the file `flow` cannot run."""
    from flowlang.cli.failure import shown_path
    from flowlang.cli.problems import as_text, count_of, problems_of

    problems = problems_of(error)
    if problems:
        tell(as_text(problems, palette))
        tell(f"\n{shown_path(flow)} cannot run: {count_of(problems, 1)}")
        return
    tell(f"{palette.bad(type(error).__name__)}: {inert(str(error))}")
    if error.hint:
        tell(inert(error.hint))


def _listener(listeners: list[Listener]) -> Listener | None:
    if len(listeners) < 2:
        return listeners[0] if listeners else None

    def listener(event: Event) -> None:
        for each in listeners:
            each(event)

    return listener
