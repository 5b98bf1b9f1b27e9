"""`flowlang init`: makes a project that runs as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flowlang.cli.arguments import Parser
from flowlang.cli.failure import from_here, shown_path
from flowlang.cli.target import write_result
from flowlang.cli.terminal import tell
from flowlang.scaffold import TEMPLATES, new_project
from flowlang.values import to_json


def main(arguments: Sequence[str]) -> int:
    """Make the project that `arguments` describe, or list the templates."""
    options = _parser().parse_args(arguments)
    if options.list:
        templates = {name: template.title for name, template in TEMPLATES.items()}
        listed = "".join(f"{name:12} {title}\n" for name, title in templates.items())
        write_result(None, to_json(templates, indent=2) + "\n" if options.json else listed)
        return 0
    made = new_project(options.folder, options.template)
    if options.json:
        told = {"flow": str(made.flow), "files": [str(file) for file in made.files]}
        write_result(None, to_json(told, indent=2) + "\n")
        return 0
    for file in made.files:
        tell(f"+ {shown_path(str(file))}")
    tell(f"\nRun it: flowlang run {_quoted(from_here(str(made.flow)))}")
    folder = _quoted(from_here(str(made.flow.parent)) or os.curdir)
    if any(file.name.endswith(".test.yaml") for file in made.files):
        tell(f"Test it: flowlang test {folder}")
    tell(f"Or open it: flowlang-tui {folder}")
    return 0


def _quoted(path: str) -> str:
    from shlex import quote

    return quote(path)


def _parser() -> Parser:
    parser = Parser(
        "flowlang init",
        "Make a project that runs as it is.",
        "flowlang init orders --template database",
        "flowlang init --list",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=os.curdir, help="where (default: here)")
    parser.add_argument("--template", default="hello", metavar="NAME", help="what to begin with (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="list the templates")
    parser.add_argument("--json", action="store_true", help="tell what was made as JSON")
    return parser
