"""Whether the arguments of a step fit its task, as far as they are known before the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from flowlang.language.catalog import Parameter, TaskInfo
from flowlang.language.diagnostics import nearest


class _Unknown:
    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


#: Stands for an argument whose value is known only during the run.
UNKNOWN: Final = _Unknown()


class ArgumentProblem(NamedTuple):
    """An argument that does not fit. `name` is None only where no argument can be named.

    `code` is `unknown-argument`, `missing-argument` or `argument-type`.
    """

    name: str | None
    code: str
    message: str
    suggestion: str | None = None


def check_arguments(info: TaskInfo, given: Mapping[str, Any]) -> list[ArgumentProblem]:
    """Every way in which the arguments of a step don't fit its task.

    `given` holds their values by name, with UNKNOWN for what only the run will know.
    """
    known = {parameter.name: parameter for parameter in info.parameters}
    problems: list[ArgumentProblem] = []
    for name, value in given.items():
        parameter = known.get(name)
        if parameter is not None:
            problems += _check_type(info, parameter, value)
        elif not info.open_ended:
            problems.append(_unknown_argument(info, name, [other for other in known if other not in given]))
    for parameter in info.parameters:
        if parameter.required and parameter.name not in given:
            kind = f" ({_readable(parameter.type)})" if parameter.type else ""
            message = f"the task `{info.name}` needs the argument `{parameter.name}`{kind}"
            problems.append(ArgumentProblem(parameter.name, "missing-argument", message))
    return problems


def _unknown_argument(info: TaskInfo, name: str, missing: list[str]) -> ArgumentProblem:
    if name == "connection" and info.wants_connection:
        message = f"the connection of `{info.name}` is named by the step's own key `connection`, not by an argument"
        return ArgumentProblem(name, "unknown-argument", message)
    if info.parameters:
        takes = "it takes " + ", ".join(f"`{parameter.name}`" for parameter in info.parameters)
    else:
        takes = "it takes none"
    message = f"the task `{info.name}` has no argument `{name}`; {takes}"
    return ArgumentProblem(name, "unknown-argument", message, nearest(name, missing))


def _check_type(info: TaskInfo, parameter: Parameter, value: Any) -> list[ArgumentProblem]:
    if value is UNKNOWN or parameter.type is None:
        return []
    if value is None and not parameter.required and parameter.default is None:
        return []
    allowed = parameter.type.split("|")
    kind = _kind(value)
    if kind is None or kind in allowed or (kind == "integer" and "number" in allowed):
        return []
    message = (
        f"the argument `{parameter.name}` of `{info.name}` must be {_readable(parameter.type)}, "
        f"but {_shown(value, kind)} is {_ARTICLE[kind]}"
    )
    return [ArgumentProblem(parameter.name, "argument-type", message)]


_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    dict: "object",
    list: "array",
}
_ARTICLE: Final = {
    "string": "a string",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "null": "null",
    "object": "an object",
    "array": "an array",
}


def _kind(value: Any) -> str | None:
    """The JSON type of a value, None for a value that JSON has no type for."""
    return _KINDS.get(type(value))


def _readable(types: str) -> str:
    return " or ".join(_ARTICLE.get(name, name) for name in types.split("|"))


def _shown(value: Any, kind: str) -> str:
    if kind in ("object", "array"):
        return f"the value {'{…}' if kind == 'object' else '[…]'}"
    from json import dumps

    text = dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"
