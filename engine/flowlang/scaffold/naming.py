"""Names as people give them, made into names of flows, files and functions."""

from __future__ import annotations

from keyword import iskeyword

from flowlang.language import words
from flowlang.scaffold.errors import ScaffoldError


def snake_case(name: str) -> str:
    """`My first Flow` and `MyFirstFlow` as `my_first_flow`. Raises ScaffoldError where no letter is left."""
    joined = words.snake_case(name)
    if not joined:
        raise ScaffoldError(f"`{name}` cannot be made into a name", hint="Use letters of a to z, and digits.")
    return f"{joined}_" if iskeyword(joined) else joined


def camel_case(name: str) -> str:
    """`my_first_flow` as `MyFirstFlow`."""
    return "".join(word.capitalize() for word in snake_case(name).split("_"))
