"""Reading in one thread what another may be writing."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

T = TypeVar("T")


def snapshot(items: Collection[T]) -> list[T]:
    """The items as they are at some moment, even if more come while they are copied."""
    while True:
        try:
            return list(items)
        except RuntimeError:
            # the collection changed under the copy; soon it will not
            continue
