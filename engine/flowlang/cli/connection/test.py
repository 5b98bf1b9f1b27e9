"""`flowlang connection test`: a connection, stage by stage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from flowlang.cli.arguments import seconds
from flowlang.cli.connection.common import parser
from flowlang.cli.connection.project.common import environment_option
from flowlang.cli.connection.subject import Subject, find_subject
from flowlang.cli.printing import print_json
from flowlang.cli.readable import duration
from flowlang.cli.target import write_result
from flowlang.cli.terminal import Palette, inert
from flowlang.connections.activity import Activity
from flowlang.connections.probe import STAGE_SECONDS, OnStage, ProbeReport, StageResult, probe

_SIGNS: Final = {"ok": "✅", "failed": "❌", "skipped": "➖"}


def main(arguments: Sequence[str]) -> int:
    """Test one connection. Exit code 0 when it can be used, 1 when a stage failed."""
    command = parser(
        "test",
        "Test a connection stage by stage: resolve its name, reach it, speak TLS, authenticate,\n"
        "be authorised, measure the latency. It names the stage that failed and what to try.\n"
        "Nothing that runs is disturbed, and nothing is changed.",
        "flowlang connection test db --flow orders.yaml",
        exit_codes={
            0: "the connection can be used",
            1: "a stage failed",
            2: "the call, or the configuration, is invalid",
        },
        plugin=False,
    )
    command.add_argument(
        "connection",
        metavar="NAME|URL",
        help="a connection of the project, of the flow given with --flow, or a URL; `-` reads a URL from stdin",
    )
    command.add_argument("--flow", metavar="FILE", help="the flow that declares the connection")
    environment_option(command, "the environment whose values a project's connection gets")
    command.add_argument(
        "--timeout", type=seconds, default=STAGE_SECONDS, metavar="TIME", help="limit of each stage (default: 5s)"
    )
    options = command.parse_args(arguments)
    subject = find_subject(options.connection, options.flow, options.env)
    report = asyncio.run(_tested(subject, options.timeout, None if options.json else tell_stage))
    if subject.id is not None:
        Activity(subject.folder).note_report(subject.id, options.env, report)
    if options.json:
        print_json({"connection": subject.name, **report.to_dict()})
    else:
        write_result(None, _closing(subject, report) + "\n")
    return int(not report.ok)


async def _tested(subject: Subject, timeout: float, tell: OnStage | None) -> ProbeReport:
    return await probe(subject.plugin, subject.config, tell, timeout, folder=subject.folder)


def tell_stage(stage: StageResult) -> None:
    """One stage as it ends, with what to try if it failed."""
    palette = Palette(sys.stdout)
    took = "" if stage.status == "skipped" else duration(stage.ms)
    line = f"{_SIGNS[stage.status]} {stage.stage:12} {took:>9}  {inert(stage.message)}".rstrip()
    if stage.hint is not None:
        line += f"\n   {palette.strong(inert(stage.hint))}"
    write_result(None, line + "\n")


def _closing(subject: Subject, report: ProbeReport) -> str:
    palette = Palette(sys.stdout)
    if report.failed is None:
        return palette.good(f"{inert(subject.name)} ({report.type}) can be used")
    return palette.bad(f"{inert(subject.name)} ({report.type}) cannot be used: {report.failed.stage} failed")
