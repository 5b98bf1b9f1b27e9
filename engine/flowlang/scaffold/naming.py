"""Names as people give them, made into names of flows, files and functions."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Final

from flowlang.scaffold.errors import ScaffoldError

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def snake_case(name: str) -> str:
    """`My first Flow` and `MyFirstFlow` as `my_first_flow`. Raises ScaffoldError where no letter is left."""
    words = [word.lower() for word in _WORDS.findall(name)]
    joined = "_".join(words).lstrip("0123456789_")
    if not joined:
        raise ScaffoldError(f"`{name}` cannot be made into a name", hint="Use letters of a to z, and digits.")
    return f"{joined}_" if iskeyword(joined) else joined


def camel_case(name: str) -> str:
    """`my_first_flow` as `MyFirstFlow`."""
    return "".join(word.capitalize() for word in snake_case(name).split("_"))
