"""The values given to a flow, checked against its declared inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowlang.errors import FlowInputError
from flowlang.language.diagnostics import nearest
from flowlang.language.model import Flow, Input
from flowlang.language.vocabulary import INPUT_TYPES

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ARTICLE = {"integer": "an integer", "object": "an object", "array": "an array"}


def coerce_input(value: Any, type: str | None, *, show: bool = True) -> Any:
    """`value` as the type that an input declares; any value as it is where that is None.

    Converts only where nothing is lost: text that is a number, `true` or `false`, JSON text for an object or array,
    a whole float for an integer. Raises ValueError with the rest of a sentence (`must be an integer, and …`), which
    holds the value itself unless `show` is false.
    """
    if type is None:
        return value
    wanted = INPUT_TYPES[type]
    found = _CONVERTERS[wanted](value)
    if found is None:
        raise ValueError(f"must be {_ARTICLE.get(wanted, 'a ' + wanted)}, and {_described(value, show)}")
    return found


def shown_inputs(flow: Flow, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs as a run has them, its defaults included; what was given, if the flow cannot run with that."""
    try:
        return bind_inputs(flow, given)
    except FlowInputError:
        return given


def bind_inputs(flow: Flow, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a run: what was given, checked and converted, and the defaults of the rest.

    Keys that start with `_` pass as they are. A flow that declares no inputs takes whatever is given. Raises
    FlowInputError with every problem.
    """
    if flow.inputs is None:
        return dict(given)
    problems: list[str] = []
    bound: dict[str, Any] = {}
    for declared in flow.inputs:
        if declared.name in given:
            _bind(declared, given[declared.name], bound, problems)
        elif declared.has_default:
            bound[declared.name] = _fresh(declared.default)
        elif declared.required:
            kind = f" ({declared.type})" if declared.type else ""
            problems.append(f"input `{declared.name}`{kind} is missing")
        else:
            bound[declared.name] = None
    names = [declared.name for declared in flow.inputs]
    for name, value in given.items():
        if name in names:
            continue
        if str(name).startswith("_"):
            bound[name] = value
        else:
            problems.append(_undeclared(str(name), names))
    if problems:
        raise FlowInputError(problems)
    return bound


def allows(enum: list[Any], value: Any) -> bool:
    """Whether `value` is one of `enum`. A boolean is never equal to a number."""
    return any(item == value and isinstance(item, bool) == isinstance(value, bool) for item in enum)


def _bind(declared: Input, value: Any, bound: dict[str, Any], problems: list[str]) -> None:
    if value is None and not declared.required:
        bound[declared.name] = None
        return
    try:
        value = coerce_input(value, declared.type, show=not declared.secret)
    except ValueError as error:
        problems.append(f"input `{declared.name}` {error}")
        return
    if declared.enum is not None and not allows(declared.enum, value):
        choices = ", ".join(_shown(choice) for choice in declared.enum)
        found = "" if declared.secret else f", and is {_shown(value)}"
        problems.append(f"input `{declared.name}` must be one of {choices}{found}")
        return
    bound[declared.name] = value


def _undeclared(name: str, names: list[str]) -> str:
    meant = nearest(name, names)
    if meant is not None:
        return f"the flow has no input `{name}`; did you mean `{meant}`?"
    if not names:
        return f"the flow has no input `{name}`; it takes none"
    return f"the flow has no input `{name}`; it takes {', '.join(f'`{known}`' for known in names)}"


def _described(value: Any, show: bool) -> str:
    if value is None:
        return "is null"
    kind = _type_name(value)
    return f"is {kind}: {_shown(value)}" if show else f"is {kind}"


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "an array" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def _shown(value: Any) -> str:
    from flowlang.values import to_json

    try:
        text = to_json(value)
    except ValueError:  # a number with more digits than Python writes out
        return "…"
    return text if len(text) <= 60 else text[:60] + "…"


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> Any:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return _parsed(int, value, _INTEGER)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        whole = _parsed(int, value, _INTEGER)
        return whole if whole is not None else _parsed(float, value, _NUMBER)
    from numbers import Number

    return value if isinstance(value, Number) else None


def _parsed(convert: Any, value: Any, pattern: re.Pattern[str]) -> Any:
    if not isinstance(value, str) or not pattern.fullmatch(value.strip()):
        return None
    try:
        return convert(value.strip())
    except ValueError:  # more digits than Python reads
        return None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _object(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    parsed = _json(value)
    return parsed if isinstance(parsed, dict) else None


def _array(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    parsed = _json(value)
    return parsed if isinstance(parsed, list) else None


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    from json import loads

    try:
        return loads(value)
    except (ValueError, RecursionError):
        return None


def _fresh(value: Any) -> Any:
    """A default of its own for every run, because a task may change what it is given."""
    if isinstance(value, dict):
        return {key: _fresh(item) for key, item in value.items()}
    return [_fresh(item) for item in value] if isinstance(value, list) else value


_CONVERTERS = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": _object,
    "array": _array,
}
