"""`flowlang schema`: the JSON Schema of flow files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from flowlang.cli.arguments import Parser
from flowlang.cli.target import write_result
from flowlang.connections.discovery import Plugins
from flowlang.connections.project import store_path
from flowlang.language.schema import json_schema
from flowlang.project import Project
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.tasks.registry import TaskRegistry
from flowlang.values import to_json


def main(arguments: Sequence[str]) -> int:
    """Print the schema, or write it to a file."""
    parser = Parser(
        "flowlang schema",
        "Print the JSON Schema of flow files, with the tasks and connections of every plugin that\n"
        "the current folder's project can use, and the names of the connections that it keeps.\n"
        "Editors check and complete flows with it.",
        "flowlang schema -o flow.schema.json",
        more=(
            "and as first line of a flow, for editors with the YAML language server:\n"
            "  # yaml-language-server: $schema=flow.schema.json"
        ),
    )
    parser.add_argument("-o", "--output-file", metavar="FILE", help="write to a file instead of stdout")
    options = parser.parse_args(arguments)
    write_result(options.output_file, to_json(json_schema(_catalog(Path(Project(os.curdir).root))), indent=2) + "\n")
    return 0


def _catalog(root: Path) -> ProjectCatalog:
    if not os.path.exists(store_path(root)):
        return ProjectCatalog(TaskRegistry(), Plugins(root))
    from flowlang.connections.store import Store

    store = Store(root)
    return ProjectCatalog(TaskRegistry(), Plugins(root), lambda: store)
