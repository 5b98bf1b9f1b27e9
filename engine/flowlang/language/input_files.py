"""The inputs of a run that stand in a file, as JSON or YAML."""

from __future__ import annotations

import os
from json import JSONDecodeError, loads
from typing import Any

from flowlang.errors import FlowLangError


class InputFileError(FlowLangError):
    """A file of inputs can't be read, or doesn't hold a map."""


def read_inputs(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The inputs in a file: JSON if its name ends with `.json`, else YAML. Raises InputFileError."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InputFileError(f"{name} cannot be read: {error.strerror}") from error
    return inputs_in(content, name)


def inputs_in(content: bytes, name: str) -> dict[str, Any]:
    """The inputs in what a file of this name holds; none if it is empty. Raises InputFileError."""
    data = _from_json(content, name) if name.endswith(".json") else _from_yaml(content, name)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InputFileError(f"{name} must hold a map of input names to values")
    return data


def _from_json(content: bytes, name: str) -> Any:
    try:
        return loads(content)
    except JSONDecodeError as error:
        raise InputFileError(f"{name}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise InputFileError(f"{name} is not UTF-8 text") from error
    except RecursionError as error:
        raise InputFileError(f"{name} is nested too deep") from error
    except ValueError as error:
        raise InputFileError(f"{name} cannot be read: {error}") from error


def _from_yaml(content: bytes, name: str) -> Any:
    from flowlang.language.diagnostics import Problems
    from flowlang.language.source import read_text

    problems = Problems(name)
    source = read_text(content, problems, name)
    if problems.fatal:
        raise InputFileError("\n".join(str(problem) for problem in problems.in_order()))
    return None if source.root is None else source.root.data
