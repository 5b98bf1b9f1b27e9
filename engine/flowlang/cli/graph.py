"""`flowlang graph`: a flow's steps as a drawing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from flowlang.cli.arguments import FLOW_HELP, Parser
from flowlang.cli.problems import as_text
from flowlang.cli.target import write_result
from flowlang.cli.terminal import Palette, tell
from flowlang.language.diagnostics import Problems
from flowlang.language.graph import Graph, graph_of, to_dot, to_json, to_mermaid, to_text
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_file
from flowlang.project import Project

_FORMS: Final[dict[str, Callable[[Graph], str]]] = {
    "text": to_text,
    "mermaid": to_mermaid,
    "dot": to_dot,
    "json": to_json,
}


def main(arguments: Sequence[str]) -> int:
    """Print the graph of the flow that `arguments` name: of a broken file what could be read of it, and exit code 1."""
    options = _parser().parse_args(arguments)
    path = Project(options.flow).main
    problems = Problems(path)
    flow = parse_flow(read_file(path, problems), problems)
    if flow.steps:
        write_result(options.output_file, _FORMS[options.format](graph_of(flow)).rstrip("\n") + "\n")
    if problems.fatal:
        tell(as_text(problems.in_order(), Palette(sys.stderr)))
    return int(problems.fatal)


def _parser() -> Parser:
    parser = Parser(
        "flowlang graph",
        "Draw the steps of a flow, their order and what they read from each other.",
        "flowlang graph orders.yaml --format mermaid",
        exit_codes={
            0: "drawn",
            1: "the flow has errors; what could be read of it is drawn",
            2: "the call is invalid",
        },
    )
    parser.add_argument("flow", metavar="FLOW", help=FLOW_HELP)
    parser.add_argument("--format", choices=tuple(_FORMS), default="text", help="default: text")
    parser.add_argument("-o", "--output-file", metavar="FILE", help="write to a file instead of stdout")
    return parser
