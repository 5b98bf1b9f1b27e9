"""Builds the Python expressions that compute a flow's values.

Only what stands here ever gets into them: constants, the run's frame `F`, and helpers by reserved names. No name
that a flow's author wrote becomes a Python name.

The nodes carry their position as class attributes, which spares the compiler's callers a walk over every tree. A call
may have a line of its own: it is the number of the `${…}` within its value, so that a traceback tells which one failed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

#: What the helpers are called in compiled expressions. Modules enter theirs when they are first needed.
HELPERS: Final[dict[str, Callable[..., Any]]] = {}


class _Placed:
    lineno: int = 1
    col_offset: int = 0
    end_lineno: int | None = None
    end_col_offset: int | None = None


class _Attribute(_Placed, ast.Attribute):
    pass


class _Call(_Placed, ast.Call):
    pass


class _Constant(_Placed, ast.Constant):
    kind = None


class _Dict(_Placed, ast.Dict):
    pass


class _BoolOp(_Placed, ast.BoolOp):
    pass


class _IfExp(_Placed, ast.IfExp):
    pass


class _Compare(_Placed, ast.Compare):
    pass


class _Lambda(_Placed, ast.Lambda):
    pass


class _List(_Placed, ast.List):
    pass


class _Tuple(_Placed, ast.Tuple):
    pass


class _Name(_Placed, ast.Name):
    pass


class _NamedExpr(_Placed, ast.NamedExpr):
    pass


class _Subscript(_Placed, ast.Subscript):
    pass


class _UnaryOp(_Placed, ast.UnaryOp):
    pass


class _Argument(_Placed, ast.arg):
    pass


class _Keyword(_Placed, ast.keyword):
    pass


_LOAD = ast.Load()
_STORE = ast.Store()
_NOT = ast.Not()
_AND = ast.And()
_OR = ast.Or()
_IS_NOT = ast.IsNot()


def _parameter(name: str) -> ast.arguments:
    return ast.arguments(
        posonlyargs=[],
        args=[_Argument(name, None)],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[],
    )


_OF_FRAME = _parameter("F")
_OF_ITEM = _parameter("I")
_FRAME = _Name("F", _LOAD)
_STATES = _Attribute(_FRAME, "v", _LOAD)
_TEMPORARY = _Name("T", _LOAD)

#: One element of a list whose fields are plucked.
ITEM: Final[ast.expr] = _Name("I", _LOAD)
#: The work that an expression may still do.
WORK: Final[ast.expr] = _Name("B", _LOAD)
NULL: Final[ast.expr] = _Constant(None)

_names: dict[str, ast.expr] = {}


def constant(value: str | int | float | bytes | bool | None) -> ast.expr:
    """A literal."""
    return _Constant(value)


def call(helper: str, *arguments: ast.expr, line: int = 1) -> ast.expr:
    """A call of one of the HELPERS."""
    name = _names.get(helper)
    if name is None:
        name = _names[helper] = _Name(helper, _LOAD)
    node = _Call(name, list(arguments), [])
    if line != 1:
        node.lineno = line
    return node


def call_with(helper: str, arguments: Sequence[ast.expr], named: dict[str, ast.expr], line: int) -> ast.expr:
    """A call of one of the HELPERS, with arguments by name too."""
    keywords: list[ast.keyword] = [_Keyword(name, value) for name, value in named.items()]
    node = _Call(_Name(helper, _LOAD), list(arguments), keywords)
    node.lineno = line
    return node


def name(text: str) -> ast.expr:
    """An object that the compiler is given under a reserved name."""
    return _Name(text, _LOAD)


def frame(depth: int) -> ast.expr:
    """The run's frame `depth` levels up."""
    tree: ast.expr = _FRAME
    for _ in range(depth):
        tree = _Attribute(tree, "up", _LOAD)
    return tree


def state(id: str, depth: int) -> ast.expr:
    """The state of a step in the frame `depth` levels up."""
    states = _STATES if depth == 0 else _Attribute(frame(depth), "v", _LOAD)
    return _Subscript(states, _Constant(id), _LOAD)


def attribute(tree: ast.expr, name: str) -> ast.expr:
    """An attribute of a frame or of a step's state; never of a value."""
    return _Attribute(tree, name, _LOAD)


def mapping(keys: Sequence[ast.expr], values: Sequence[ast.expr]) -> ast.expr:
    """A new map."""
    return _Dict(list(keys), list(values))


def sequence(items: Sequence[ast.expr]) -> ast.expr:
    """A new list."""
    return _List(list(items), _LOAD)


def group(items: Sequence[ast.expr]) -> ast.expr:
    """Several values for a helper."""
    return _Tuple(list(items), _LOAD)


def negation(tree: ast.expr) -> ast.expr:
    """`not`."""
    return _UnaryOp(_NOT, tree)


def every(items: Sequence[ast.expr]) -> ast.expr:
    """`and`: the deciding operand."""
    return _BoolOp(_AND, list(items))


def either(items: Sequence[ast.expr]) -> ast.expr:
    """`or`: the deciding operand."""
    return _BoolOp(_OR, list(items))


def choice(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    """`then if test else otherwise`."""
    return _IfExp(test, then, otherwise)


def fallback(tree: ast.expr, otherwise: ast.expr) -> ast.expr:
    """`tree`, or `otherwise` if that is null; `otherwise` is evaluated only then."""
    kept = _NamedExpr(_Name("T", _STORE), tree)
    return _IfExp(_Compare(kept, [_IS_NOT], [NULL]), _TEMPORARY, otherwise)


def of_item(body: ast.expr) -> ast.expr:
    """A function of the ITEM."""
    return _Lambda(_OF_ITEM, body)


def of_frame(body: ast.expr) -> ast.expr:
    """A function of the run's frame."""
    return _Lambda(_OF_FRAME, body)


def with_work(body: ast.expr, units: int) -> ast.expr:
    """`body`, where WORK starts with so many units."""
    fresh = _NamedExpr(_Name("B", _STORE), _List([_Constant(units)], _LOAD))
    return _IfExp(fresh, body, NULL)
