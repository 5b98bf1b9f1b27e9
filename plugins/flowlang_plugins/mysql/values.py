"""Values on their way into and out of MySQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from flowlang.errors import FlowExecutionError
from flowlang.values import plain, to_json
from flowlang_plugins.sql.text import MYSQL, checked_name, code

_NATIVE: Final = frozenset({str, int, float, bool, bytes, type(None), Decimal, date, time, timedelta})


def adapted(value: Any) -> Any:
    """One value as the driver can write it: maps and lists as JSON text, times with a zone in UTC."""
    if type(value) in _NATIVE:
        return value
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return to_json(value)
    converted = plain(value)
    return to_json(converted) if isinstance(converted, (dict, list)) else converted


def bound(text: str, params: Any, escape: Callable[[Any], str]) -> str:
    """The statement with each parameter in its place, as a literal that the driver escaped."""
    if params is None or params == [] or params == {}:
        return text
    values: tuple[str, ...] | dict[str, str]
    if isinstance(params, Mapping):
        values = {str(name): escape(adapted(value)) for name, value in params.items()}
    elif isinstance(params, (list, tuple)):
        values = tuple([escape(adapted(value)) for value in params])
    else:
        raise FlowExecutionError(f"`params` must be a list or a map, not {type(params).__name__}")
    try:
        return text % values
    except KeyError as error:
        raise FlowExecutionError(f"`params` has no value for the parameter `%({error.args[0]})s`") from error
    except (TypeError, ValueError) as error:
        raise _unbound(text, values) from error


def _unbound(text: str, values: tuple[str, ...] | dict[str, str]) -> FlowExecutionError:
    wanted = code(text, MYSQL).replace("%%", "").count("%s")
    if isinstance(values, dict):
        return FlowExecutionError("the query's parameters have no names", hint="give `params` as a list")
    if wanted != len(values):
        return FlowExecutionError(f"the query has {wanted} parameters, but `params` has {len(values)}")
    return FlowExecutionError(
        "the query holds a `%` that is no parameter", hint="beside parameters write `%%` for a percent sign"
    )


def quoted(name: object) -> str:
    """The name of a column as an identifier."""
    return "`" + checked_name(name).replace("`", "``") + "`"


def quoted_table(name: object) -> str:
    """The name of a table, as `table` or `database.table`, as an identifier."""
    parts = checked_name(name).split(".")
    if len(parts) > 2 or not all(parts):
        raise FlowExecutionError(f"{name!r} is no name of a table", hint="write `table`, or `database.table`")
    return ".".join(map(quoted, parts))
