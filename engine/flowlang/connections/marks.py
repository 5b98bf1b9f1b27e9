"""The mark that a step leaves in its database: in the transaction of its effect, so there are both or neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Marked(NamedTuple):
    """What a mark says: whether the work was done, and what it gave as text, None if that was not kept."""

    done: bool
    result: str | None


class Mark(NamedTuple):
    """Names one execution of a step: the run, the step's path in it, and which of its executions there it is.

    `encode` makes text of what the work gave, None of what can't be kept; `decode` takes what a mark says, and
    raises `FlowExecutionError` if that can't stand for the work.
    """

    run_id: str
    path: str
    number: int
    encode: Callable[[Any], str | None]
    decode: Callable[[Marked], Any]
