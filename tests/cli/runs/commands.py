"""What the tests of recorded runs share: a flow, and how a command ended."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.ran import Ran

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


Command = Callable[..., Ran]
