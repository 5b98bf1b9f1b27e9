"""The inputs of a run, from a file and from `--input key=value`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from json import JSONDecodeError, loads
from typing import Any

from flowlang.cli.target import UsageError


def gather(file: str | None, pairs: Sequence[str], flow: str) -> dict[str, Any]:
    """The inputs for the flow in the file `flow`: what `file` (`-` is stdin) says, overridden by `pairs`."""
    given = {} if file is None else _from_file(file)
    if pairs:
        types = _declared_types(flow)
        for pair in pairs:
            name, separator, text = pair.partition("=")
            if not separator or not name:
                raise UsageError(f"--input {pair} is not of the form key=value")
            given[name] = _typed(text, types, name)
    return given


def _typed(text: str, types: Mapping[str, str | None], name: str) -> Any:
    """A declared type is applied by the run, which reads text as any of them. Without one, JSON is what it says."""
    if types.get(name) is not None:
        return text
    try:
        return loads(text, parse_constant=str)
    except (JSONDecodeError, RecursionError):
        return text


def _declared_types(flow: str) -> dict[str, str | None]:
    from flowlang.language.diagnostics import Problems
    from flowlang.language.parse import parse_flow
    from flowlang.language.source import read_file

    problems = Problems(flow)
    declared = parse_flow(read_file(flow, problems), problems).inputs
    return {} if declared is None else {declaration.name: declaration.type for declaration in declared}


def _from_file(path: str) -> dict[str, Any]:
    data = _from_json(path) if path.endswith(".json") else _from_yaml(path)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UsageError(f"{path} must hold a map of input names to values")
    return data


def _from_json(path: str) -> Any:
    try:
        return loads(_read(path))
    except JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deep") from error


def _from_yaml(path: str) -> Any:
    from flowlang.language.diagnostics import Problems
    from flowlang.language.source import read_text

    problems = Problems(path)
    source = read_text(_read(path), problems, path)
    if problems.fatal:
        raise UsageError("\n".join(str(problem) for problem in problems.in_order()))
    return None if source.root is None else source.root.data


def _read(path: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
