"""What the plugin writes for people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flowlang.connections.config import is_secret_key
from flowlang.connections.contract.catalog import PluginCatalog, problems_of, sentences
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import Subject
from flowlang.language.diagnostics import Problems
from flowlang.language.source import read_text
from flowlang.redaction import url_passwords


@check("the scaffold is a connection of the name that is asked for")
def scaffold_has_the_name(subject: Subject) -> None:
    for name in ("primary", "second_one"):
        config = _scaffold(subject, name)
        require(config.get("type") in (subject.name, *subject.plugin.aliases), f"its `type` is {config.get('type')!r}")


@check("the scaffold has a name of its own choice too")
def scaffold_chooses_a_name(subject: Subject) -> None:
    text = subject.plugin().scaffold_connection_config()
    require(len(_connections(text)) == 1, f"without a name it is no connection:\n{text}")


@check("the scaffold checks clean")
def scaffold_checks_clean(subject: Subject) -> None:
    snippet = subject.plugin().scaffold_connection_config("primary").strip("\n")
    text = f"flow: Sample\nconnections:\n{snippet}\nsteps:\n  - exit\n"
    problems = problems_of(text, PluginCatalog(subject))
    require(not problems, sentences(problems))


@check("the scaffold holds no secret in the clear")
def scaffold_has_no_secrets(subject: Subject) -> None:
    for key, value in _scaffold(subject, "primary").items():
        text = str(value)
        secret = is_secret_key(key, subject.properties.get(key, {}))
        require(not secret or "${" in text, f"`{key}` is written out; write ${{env.{key.upper()}}}")
        clear = [password for password in url_passwords(text) if "${" not in password]
        require(not clear or "${" in text, f"`{key}` has a password inside; take it from the environment")


@check("the example flow is written where it is asked for, and only there")
def example_goes_to_its_folder(subject: Subject) -> None:
    before = set(os.listdir())
    with _example(subject, "primary") as path:
        require(path.is_file(), f"{path} is not there")
    require(set(os.listdir()) == before, "it writes into the current folder too")


@check("the example flow uses the connection's name")
def example_uses_the_name(subject: Subject) -> None:
    with _example(subject, "second_one") as path:
        data = _data(path.read_text(encoding="utf-8"))
    require("second_one" in data.get("connections", {}), "its connection has another name")


@check("the example flow checks clean")
def example_checks_clean(subject: Subject) -> None:
    with _example(subject, "primary") as path:
        text = path.read_text(encoding="utf-8")
    problems = problems_of(text, PluginCatalog(subject))
    require(not problems, sentences(problems))


@check("the helpers are Python, with a docstring each")
def helpers_compile(subject: Subject) -> None:
    import ast

    with TemporaryDirectory(prefix="flowlang-") as folder, redirect_stdout(StringIO()):
        subject.plugin().scaffold_task_helpers(folder)
        modules = sorted(Path(folder).rglob("*.py"))
        if not modules:
            raise NotApplicable("the plugin brings no helpers")
        for module in modules:
            try:
                tree = ast.parse(module.read_text(encoding="utf-8"))
            except SyntaxError as error:
                raise Violation(f"{module.name}:{error.lineno}: {error.msg}") from error
            functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            silent = [one.name for one in functions if one.name[0] != "_" and ast.get_docstring(one) is None]
            require(not silent, f"no docstring: {', '.join(silent)}")


@contextmanager
def _example(subject: Subject, connection: str) -> Iterator[Path]:
    """The file of the example, while its folder is there."""
    with TemporaryDirectory(prefix="flowlang-") as folder:
        with redirect_stdout(StringIO()):
            subject.plugin().scaffold_example_flow(folder, connection_name=connection)
        found = sorted(path for path in Path(folder).rglob("*") if path.suffix in (".yaml", ".yml"))
        if not found:
            raise NotApplicable("the plugin brings no example flow")
        yield found[0]


def example_data(subject: Subject) -> dict[str, Any]:
    """The example flow as data; its connection is called `primary`."""
    with _example(subject, "primary") as path:
        return _data(path.read_text(encoding="utf-8"))


def _scaffold(subject: Subject, name: str) -> dict[str, Any]:
    text = subject.plugin().scaffold_connection_config(name)
    connections = _connections(text)
    require(list(connections) == [name], f"asked for `{name}` it gives:\n{text}")
    config = connections[name]
    require(isinstance(config, dict), f"the connection is no map:\n{text}")
    return dict(config)


def _connections(snippet: str) -> dict[str, Any]:
    connections = _data(f"connections:\n{snippet}").get("connections")
    require(isinstance(connections, dict), f"it is not indented YAML below `connections:`\n{snippet}")
    return dict(connections or {})


def _data(text: str) -> dict[str, Any]:
    problems = Problems()
    root = read_text(text, problems).root
    require(not problems.fatal, sentences(problems.in_order()))
    if root is None or not isinstance(root.data, dict):
        raise Violation("it is no map")
    return root.data
