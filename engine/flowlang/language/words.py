"""Names in one style made into names in another."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def snake_case(name: str) -> str:
    """`My first Flow` and `MyFirstFlow` as `my_first_flow`; empty where nothing of the name can stay."""
    return "_".join(word.lower() for word in _WORDS.findall(name)).lstrip("0123456789_")
