"""`flowlang watch`: runs a flow, and again whenever something that it is made of is saved."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from time import localtime, strftime
from typing import TYPE_CHECKING, Any, Final

from flowlang.cli.arguments import FLOW_HELP, Parser
from flowlang.cli.failure import failure_text, shown_path
from flowlang.cli.headless import exit_code, tell_refusal
from flowlang.cli.readable import readable
from flowlang.cli.recorded import journal_for
from flowlang.cli.reports import summary, tell_log
from flowlang.cli.run_options import (
    Surroundings,
    add_input_options,
    add_journal_option,
    add_surroundings_options,
    inputs_of,
)
from flowlang.cli.target import mend_streams
from flowlang.cli.terminal import Palette, inert, one_line, tell
from flowlang.journal.compare_values import changes
from flowlang.project import Project
from flowlang.values import to_json
from flowlang.watch.rerunning import Outcome, Reruns

if TYPE_CHECKING:
    from flowlang.journal import RunRecorder

#: Exit code when nothing but Ctrl+C ended the watching; that is how it is meant to end.
ENDED: Final = 0

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SIGNS: Final = {"changed": "~", "added": "+", "removed": "-"}


def main(arguments: Sequence[str], prog: str = "flowlang watch") -> int:
    """Watch the flow that `arguments` name, until Ctrl+C."""
    options = _parser(prog).parse_args(arguments)
    project = Project(options.flow)
    options.inputs = options.test_inputs or options.inputs
    watching = _Watching(Path(os.path.abspath(project.main)), project, options)
    mend_streams()
    return asyncio.run(watching.perform())


class _Watching:
    """The runs of one flow as they are told on the terminal."""

    def __init__(self, flow: Path, project: Project, options: Namespace) -> None:
        self._flow = flow
        self._palette = Palette(sys.stdout)
        self._once: bool = options.once
        self._follow_up = None if options.on_success is None else FollowUp(options.on_success)
        self._before: dict[str, Any] | None = None
        self._journal = None if options.no_journal else journal_for(str(flow))
        surroundings = Surroundings(options, options.tasks_file or project.tasks_file)
        given = inputs_of(options, str(flow)) if options.inputs == "-" else None
        self._reruns = Reruns(
            flow,
            Path(project.root),
            tasks=surroundings.task_modules(),
            inputs=lambda: inputs_of(options, str(flow)) if given is None else given,
            make_executor=surroundings.executor_for,
            also=[path for path in (options.inputs, options.env_file) if path not in (None, "-")],
            listener=None if options.quiet else tell_log,
            make_recorder=self._recorder,
        )

    async def perform(self) -> int:
        """Tell each outcome until somebody has had enough; the exit code."""
        with _interrupts() as interrupted:
            async with aclosing(self._reruns.outcomes()) as outcomes:
                while (outcome := await _next(outcomes, interrupted)) is not None:
                    if self._follow_up is not None:
                        await self._follow_up.stop()
                    self._tell(outcome)
                    succeeded = outcome.result is not None and outcome.result.success
                    if succeeded and self._follow_up is not None:
                        await self._follow_up.start()
                    if self._once:
                        return await self._code(outcome)
                    _say(self._palette.faint("waiting for the next save; Ctrl+C ends"))
        if self._follow_up is not None:
            await self._follow_up.stop()
        return ENDED

    def _recorder(self) -> RunRecorder | None:
        return None if self._journal is None else self._journal.recorder()

    async def _code(self, outcome: Outcome) -> int:
        code = 2 if outcome.result is None else exit_code(outcome.result)
        return code if code or self._follow_up is None else await self._follow_up.ended()

    def _tell(self, outcome: Outcome) -> None:
        palette = self._palette
        if outcome.changed:
            names = sorted(shown_path(str(path)) for path in outcome.changed)
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            _say(palette.faint(f"\n── {shown} changed"))
        clock = palette.faint(strftime("%H:%M:%S", localtime()))
        if outcome.result is None:
            assert outcome.refused is not None, "a run that gave no result was refused"
            _say(f"{clock} {palette.bad('cannot run')}")
            tell_refusal(outcome.refused, str(self._flow), Palette(sys.stderr))
            return
        told = outcome.result.to_dict()
        _say(f"{clock} {summary(told, palette)}")
        before, self._before = self._before, told
        if told["error"] is not None:
            _say(failure_text(told["error"], palette))
        elif told["outputs"]:
            same = before is not None and before["success"] and before["outputs"] == told["outputs"]
            _say(palette.faint("  the same outputs as before") if same else "\n".join(readable(told["outputs"], 2)))
        if before is not None and (lines := list(_differences(before, told))):
            _say("\n".join([palette.strong("not as before:"), *lines]))
        if outcome.written:
            written = ", ".join(sorted(shown_path(str(path)) for path in outcome.written))
            _say(palette.faint(f"{written} changes whenever the flow runs: that starts no further run"))


class FollowUp:
    """A command of the shell that is run after each success; a newer run ends it."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._work: asyncio.Task[int] | None = None

    async def start(self) -> None:
        """Run it; what it prints goes where ours goes."""
        self._work = asyncio.create_task(self._run())

    async def ended(self) -> int:
        """Wait for it; its exit code."""
        return 0 if self._work is None else await self._work

    async def stop(self) -> None:
        """End it, with all that it started, if it still runs."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def _run(self) -> int:
        process = await asyncio.create_subprocess_shell(self._command, start_new_session=True)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()
            raise
        if code:
            tell(inert(f"`{self._command}` ended with code {code}"))
        return code


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it was in the run before: outputs, and how steps ended."""
    if before["success"] and after["success"]:
        for one in changes(before["outputs"], after["outputs"]):
            old, new = one_line(to_json(one.before)), one_line(to_json(one.after))
            told = {"added": new, "removed": old}.get(one.kind, f"{old} → {new}")
            yield f"  {_SIGNS[one.kind]} {one_line(one.at)}: {told}"
    states, now = ({step["id"]: step["status"] for step in run["steps"]} for run in (before, after))
    for step in dict.fromkeys([*states, *now]):
        was, is_now = states.get(step, "not reached"), now.get(step, "not reached")
        if was != is_now:
            yield f"  ~ step {one_line(step)}: {was} → {is_now}"


@contextmanager
def _interrupts() -> Iterator[asyncio.Future[None]]:
    """A future that is done when Ctrl+C or SIGTERM comes; a second one ends the process as ever."""
    loop = asyncio.get_running_loop()
    interrupted: asyncio.Future[None] = loop.create_future()

    def interrupt() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        interrupted.set_result(None)

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield interrupted
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _next(outcomes: AsyncGenerator[Outcome, None], interrupted: asyncio.Future[None]) -> Outcome | None:
    """The next outcome, or None when there is to be none. A run under way is cancelled then, and cleans up."""
    coming = asyncio.ensure_future(anext(outcomes))
    await asyncio.wait((coming, interrupted), return_when=asyncio.FIRST_COMPLETED)
    if interrupted.done():
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming
        return None
    return coming.result()


def _say(text: str) -> None:
    print(text, flush=True)


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog,
        "Run a flow, and again whenever the flow, its subflows, tasks, inputs or .env are saved.",
        f"{prog} flow.yaml --test-inputs test_inputs.json",
        more=(
            "One run at a time: a save while one is under way cancels it and starts another.\n"
            "Ctrl+C ends the watching with exit code 0; with --once the exit codes are those of `flowlang run`."
        ),
    )
    parser.add_argument("flow", metavar="FLOW", help=FLOW_HELP)
    add_input_options(parser)
    parser.add_argument("--test-inputs", metavar="FILE", help="another name for --inputs")
    add_surroundings_options(parser)
    add_journal_option(parser, "do not record the runs in the journal")
    parser.add_argument("--on-success", metavar="COMMAND", help="a command of the shell to run after each success")
    parser.add_argument("--once", action="store_true", help="run it once and end")
    parser.add_argument("--quiet", action="store_true", help="don't show what tasks log")
    return parser
