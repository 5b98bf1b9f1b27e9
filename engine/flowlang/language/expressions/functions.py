"""The functions of expressions: pure but for `now_iso`, and bounded in what they do and make."""

from __future__ import annotations

# Each of these enters its functions where it defines them.
from flowlang.language.expressions import (  # noqa: F401
    functions_of_lists,
    functions_of_numbers,
    functions_of_texts,
)
from flowlang.language.expressions.signature import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function"]
