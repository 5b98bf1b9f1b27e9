"""How expressions read values: the keys of maps, positions of lists, public fields of plain values, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NoReturn

from flowlang.errors import ExpressionError
from flowlang.language.expressions.wording import did_you_mean, keys_there, kind_of, quoted

_OF_DATE = frozenset({"year", "month", "day"})
_OF_TIME = frozenset({"hour", "minute", "second", "microsecond"})
_OF_STATE = frozenset({"error", "status", "duration_ms", "attempts"})

#: The fields that a plain value has in expressions. A datetime is a date too, so it comes first.
PLAIN_FIELDS: Final[tuple[tuple[type, frozenset[str]], ...]] = (
    (datetime, _OF_DATE | _OF_TIME),
    (date, _OF_DATE),
    (time, _OF_TIME),
    (timedelta, frozenset({"days", "seconds", "microseconds"})),
)
_UUID_FIELDS = frozenset({"hex", "int", "version"})

_MISSING: Final = object()


def step_field(state: Any, key: str) -> Any:
    """`${id.key}`: a key of the step's result, else `result`, `error`, `status`, `duration_ms` or `attempts`."""
    result = state.result
    if type(result) is dict and key in result:
        return result[key]
    found = _of_state(state, key)
    return field(result, key) if found is _MISSING else found


def step_field_or_null(state: Any, key: str) -> Any:
    """The same, null where that is missing."""
    found = _of_state(state, key)
    return field_or_null(state.result, key) if found is _MISSING else found


def _of_state(state: Any, key: str) -> Any:
    result = state.result
    if isinstance(result, Mapping) and key in result:
        return result[key]
    if key == "result":
        return result
    return getattr(state, key) if key in _OF_STATE else _MISSING


def field(value: Any, key: str) -> Any:
    """`value.key`. Null has every field, and it is null."""
    if type(value) is dict and key in value:
        return value[key]
    found = _field(value, key)
    if found is _MISSING:
        _refuse_field(value, key)
    return found


def field_or_null(value: Any, key: str) -> Any:
    """`value.key`, null where that is missing."""
    found = _field(value, key)
    return None if found is _MISSING else found


def _field(value: Any, key: str) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return value.get(key, _MISSING)
    for kind, names in PLAIN_FIELDS:
        if isinstance(value, kind):
            return getattr(value, key) if key in names else _MISSING
    if key in _UUID_FIELDS and type(value).__name__ == "UUID" and type(value).__module__ == "uuid":
        return getattr(value, key)
    return _MISSING


def _refuse_field(value: Any, key: Any) -> NoReturn:
    if isinstance(value, Mapping):
        raise ExpressionError(f"there is no key {quoted(key)}; {keys_there(value)}", hint=did_you_mean(key, value))
    if isinstance(value, (list, tuple, range)):
        raise ExpressionError(
            f"{quoted(key)} is read from a list, and a list has no fields",
            hint=f"read one item with `[0].{key}`, or the field of all of them with `.*.{key}`",
        )
    for kind, names in PLAIN_FIELDS:
        if isinstance(value, kind):
            raise ExpressionError(f"{kind_of(value)} has no field {quoted(key)}; {keys_there(sorted(names))}")
    if isinstance(value, (str, int, float)):
        raise ExpressionError(f"{quoted(key)} is read from {kind_of(value)}, which has no fields")
    raise ExpressionError(
        f"{quoted(key)} is read from {kind_of(value)}, whose fields an expression can't read",
        hint="let the task return a map",
    )


def at(value: Any, index: Any) -> Any:
    """`value[index]`. Null past the end of a list, and below null."""
    found = _at(value, index)
    if found is _MISSING:
        if isinstance(value, Mapping) or isinstance(index, str):
            _refuse_field(value, index)
        raise ExpressionError(f"{kind_of(value)} has no position {quoted(index)}")
    return found


def at_or_null(value: Any, index: Any) -> Any:
    """The same, null also for a missing key or a position that makes no sense."""
    found = _at(value, index)
    return None if found is _MISSING else found


def _at(value: Any, index: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return _of_map(value, index)
    if isinstance(value, (list, tuple, str, range)):
        position = _position(index)
        if position is None:
            return _MISSING
        return value[position] if -len(value) <= position < len(value) else None
    return _field(value, index) if isinstance(index, str) else _MISSING


def _of_map(value: Mapping[Any, Any], key: Any) -> Any:
    if isinstance(key, (list, dict, set)):
        return _MISSING
    if key in value:
        return value[key]
    # The keys of a map written in a flow are text, so `{1: …}` is found by `[1]` too.
    as_text = str(key) if type(key) is int else None
    return value[as_text] if as_text is not None and as_text in value else _MISSING


def _position(index: Any) -> int | None:
    if type(index) is int:
        return index
    return int(index) if isinstance(index, float) and index.is_integer() else None


def environment(variables: Mapping[str, str], name: str) -> str:
    """`${NAME}`."""
    try:
        return variables[name]
    except KeyError:
        raise ExpressionError(
            f"the environment has no variable `{name}`",
            hint=f"set it, put it into `.env`, or give a default with `${{{name}:…}}`",
        ) from None


def environment_or(variables: Mapping[str, str], name: str, default: str | None) -> str | None:
    """`${NAME:default}`."""
    return variables.get(name, default)


#: What compiled expressions call to read values.
READERS: Final[dict[str, Callable[..., Any]]] = {
    "step_field": step_field,
    "step_field_or_null": step_field_or_null,
    "field": field,
    "field_or_null": field_or_null,
    "at": at,
    "at_or_null": at_or_null,
    "environment": environment,
    "environment_or": environment_or,
}
