"""How functions enter the language, and how they take their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from flowlang.errors import ExpressionError
from flowlang.language.expressions.emit import HELPERS
from flowlang.language.expressions.operators import comparable, is_number, number_in
from flowlang.language.expressions.wording import kind_of
from flowlang.language.expressions.work import (
    Work,
    check_items,
    check_number,
    check_size,
    spend,
)

LISTS: Final = (list, tuple, range, set, frozenset)


class Function(NamedTuple):
    """A function, as it is called (`signature`), and what it gives (`doc`).

    `required` of its `parameters` must be given; with `repeated` there may be any number of them.
    """

    name: str
    signature: str
    doc: str
    parameters: tuple[str, ...]
    required: int
    repeated: bool = False

    def problem_with(self, positional: int, named: list[str]) -> str | None:
        """What is wrong with a call that gives so many arguments by position and these by name, or None."""
        for name in named:
            if self.repeated or name not in self.parameters:
                return f"`{self.name}` has no argument `{name}`"
            if self.parameters.index(name) < positional:
                return f"`{self.name}` gets `{name}` twice"
        if not self.repeated and positional > len(self.parameters):
            return f"`{self.name}` takes fewer arguments than {positional}"
        if self.repeated:
            return None if positional >= self.required else f"`{self.name}` is called without arguments"
        missing = [name for name in self.parameters[positional : self.required] if name not in named]
        return f"`{self.name}` is called without `{missing[0]}`" if missing else None


FUNCTIONS: Final[dict[str, Function]] = {}


def function(signature: str, *, repeated: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name, _, rest = signature.partition("(")
    parameters = [part.strip() for part in rest.rstrip(")").split(",") if part.strip() not in ("", "…")]
    names = tuple(part.partition("=")[0].strip() for part in parameters)
    required = sum("=" not in part for part in parameters)

    def enter(run: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = Function(name, signature, (run.__doc__ or "").strip(), names, required, repeated)
        HELPERS[f"f_{name}"] = run
        return run

    return enter


def items_of(work: Work, value: Any, name: str) -> Any:
    """The items of a list, with the work of looking at each; none for null."""
    if value is None:
        return ()
    if not isinstance(value, LISTS):
        raise ExpressionError(f"`{name}` takes a list; this is {kind_of(value)}")
    spend(work, 1 + len(value))
    return value


def map_of(work: Work, value: Any, name: str) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ExpressionError(f"`{name}` takes a map; this is {kind_of(value)}")
    check_items(len(value))
    spend(work, 1 + 2 * len(value))
    return value


def text_of(work: Work, value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"`{name}` takes text; this is {kind_of(value)}")
    check_size(len(value))
    spend(work, 1 + (len(value) >> 4))
    return value


def number_of(value: Any, name: str) -> Any:
    if isinstance(value, str):
        written = number_in(value)
        if written is None:
            raise ExpressionError(f"`{name}` takes a number; this text is none")
        return written
    if not is_number(value):
        raise ExpressionError(f"`{name}` takes a number; this is {kind_of(value)}")
    return check_number(value)


def orderly(work: Work, items: Iterable[Any], name: str) -> list[Any]:
    """Items that can all be put in order: numbers, or texts, or dates."""
    ordered = list(items)
    cost = len(ordered) * max(len(ordered).bit_length(), 1)
    for item in ordered:
        comparable(name, ordered[0], item, work)
        if isinstance(item, str):
            cost += len(item) >> 3
    if any(isinstance(item, str) for item in ordered) and not all(isinstance(item, str) for item in ordered):
        ordered = [number_of(item, name) for item in ordered]
    spend(work, cost)
    return ordered
