"""`flowlang connection scaffold`, `example` and `helpers`: what a plugin writes for people."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from flowlang.cli.arguments import Parser
from flowlang.cli.connection import PluginFailure
from flowlang.cli.connection.common import Found, asked, parser, plugin_named, print_json, print_text
from flowlang.cli.target import UsageError, write_result
from flowlang.cli.terminal import inert
from flowlang.language.diagnostics import Problems
from flowlang.language.edit import add_connection
from flowlang.language.source import read_text

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_ .-]{0,99}(?<! )")
_VARIABLE: Final = re.compile(r"\$\{(?:env\.)?([A-Z][A-Z0-9_]*)\}")


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
    name, snippet = _snippet(plugin_named(options.plugin), options.name)
    text = f"connections:\n{snippet}"
    if options.into is not None:
        _splice(options.into, name, snippet)
    elif options.output_file is not None:
        _write(Path(options.output_file), text.encode())
    place = options.into or options.output_file
    if options.json:
        print_json({"name": name, "yaml": text, "written": place, "variables": _variables(text)})
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
    found = plugin_named(options.plugin)
    named = {} if options.name is None else {"connection_name": options.name}
    files = _generated(found, "scaffold_example_flow", **named)
    if not files:
        raise PluginFailure(f"the plugin `{found.entry.name}` brings no example")
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
    found = plugin_named(options.plugin)
    files = _generated(found, "scaffold_task_helpers")
    if not files:
        raise PluginFailure(f"the plugin `{found.entry.name}` brings no helpers")
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


def _snippet(found: Found, name: str | None) -> tuple[str, str]:
    """The connection as YAML, indented by two, and its name."""
    named = {} if name is None else {"name": name}
    text = str(asked(found, "scaffold_connection_config", **named)).strip("\n") + "\n"
    root = read_text(f"connections:\n{text}", Problems()).root
    data = None if root is None else root.data
    connections = data.get("connections") if isinstance(data, dict) else None
    if not isinstance(connections, dict) or len(connections) != 1:
        raise PluginFailure(f"the plugin `{found.entry.name}` scaffolds what is no connection:\n{inert(text)}")
    return next(iter(connections)), text


def _splice(path: str, name: str, snippet: str) -> None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error
    write_result(path, add_connection(text, name, snippet))


def _generated(found: Found, method: str, **options: str) -> dict[str, bytes]:
    """The files that a method of the plugin writes, by relative path. What it prints is dropped."""
    with TemporaryDirectory(prefix="flowlang-") as folder, redirect_stdout(StringIO()):
        asked(found, method, folder, **options)
        return dict(_files_below(Path(folder)))


def _files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path.read_bytes()


def _deliver(files: Mapping[str, bytes], folder: Path, json: bool) -> None:
    paths = [folder / name for name in files]
    taken = [path for path in paths if path.exists()]
    if taken:
        raise UsageError(f"{taken[0]} exists", hint="Nothing was written; -o takes another folder.")
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    text = "\n".join(content.decode("utf-8", "replace") for content in files.values())
    if json:
        print_json({"files": [str(path) for path in paths], "variables": _variables(text)})
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


def _variables(text: str) -> list[str]:
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def _needs(text: str) -> list[str]:
    variables = _variables(text)
    return [f"set {', '.join(variables)} in the environment or in .env"] if variables else []
