"""The JSON type that a Python annotation stands for. Annotations are looked at, never evaluated."""

from __future__ import annotations

import ast
import types
import typing
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from inspect import Parameter
from typing import Any, Final

#: The JSON types of an annotation; None where it says nothing that JSON knows.
Types = frozenset[str] | None

_PLAIN: Final[dict[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    Mapping: "object",
    MutableMapping: "object",
    list: "array",
    tuple: "array",
    set: "array",
    frozenset: "array",
    Sequence: "array",
    MutableSequence: "array",
    None: "null",
    type(None): "null",
}
_ORDER: Final = ("string", "integer", "number", "boolean", "object", "array", "null")


def json_type(annotation: Any, namespace: Mapping[str, Any]) -> str | None:
    """The JSON type's name, several joined by `|`; None for any type, or one that JSON has no word for.

    `namespace` is the module of the function, where the names in an annotation that is text are looked up.
    """
    if annotation is Parameter.empty:
        return None
    found = _types(annotation, namespace)
    return "|".join(name for name in _ORDER if name in found) if found else None


def _types(annotation: Any, namespace: Mapping[str, Any]) -> Types:
    if isinstance(annotation, str):
        return _types_of_text(annotation, namespace)
    if isinstance(annotation, typing.ForwardRef):
        return _types_of_text(annotation.__forward_arg__, namespace)
    origin = typing.get_origin(annotation)
    if origin is None:
        return _types_of_class(annotation, namespace)
    arguments = typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return _union(*(_types(argument, namespace) for argument in arguments))
    if origin is typing.Literal:
        return _union(*(_types_of_class(type(value), namespace) for value in arguments))
    if origin is typing.Annotated:
        return _types(arguments[0], namespace)
    return _types_of_class(origin, namespace)


def _types_of_class(annotation: Any, namespace: Mapping[str, Any]) -> Types:
    try:
        name = _PLAIN.get(annotation)
    except TypeError:
        return None
    if name is not None:
        return frozenset({name})
    if isinstance(annotation, typing.NewType):
        return _types(annotation.__supertype__, namespace)
    if typing.is_typeddict(annotation):
        return frozenset({"object"})
    return None


def _union(*members: Types) -> Types:
    found: set[str] = set()
    for member in members:
        if member is None:
            return None
        found |= member
    return frozenset(found)


def _types_of_text(text: str, namespace: Mapping[str, Any]) -> Types:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _types_of_tree(tree, namespace)


def _types_of_tree(tree: ast.expr, namespace: Mapping[str, Any]) -> Types:
    match tree:
        case ast.Constant(value=None):
            return frozenset({"null"})
        case ast.Constant(value=str() as text):
            return _types_of_text(text, namespace)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union(_types_of_tree(left, namespace), _types_of_tree(right, namespace))
        case ast.Subscript(value=base, slice=index):
            return _types_of_subscript(_named(base, namespace), index, namespace)
        case ast.Name() | ast.Attribute():
            return _types(_named(tree, namespace), namespace)
        case _:
            return None


def _types_of_subscript(base: Any, index: ast.expr, namespace: Mapping[str, Any]) -> Types:
    members = index.elts if isinstance(index, ast.Tuple) else [index]
    if base is typing.Optional:
        return _union(_types_of_tree(index, namespace), frozenset({"null"}))
    if base is typing.Union:
        return _union(*(_types_of_tree(member, namespace) for member in members))
    if base is typing.Literal:
        values = (member.value if isinstance(member, ast.Constant) else ... for member in members)
        return _union(*(_types_of_class(type(value), namespace) for value in values))
    if base is typing.Annotated:
        return _types_of_tree(members[0], namespace)
    return _types(base, namespace)


def _named(tree: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """The object that a dotted name stands for. Attributes are read from modules only, and never computed."""
    if isinstance(tree, ast.Name):
        builtins = namespace.get("__builtins__", {})
        fallback = builtins if isinstance(builtins, dict) else vars(builtins)
        return namespace.get(tree.id, fallback.get(tree.id, ...))
    if isinstance(tree, ast.Attribute):
        module = _named(tree.value, namespace)
        return vars(module).get(tree.attr, ...) if isinstance(module, types.ModuleType) else ...
    return ...
