"""`flowlang run`, which is `flowlang-tui --run` too: runs a flow and prints its result."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

from flowlang.cli.arguments import Parser
from flowlang.cli.interrupts import INTERRUPTED, Interrupts
from flowlang.cli.reports import REPORTS, Report, summary, tell_log
from flowlang.cli.target import UsageError, open_target, results_apart
from flowlang.cli.terminal import Palette, inert, is_terminal, one_line, tell
from flowlang.connections.project import ENVIRONMENTS
from flowlang.errors import FlowLangError
from flowlang.language.durations import parse_duration
from flowlang.project import Project
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import Event
from flowlang.runtime.executor import FlowExecutor
from flowlang.runtime.result import FlowResult
from flowlang.tasks.loader import load_registry

#: Exit codes by how far a failed run had come; 1 for what is not here.
_BY_PHASE: Final = {"inputs": 2, "environment": 2, "connect": 3}


def main(arguments: Sequence[str], prog: str = "flowlang run", *, as_option: bool = False) -> int:
    """Run the flow that `arguments` name. With `as_option` the flow is the value of `--run`."""
    options = _parser(prog, as_option).parse_args(arguments)
    project = Project(options.flow)
    call = Call(project.main, options.tasks_file or project.tasks_file, options)
    form = options.output or ("text" if options.output_file is None and is_terminal(sys.stdout) else "json")
    palette = Palette(sys.stdout if options.output_file is None else None)
    encoding = sys.stdout.encoding if form == "text" else "utf-8"
    with results_apart() as stdout:
        with open_target(options.output_file, stdout, encoding=encoding, streamed=form == "events") as target:
            code = call.answer(REPORTS[form](target, palette))
        if target.problem is not None:
            tell(inert(f"{prog}: the result could not be written: {target.problem}"))
            code = code or 1
    return code


def exit_code(result: FlowResult) -> int:
    """0 success, 1 failure, 2 what was given to the flow doesn't fit it, 3 no connection, 130 cancelled."""
    if result.success:
        return 0
    if result.cancelled:
        return INTERRUPTED
    return 1 if result.error is None else _BY_PHASE.get(result.error.phase, 1)


class Call:
    """One run as it was asked for on the command line."""

    def __init__(self, flow: str, tasks_file: str | None, options: Namespace) -> None:
        for path, option in ((tasks_file, "--tasks-file"), (options.env_file, "--env-file")):
            if path is not None and not os.path.isfile(path):
                raise UsageError(f"{option}: there is no file {path}")
        self._flow = os.path.abspath(flow)
        self._tasks_file = None if tasks_file is None else Path(tasks_file).absolute()
        self._inputs = _inputs(options, flow)
        self._env_file: str | None = options.env_file
        self._environment: str | None = options.env
        self._timeout: float | None = options.timeout
        self._quiet: bool = options.quiet
        self._output_file: str | None = options.output_file

    def answer(self, report: Report) -> int:
        """Run the flow, have its result reported, and give back the exit code."""
        palette = Palette(sys.stderr)
        try:
            result = asyncio.run(self._execute(report))
        except FlowLangError as error:
            report.refused(error, self._flow)
            _tell_refusal(error, self._flow, palette)
            return 2
        report.result(result)
        if not report.in_words or self._output_file is not None:
            self._tell_ending(result, palette)
        return exit_code(result)

    async def _execute(self, report: Report) -> FlowResult:
        token = CancellationToken()
        with Interrupts(token, quiet=self._quiet):
            registry = None if self._tasks_file is None else load_registry(self._tasks_file, required=True)
            executor = FlowExecutor(registry, env_file=self._env_file, environment=self._environment)
            with self._progress() as progress:
                logs = None if self._quiet or report.streams else tell_log
                listener = _listener([each for each in (report.event, progress, logs) if each is not None])
                return await executor.execute_flow(
                    Path(self._flow), self._inputs, listener, token, timeout=self._timeout
                )

    def _progress(self) -> AbstractContextManager[Callable[[Event], None] | None]:
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


def _inputs(options: Namespace, flow: str) -> dict[str, Any]:
    if options.inputs is None and not options.input:
        return {}
    from flowlang.cli.inputs import gather

    return gather(options.inputs, options.input, flow)


def _listener(listeners: list[Callable[[Event], None]]) -> Callable[[Event], None] | None:
    if len(listeners) < 2:
        return listeners[0] if listeners else None

    def listener(event: Event) -> None:
        for each in listeners:
            each(event)

    return listener


def _tell_refusal(error: FlowLangError, flow: str, palette: Palette) -> None:
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


def _parser(prog: str, as_option: bool) -> Parser:
    flow = "--run FLOW" if as_option else "FLOW"
    parser = Parser(
        prog,
        "Run a flow and print its result on stdout; everything else goes to stderr.",
        f"{prog.removesuffix(' --run')} {flow.replace('FLOW', 'orders.yaml')} --input day=2024-05-01 --output json\n\n"
        "exit codes:\n"
        "  0    the flow succeeded, or an `exit` ended it well\n"
        "  1    the flow failed\n"
        "  2    the flow, its inputs or the call are invalid\n"
        "  3    a connection could not be opened\n"
        "  130  cancelled by Ctrl+C",
    )
    about = "a flow's file, or a folder with a flow.yaml or a single flow in it"
    if as_option:
        parser.add_argument("--run", dest="flow", metavar="FLOW", required=True, help=about)
    else:
        parser.add_argument("flow", metavar="FLOW", help=about)
    add = parser.add_argument
    add("--inputs", metavar="FILE", help="a JSON or YAML file with the flow's inputs; `-` reads stdin")
    add(
        "--input",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one input, read as its declared type; may be repeated, and overrides --inputs",
    )
    add("--tasks-file", metavar="FILE", help="the Python file with the project's tasks (default: flow.py beside it)")
    add("--env-file", metavar="FILE", help="a file of NAME=value lines, read besides .env")
    add("--env", choices=ENVIRONMENTS, help="use the values that the project's stored connections have there")
    add("--output", choices=tuple(REPORTS), help="form of the result (default: text on a terminal, else json)")
    add("--output-file", metavar="FILE", help="write the result to a file instead of stdout")
    add("--timeout", metavar="TIME", type=_seconds, help="how long the run may take: 90, 500ms, 10s, 5m, 2h")
    add("--quiet", action="store_true", help="nothing on stderr but errors")
    return parser


def _seconds(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        return parse_duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
