"""The inputs of a run, from a file and from `--input key=value`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from json import loads
from typing import Any

from flowlang.cli.arguments import pair
from flowlang.language.input_files import inputs_in, read_inputs


def gather(file: str | None, pairs: Sequence[str], flow: str) -> dict[str, Any]:
    """The inputs for the flow in the file `flow`: what `file` (`-` is stdin) says, overridden by `pairs`."""
    given = {} if file is None else _from_file(file)
    if pairs:
        types = _declared_types(flow)
        for one in pairs:
            name, text = pair(one, "--input")
            given[name] = _typed(text, types, name)
    return given


def _typed(text: str, types: Mapping[str, str | None], name: str) -> Any:
    """A declared type is applied by the run, which reads text as any of them. Without one, JSON is what it says."""
    if types.get(name) is not None:
        return text
    try:
        return loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text


def _declared_types(flow: str) -> dict[str, str | None]:
    from flowlang.language.diagnostics import Problems
    from flowlang.language.parse import parse_flow
    from flowlang.language.source import read_file

    problems = Problems(flow)
    declared = parse_flow(read_file(flow, problems), problems).inputs
    return {} if declared is None else {declaration.name: declaration.type for declaration in declared}


def _from_file(path: str) -> dict[str, Any]:
    return inputs_in(sys.stdin.buffer.read(), path) if path == "-" else read_inputs(path)
