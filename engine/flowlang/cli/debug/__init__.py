"""`flowlang debug`: runs a flow, and stops at its steps with a prompt."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowlang.cli.arguments import FLOW_HELP, Parser
from flowlang.cli.debug.breaking import SYNTAX, Steps
from flowlang.cli.debug.points import Points
from flowlang.cli.debug.prompt import Prompt
from flowlang.cli.debug.running import DebuggedRun
from flowlang.cli.debug.session import Session
from flowlang.cli.headless import exit_code, tell_how_to_resume, tell_refusal
from flowlang.cli.reports import TextReport
from flowlang.cli.run import Call
from flowlang.cli.run_options import EXIT_CODES, add_input_options, add_journal_option, add_surroundings_options
from flowlang.cli.standing_in import add_options
from flowlang.cli.target import Target, UsageError
from flowlang.cli.terminal import Palette
from flowlang.debugger import Breakpoint, Breakpoints, Debugger
from flowlang.debugger.breakpoints import ANY_STEP, flow_key
from flowlang.errors import FlowLangError
from flowlang.language.lookup import find_root
from flowlang.project import Project

PROG = "flowlang debug"


def main(arguments: Sequence[str]) -> int:
    """Debug the flow that `arguments` name, and give back the exit code of its run."""
    options = _parser().parse_args(arguments)
    project = Project(options.flow)
    run = DebuggedRun(lambda debugger: Call(project.main, project, options, interceptors=[debugger]))
    try:
        steps = Steps(run.call.executor.prepare(Path(run.call.flow)))
    except FlowLangError as error:
        tell_refusal(error, run.call.flow, Palette(sys.stderr))
        return 2
    points = _points(run.debugger, steps, options)
    if not any(point.step != ANY_STEP and point.log is None and point.enabled for point in points.all):
        run.debugger.pause()
    palette = Palette(sys.stdout)
    with Session(Prompt(run, steps, points, palette)) as session:
        session.talk()
    return _end(run, palette)


def _points(debugger: Debugger, steps: Steps, options: Namespace) -> Points:
    """The breakpoints that the project keeps, those that were asked for, and one where anything fails."""
    kept = Breakpoints(find_root(Path(steps.main.path or ".")))
    points = Points(debugger, kept, ["", *(flow_key(plan) for plan in steps.main.with_subplans())])
    for text, condition in options.breaks:
        point = steps.breakpoint(text if condition is None else f"{text} if {condition}")
        points.add(point, keep=False)
    if not options.through_errors:
        points.add(Breakpoint(ANY_STEP, "error"), keep=False)
    return points


def _end(run: DebuggedRun, palette: Palette) -> int:
    if run.result is None:
        error = run.error
        if isinstance(error, FlowLangError):
            tell_refusal(error, run.call.flow, Palette(sys.stderr))
            return 2
        assert error is not None, "a run without a result has raised"
        raise error
    sys.stdout.flush()
    TextReport(Target(sys.stdout.buffer, sys.stdout.encoding), palette).result(run.result)
    tell_how_to_resume(run.call, run.result)
    return exit_code(run.result)


class _Condition(Action):
    """`--condition` belongs to the `--break` before it."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None
    ) -> None:
        if not namespace.breaks:
            raise UsageError("--condition belongs behind a --break")
        namespace.breaks = [*namespace.breaks[:-1], (namespace.breaks[-1][0], values)]


class _Break(Action):
    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None
    ) -> None:
        namespace.breaks = [*namespace.breaks, (values, None)]


def _parser() -> Parser:
    parser = Parser(
        PROG,
        "Run a flow and stop at its steps: look at its data, query its databases, change values, go on. Without\n"
        "a breakpoint it stops before the first step; it stops where anything fails. `help` at the prompt tells\n"
        "what can be done.",
        f"{PROG} orders.yaml --break orders/ship --condition 'order.total > 100'",
        exit_codes=EXIT_CODES,
    )
    parser.add_argument("flow", metavar="FLOW", help=FLOW_HELP)
    add_input_options(parser)
    parser.set_defaults(breaks=[], timeout=None)
    parser.add_argument("--break", dest="breaks", metavar="PLACE", action=_Break, help=SYNTAX.replace("%", "%%"))
    parser.add_argument("--condition", metavar="EXPR", action=_Condition, help="stop there only where this holds")
    parser.add_argument("--through-errors", action="store_true", help="do not stop where a step fails")
    add_surroundings_options(parser)
    add_journal_option(parser)
    add_options(parser)
    return parser
