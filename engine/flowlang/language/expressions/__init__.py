"""Expressions: what stands in `${…}`, and in conditions.

`translate` checks one and makes a tree of it, `compile_values` makes functions of the trees. Nothing in an
expression can import, open, call or change anything: only what `expression` lists is translated, every name that
the author wrote becomes a constant, and every operator bounds what it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowlang.language.expressions.compiler import compile_values, evaluate, evaluation_error
from flowlang.language.expressions.text import as_text, truth
from flowlang.language.expressions.translate import translate

if TYPE_CHECKING:
    from flowlang.language.expressions.functions import FUNCTIONS, Function
    from flowlang.language.expressions.operators import equal

__all__ = [
    "FUNCTIONS",
    "Function",
    "as_text",
    "compile_values",
    "equal",
    "evaluate",
    "evaluation_error",
    "translate",
    "truth",
]


def __getattr__(name: str) -> Any:
    # A flow that only reads results needs neither, and loading them takes time.
    if name in ("FUNCTIONS", "Function"):
        from flowlang.language.expressions import functions

        return getattr(functions, name)
    if name == "equal":
        from flowlang.language.expressions.operators import equal

        return equal
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
