"""The inputs of a run: what was typed into a form, and which of them are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from json import dumps, loads
from typing import Any

from flowlang import FlowLangError
from flowlang.language.model import Input
from flowlang.language.vocabulary import INPUT_TYPES


class InputsError(FlowLangError):
    """What was typed is no value, or not of the type that is wanted."""


def missing(declared: Iterable[Input], given: Mapping[str, Any]) -> list[str]:
    """The inputs that a run needs and nobody gave."""
    return [one.name for one in declared if one.required and not one.has_default and one.name not in given]


def as_typed(value: Any, declared: Input) -> str:
    """A value as somebody would type it into a form."""
    if value is None:
        return ""
    if isinstance(value, str) and INPUT_TYPES.get(declared.type or "") not in ("object", "array"):
        return value
    return dumps(value, ensure_ascii=False, default=str)


def from_typed(text: str, declared: Input) -> Any:
    """What was typed into a form, as the declared type. Raises InputsError that says what would do."""
    kind = INPUT_TYPES.get(declared.type or "")
    if kind == "string":
        return text
    try:
        value = loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        value = text
    problem = _mismatch(value, kind)
    if problem:
        raise InputsError(problem)
    return value


def _mismatch(value: Any, kind: str | None) -> str | None:
    if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
        return "a whole number, such as 3"
    if kind == "number" and (not isinstance(value, (int, float)) or isinstance(value, bool)):
        return "a number, such as 2.5"
    if kind == "boolean" and not isinstance(value, bool):
        return "true or false"
    if kind == "object" and not isinstance(value, dict):
        return 'a map in JSON, such as {"name": "value"}'
    if kind == "array" and not isinstance(value, list):
        return "a list in JSON, such as [1, 2]"
    return None
