"""What stands for a task carries its result past it as an exception."""

from __future__ import annotations

from typing import Any


class Given(Exception):
    """What a task is said to have given. An interceptor raises it before the attempt, and turns it into an answer."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result
