"""`flowlang scaffold`, which is `python -m flowlang.scaffolder` too: what a flow's folder needs around the flow."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final, get_args

from flowlang.cli.arguments import FLOW_HELP, Parser
from flowlang.cli.failure import shown_path
from flowlang.cli.headless import tell_refusal
from flowlang.cli.target import write_result
from flowlang.cli.terminal import Palette, inert, one_line, tell
from flowlang.errors import FlowValidationError
from flowlang.project import Project
from flowlang.scaffold.around import Mode, Scaffold, scaffold
from flowlang.values import to_json

MODES: Final[tuple[str, ...]] = get_args(Mode)


def main(arguments: Sequence[str], prog: str = "flowlang scaffold") -> int:
    """Write what the folder of a flow lacks."""
    words = list(arguments)
    mode: Mode = words.pop(0) if words and words[0] in MODES else "scaffold"  # type: ignore[assignment]
    options = _parser(prog).parse_args(words)
    flow = Project(options.flow).main
    try:
        made = scaffold(flow, options.output or os.path.dirname(os.path.abspath(flow)), mode)
    except FlowValidationError as error:
        tell_refusal(error, os.path.abspath(flow), Palette(sys.stderr))
        return 2
    if options.dry_run:
        if not options.json:
            write_result(None, inert(made.diff()))
    else:
        made.write()
    if options.json:
        write_result(None, to_json(_data(made, options.dry_run), indent=2) + "\n")
    else:
        _tell(made, options.dry_run)
    return 0


def _tell(made: Scaffold, dry_run: bool) -> None:
    palette = Palette(sys.stderr)
    verb = "would be written" if dry_run else "written"
    for name in made.files:
        tell(f"{palette.good('+')} {one_line(_place(made, name))} {verb}")
    for name in made.kept:
        tell(palette.faint(f"  {one_line(_place(made, name))} is there, and stays as it is"))
    if made.added:
        tell(f"  new stubs: {', '.join(map(one_line, made.added))}")
    if made.vanished:
        tell(palette.warn(f"  no flow calls {', '.join(map(one_line, made.vanished))} any more; the code stays"))
    if made.tasks:
        tell(f"  {made.implemented}/{len(made.tasks)} tasks implemented")
    if not made.files:
        tell("  nothing is missing")


def _place(made: Scaffold, name: str) -> str:
    return shown_path(str(made.folder / name))


def _data(made: Scaffold, dry_run: bool) -> dict[str, object]:
    return {
        "folder": str(made.folder),
        "flow": made.flow,
        "written": [] if dry_run else list(made.files),
        "missing": list(made.files) if dry_run else [],
        "kept": made.kept,
        "added": made.added,
        "vanished": made.vanished,
        "implemented": made.implemented,
        "tasks": len(made.tasks),
    }


def _parser(prog: str) -> Parser:
    parser = Parser(
        f"{prog} [{'|'.join(MODES)}]",
        "Write what a flow's folder lacks: flow.py with a stub for each task, tests, an API, how to begin.",
        f"{prog} flow.yaml -o .",
        f"{prog} update flow.yaml",
        more=(
            "scaffold adds the files that are missing and leaves the others as they are; update adds stubs for new\n"
            "tasks to flow.py, every other byte of which stays, and touches nothing else; auto does the one or the\n"
            "other."
        ),
    )
    parser.add_argument("flow", metavar="FLOW", help=FLOW_HELP)
    parser.add_argument("-o", "--output", metavar="DIR", help="the folder (default: the flow's)")
    parser.add_argument("--dry-run", action="store_true", help="show the difference and write nothing")
    parser.add_argument("--json", action="store_true", help="tell what was done as JSON")
    return parser
