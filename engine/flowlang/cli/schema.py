"""`flowlang schema`: the JSON Schema of flow files."""

from __future__ import annotations

from collections.abc import Sequence

from flowlang.cli.arguments import Parser
from flowlang.cli.target import write_result
from flowlang.connections.discovery import Plugins
from flowlang.language.schema import json_schema
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.tasks.registry import TaskRegistry
from flowlang.values import to_json


def main(arguments: Sequence[str]) -> int:
    """Print the schema, or write it to a file."""
    parser = Parser(
        "flowlang schema",
        "Print the JSON Schema of flow files, with the tasks and connections of every\n"
        "installed plugin in it. Editors check and complete flows with it.",
        "flowlang schema -o flow.schema.json\n\n"
        "and as first line of a flow, for editors with the YAML language server:\n"
        "  # yaml-language-server: $schema=flow.schema.json",
    )
    parser.add_argument("-o", "--output-file", metavar="FILE", help="write to a file instead of stdout")
    options = parser.parse_args(arguments)
    write_result(options.output_file, to_json(json_schema(ProjectCatalog(TaskRegistry(), Plugins())), indent=2) + "\n")
    return 0
