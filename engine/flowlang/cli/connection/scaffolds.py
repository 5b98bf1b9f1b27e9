"""`flowlang connection scaffold`, `example` and `helpers`: what a plugin writes for people."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from flowlang.cli.arguments import Parser
from flowlang.cli.connection.common import parser, plugin_named
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.target import UsageError, write_result
from flowlang.cli.terminal import inert
from flowlang.connections.scaffolding import (
    connection_snippet,
    example_files,
    helper_files,
    variables_in,
    write_files,
)
from flowlang.language.edit import add_connection

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_ .-]{0,99}(?<! )")


def scaffold(arguments: Sequence[str]) -> int:
    """Write a connection of a type: to stdout, to a new file, or into a flow."""
    command = parser(
        "scaffold",
        "Write a connection for a flow: to stdout, to a new file, or into the flow itself,\n"
        "where nothing else changes.",
        "flowlang connection scaffold sqlite --name db --into flow.yaml",
    )
    command.add_argument("--name", type=_name, help="name of the connection in the flow (default: the plugin's choice)")
    where = command.add_mutually_exclusive_group()
    where.add_argument("-o", "--output-file", metavar="FILE", help="write to a new file instead of stdout")
    where.add_argument("--into", metavar="FLOW", help="add it to the connections of this flow's file")
    options = command.parse_args(arguments)
    snippet = connection_snippet(plugin_named(options.plugin).plugin, options.name)
    name, text = snippet.name, snippet.section
    if options.into is not None:
        _splice(options.into, name, snippet.text)
    elif options.output_file is not None:
        _write(Path(options.output_file), text.encode())
    place = options.into or options.output_file
    if options.json:
        print_json({"name": name, "yaml": text, "written": place, "variables": variables_in(text)})
    elif place is None:
        write_result(None, text)
    else:
        print_text("\n".join([f"{inert(place)}: connection `{name}` added", *_needs(text)]))
    return 0


def example(arguments: Sequence[str]) -> int:
    """Write the plugin's example flow into a folder."""
    command = parser(
        "example",
        "Write a flow that shows what can be done with a connection of this type.",
        "flowlang connection example sqlite -o examples",
    )
    _folder(command, default=os.curdir)
    command.add_argument("--name", type=_name, help="name of the connection in the flow (default: the plugin's choice)")
    options = command.parse_args(arguments)
    files = example_files(plugin_named(options.plugin).plugin, options.name)
    _deliver(files, Path(options.output_dir), options.json)
    return 0


def helpers(arguments: Sequence[str]) -> int:
    """Print the plugin's helpers, or write them into a folder."""
    command = parser(
        "helpers",
        "Print Python functions that work with a connection of this type, to start tasks of\nyour own from.",
        "flowlang connection helpers sqlite -o .",
    )
    _folder(command, default=None)
    options = command.parse_args(arguments)
    files = helper_files(plugin_named(options.plugin).plugin)
    if options.output_dir is not None:
        _deliver(files, Path(options.output_dir), options.json)
    elif options.json:
        print_json({"files": {name: content.decode("utf-8", "replace") for name, content in files.items()}})
    else:
        write_result(None, "\n".join(content.decode("utf-8", "replace") for content in files.values()))
    return 0


def _folder(command: Parser, default: str | None) -> None:
    words = "the current one" if default else "print"
    command.add_argument("-o", "--output-dir", metavar="DIR", default=default, help=f"folder to write to ({words})")


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError("a name starts with a letter and has letters, digits, spaces and _ . - in it")
    return text


def _splice(path: str, name: str, snippet: str) -> None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error
    write_result(path, add_connection(text, name, snippet))


def _deliver(files: Mapping[str, bytes], folder: Path, json: bool) -> None:
    try:
        paths = write_files(files, folder)
    except FileExistsError as error:
        raise UsageError(
            f"{error.filename or error} exists", hint="Nothing was written; -o takes another folder."
        ) from error
    text = "\n".join(content.decode("utf-8", "replace") for content in files.values())
    if json:
        print_json({"files": [str(path) for path in paths], "variables": variables_in(text)})
        return
    lines = [f"{inert(str(path))}" for path in paths]
    flows = [path for path in paths if path.suffix in (".yaml", ".yml")]
    lines += _needs(text) + [f"run it with: flowlang run {inert(str(path))}" for path in flows]
    print_text("\n".join(lines))


def _write(path: Path, content: bytes) -> None:
    try:
        with open(path, "xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UsageError(f"{path} exists", hint="Nothing was written over it.") from error


def _needs(text: str) -> list[str]:
    variables = variables_in(text)
    return [f"set {', '.join(variables)} in the environment or in .env"] if variables else []
