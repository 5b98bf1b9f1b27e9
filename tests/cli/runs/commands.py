"""What the tests of recorded runs share: a flow, and how a command ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

ORDERS = """
flow: main
inputs:
  - {name: day, type: string, default: today}
  - {name: key, type: string, required: false, secret: true}
steps:
  - Do: {id: fetch, what: 'fetch ${inputs.day}', result: {rows: [{n: 1}, {n: 2}]}}
  - for_each: ${fetch.rows}
    id: each
    as: row
    do:
      - Try: {id: ship, what: 'ship ${row.n}'}
  - Do: {id: last, what: last}
outputs: {shipped: '${each.count}'}
"""


class Ran:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[list[str]]:
        """The words of each line of the result."""
        return [line.split() for line in self.out.splitlines()]


Command = Callable[..., Ran]
