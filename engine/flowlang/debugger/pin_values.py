"""Values in a pins file: what YAML has a type for is written as such, the rest with a tag that names its type.

Plain text is read as a flow reads it (YAML 1.2), except that a date, with or without a time, is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import Node, ScalarNode, SequenceNode

from flowlang.errors import FlowLangError
from flowlang.language.scalars import resolve
from flowlang.redaction import MASK

#: How deep a value may nest.
MAX_DEPTH: Final = 100

_CORE: Final = (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", [*"-+."]),
    ("timestamp", r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d(?::?\d\d)?)?)?", [*"0123456789"]),
)
_YAML: Final = "tag:yaml.org,2002:"


class ValueRefused(FlowLangError):
    """A value cannot be written into a pins file; the message ends the sentence "… cannot be pinned: it"."""


class _Loader(yaml.CSafeLoader):
    """Reads a pins file. Aliases and depth are limited by whoever calls it."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # as the base class declares it


class _Dumper(yaml.CSafeDumper):
    """Writes what `_Loader` reads."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # as the base class declares it

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _first in _CORE:
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(f"{_YAML}{_tag}", re.compile(f"(?:{_pattern})$"), _first)


def _plain(loader: _Loader, node: ScalarNode) -> Any:
    return resolve(node.value)


for _tag in ("null", "bool", "int", "float"):
    _Loader.add_constructor(f"{_YAML}{_tag}", _plain)


def _of_text(make: Callable[[str], Any]) -> Callable[[_Loader, Node], Any]:
    def construct(loader: _Loader, node: Node) -> Any:
        if not isinstance(node, ScalarNode):
            raise ConstructorError(None, None, f"`{node.tag}` is written before one value", node.start_mark)
        try:
            return make(node.value)
        except (ValueError, InvalidOperation, ImportError) as error:
            raise ConstructorError(None, None, f"`{node.value}` is no {node.tag[1:]}", node.start_mark) from error

    return construct


def _of_list(make: Callable[[list[Any]], Any]) -> Callable[[_Loader, Node], Any]:
    def construct(loader: _Loader, node: Node) -> Any:
        if not isinstance(node, SequenceNode):
            raise ConstructorError(None, None, f"`{node.tag}` is written before a list", node.start_mark)
        return make(loader.construct_sequence(node, deep=True))

    return construct


def _object_id(text: str) -> Any:
    from bson import ObjectId

    return ObjectId(text)


_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    "!decimal": Decimal,
    "!uuid": UUID,
    "!time": time.fromisoformat,
    "!timedelta": lambda text: timedelta(seconds=float(text)),
    "!objectid": _object_id,
}
_LISTS: Final[dict[str, Callable[[list[Any]], Any]]] = {"!tuple": tuple, "!set": set, "!frozenset": frozenset}
for _name, _make in _SCALARS.items():
    _Loader.add_constructor(_name, _of_text(_make))
for _name, _collect in _LISTS.items():
    _Loader.add_constructor(_name, _of_list(_collect))


def _scalar(tag: str, text: Callable[[Any], str] = str) -> Callable[[_Dumper, Any], Node]:
    return lambda dumper, value: dumper.represent_scalar(tag, text(value))


def _listed(tag: str, order: Callable[[Any], Any] = list) -> Callable[[_Dumper, Any], Node]:
    return lambda dumper, value: dumper.represent_sequence(tag, order(value), flow_style=True)


def _in_order(items: Any) -> list[Any]:
    return sorted(items, key=repr)


def _text(dumper: _Dumper, value: str) -> Node:
    return dumper.represent_scalar(f"{_YAML}str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _scalar("!decimal"))
_Dumper.add_representer(UUID, _scalar("!uuid"))
_Dumper.add_representer(time, _scalar("!time", time.isoformat))
_Dumper.add_representer(timedelta, _scalar("!timedelta", lambda value: repr(value.total_seconds())))
_Dumper.add_representer(tuple, _listed("!tuple"))
_Dumper.add_representer(set, _listed("!set", _in_order))
_Dumper.add_representer(frozenset, _listed("!frozenset", _in_order))


#: The tags that a value may have, for what YAML has no type of its own.
TAGS: Final = (*_SCALARS, *_LISTS)


def loader_of(text: str) -> Any:
    """What reads a text: `get_single_node()` first, then `construct_object(node, deep=True)` for parts of it."""
    return _Loader(text)


def written(value: Any) -> str:
    """A value as YAML. Maps and lists of plain values are on one line each. Raises ValueRefused."""
    text: str = yaml.dump(
        _checked(value),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=110,
    )
    return text.removesuffix("...\n")


_ATOMS: Final = frozenset({str, int, float, bool, type(None), bytes, date, datetime, time, timedelta, Decimal, UUID})


def _checked(value: Any, depth: int = 0) -> Any:
    """The value in types that can be written. Raises ValueRefused for what can't be, and for masked values."""
    kind = type(value)
    if kind is str and MASK in value:
        raise ValueRefused(
            "holds a secret, and a secret never goes into a file",
            hint="pin the step by hand with a value that is none",
        )
    if kind in _ATOMS:
        return value
    if depth == MAX_DEPTH:
        raise ValueRefused(f"nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {_checked(key, depth + 1): _checked(item, depth + 1) for key, item in value.items()}
    if kind is list:
        return [_checked(item, depth + 1) for item in value]
    if kind in (tuple, set, frozenset):
        return kind(_checked(item, depth + 1) for item in value)
    if kind.__name__ == "ObjectId":
        _Dumper.add_representer(kind, _scalar("!objectid"))
        return value
    raise ValueRefused(
        f"holds a value of the type `{kind.__name__}`, which has no form in a file",
        hint="pin the step by hand with the values that the steps after it read",
    )
