"""`flowlang check`: finds the problems of flows without running them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from flowlang.cli.arguments import Parser
from flowlang.cli.problems import as_github, as_json, as_text, count_of, problems_of
from flowlang.cli.standing_in import problems_of_pins
from flowlang.cli.target import UsageError, write_result
from flowlang.cli.terminal import Palette, tell
from flowlang.language.diagnostics import Diagnostic
from flowlang.project import Project
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.loader import TaskLoadError, load_registry
from flowlang.tasks.registry import TaskRegistry


def main(arguments: Sequence[str]) -> int:
    """Check the flows that `arguments` name. Exit code 0: no errors, 1: errors."""
    options = _parser().parse_args(arguments)
    paths = _flows(options.paths)
    problems = _problems(paths, options.tasks_file)
    palette = Palette(sys.stdout)
    if options.format == "json":
        write_result(None, as_json(problems) + "\n")
    elif problems:
        write_result(None, (as_text(problems, palette) if options.format == "text" else as_github(problems)) + "\n")
    if options.format == "text":
        write_result(None, ("\n" if problems else "") + count_of(problems, len(paths)) + "\n")
    else:
        tell(count_of(problems, len(paths)))
    failing = ("error", "warning") if options.strict else ("error",)
    return int(any(problem.severity in failing for problem in problems))


def _problems(paths: Sequence[str], tasks_file: str | None) -> list[Diagnostic]:
    """The problems of all the flows, each once: a flow that others call is checked with them too."""
    found: dict[Diagnostic, None] = {}
    preparers: dict[str, Preparer] = {}
    for path in paths:
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in preparers:
            preparers[folder], trouble = _preparer(tasks_file or Project(folder).tasks_file)
            found |= dict.fromkeys(trouble)
        loaded = preparers[folder].load(Path(path), Path(folder))
        found |= dict.fromkeys(loaded.problems)
        found |= dict.fromkeys(problems_of_pins(path, loaded))
    return list(found)


def _preparer(tasks_file: str | None) -> tuple[Preparer, Sequence[Diagnostic]]:
    """What checks the flows of a folder, and the problems of its tasks file."""
    if tasks_file is None:
        return Preparer(TaskRegistry()), ()
    try:
        return Preparer(load_registry(Path(tasks_file).absolute(), required=True)), ()
    except TaskLoadError as error:
        return Preparer(TaskRegistry(), tasks_known=False), problems_of(error)


def _flows(paths: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for path in paths:
        flows = Project(path).flows
        if not flows:
            raise UsageError(f"{path} has no flows: no .yaml or .yml file in it has a top-level key `flow`")
        found |= dict.fromkeys(flow.path for flow in flows)
    return list(found)


def _parser() -> Parser:
    parser = Parser(
        "flowlang check",
        "Find the problems of flows without running them. Nothing is connected to.",
        "flowlang check flows/ --format github",
        exit_codes={
            0: "no errors",
            1: "at least one error, or with --strict a warning",
            2: "the call is invalid",
        },
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a flow's file, or a folder to search for flows")
    parser.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="text for people (default), a JSON list, or annotations for GitHub Actions",
    )
    parser.add_argument(
        "--tasks-file",
        metavar="FILE",
        help="the Python file with the tasks of all these flows (default: flow.py beside each)",
    )
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    return parser
