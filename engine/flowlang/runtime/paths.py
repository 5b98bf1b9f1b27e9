"""The paths by which events name steps: `orders[3]/ship` is `ship` in the fourth iteration of `orders`."""

from __future__ import annotations

import re
from typing import Final

_INDEX: Final = re.compile(r"\[\d+\]")


def address_of(path: str) -> str:
    """Where a step stands in the definition: its path without the numbers of iterations, as in `orders/ship`."""
    return _INDEX.sub("", path) if "[" in path else path
