"""Half-typed and damaged files: always a flow and diagnostics, never an exception."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import flowlang.language
from flowlang.language.codes import CODES
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.model import Flow
from flowlang.language.parse import parse_flow
from flowlang.language.source import Source, from_data, read_text

REAL = """\
flow: ShipOrders
description: Ships what was paid
connections:
  db:
    type: sqlite
    database: ${env.DATABASE:orders.db}
inputs:
  - name: since
    type: string
    default: "2024-01-01"
  - {name: limit, type: int, default: 5}
steps:
  - sqlite_query:
      id: paid
      connection: db
      query: |
        SELECT * FROM orders
        WHERE status = 'paid' AND at > ?
      params: [${inputs.since}, 5]
      outputs: [rows, count]
  - if: ${paid.count == 0}
    then:
      - exit: {reason: "nothing to ship", outputs: {shipped: 0}}
  - for_each: ${paid.rows}
    id: ship
    as: order
    do:
      - task: Ship
        id: parcel
        inputs:
          order: ${order}
          label: 'Order ${order.id}, ${order.name | default("no name")}'
        retry: {max_attempts: 3, delay: 500ms, backoff: exponential}
    collect: ${parcel.number}
  - switch: ${ship.results | length}
    cases:
      - when: [1, 2]
        do: [{task: Few}]
      - default:
          - task: Many
outputs:
  - name: numbers
    value: ${ship.results}
  - total: ${paid.count}
finally:
  - task: Close
"""


def parse(text: str) -> tuple[Flow, list[Diagnostic]]:
    problems = Problems()
    flow = parse_flow(read_text(text, problems), problems)
    for step in flow.walk():
        assert step.id
        list(step.values())
    return flow, problems.in_order()


def test_the_whole_flow_has_no_problem() -> None:
    assert parse(REAL)[1] == []


def test_every_prefix_gives_a_flow_and_diagnostics() -> None:
    for end in range(len(REAL)):
        parse(REAL[:end])


@settings(max_examples=200, deadline=None)
@given(start=st.integers(0, len(REAL)), length=st.integers(1, 60))
def test_any_deletion_gives_a_flow_and_diagnostics(start: int, length: int) -> None:
    parse(REAL[:start] + REAL[start + length :])


@settings(max_examples=200, deadline=None)
@given(start=st.integers(0, len(REAL)), text=st.text(alphabet="{}[]:,#-'\"|>&*!%@` \t\n${ab1", max_size=6))
def test_any_insertion_gives_a_flow_and_diagnostics(start: int, text: str) -> None:
    parse(REAL[:start] + text + REAL[start:])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_a_flow_and_diagnostics(text: str) -> None:
    parse(text)


_KEYS = (
    *("flow", "steps", "task", "if", "then", "else", "elif", "switch", "cases", "when", "do", "default", "for_each"),
    *("as", "while", "subflow", "exit", "inputs", "outputs", "connections", "type", "use", "name", "enum", "id"),
    *("retry", "on_error", "timeout", "parallel", "pg_query", "triggers"),
)
_DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(_DATA)
def test_any_data_gives_a_flow_and_diagnostics(data: object) -> None:
    for wrapped in (data, {"flow": "F", "steps": [data]}, {"flow": "F", "steps": data, "inputs": data}):
        problems = Problems()
        parse_flow(Source(root=from_data(wrapped)), problems)


def test_what_could_be_read_of_a_half_typed_flow_is_there() -> None:
    flow, found = parse(REAL.replace("params: [${inputs.since}, 5]", "params: [${inputs.si"))
    assert flow.name == "ShipOrders"
    assert [step.id for step in flow.steps] == ["paid", "if_1", "ship", "switch"]
    assert [(problem.code, problem.line) for problem in found] == [("unclosed-bracket", 19)]


def test_a_syntax_error_hides_no_later_problem_and_makes_up_none() -> None:
    _, found = parse("flow: 'F\nsteps:\n  - task: A\n    tiemout: 3\n  - tas\n")
    assert [(problem.code, problem.line) for problem in found] == [
        ("unclosed-quote", 1),
        ("unknown-key", 4),
        ("no-kind", 5),
    ]


def test_every_code_of_reading_and_parsing_is_documented() -> None:
    folder = Path(flowlang.language.__file__).parent
    files = ("composer", "syntax", "source", "parse", "parse_fields", "parse_steps", "identify")
    used: set[str] = set()
    for name in files:
        text = (folder / f"{name}.py").read_text("utf-8")
        used |= set(re.findall(r'(?:error|_tell|_refuse|_refused|Complaint)\(\s*"([a-z0-9-]+)"', text))
    assert len(used) > 30
    assert used <= CODES.keys()
