"""The flows that are killed: every kind of block, handlers, retries, and steps on a database."""

from __future__ import annotations

SHAPES: dict[str, str] = {
    "sequence": """
steps:
  - Effect: {id: a, me: a}
  - Effect: {id: b, me: 'b ${a.me}'}
  - Effect: {id: c, me: 'c ${b.me}'}
  - Effect: {id: d, me: 'd ${c.me}'}
outputs: {all: '${d.me}'}
finally: [{Effect: {id: last, me: last}}]
""",
    "loop": """
steps:
  - Effect: {id: a, me: a}
  - for_each: [1, 2, 3]
    id: each
    as: item
    do:
      - Effect: {id: b, me: 'b${item}'}
      - Effect: {id: c, me: 'c${item} ${b.me}'}
    collect: ${c.me}
  - Effect: {id: d, me: 'd ${each.results}'}
outputs: {all: '${d.me}', each: '${each.results}'}
""",
    "concurrent": """
steps:
  - for_each: ${range(6)}
    id: each
    as: item
    concurrency: 3
    do:
      - Effect: {id: b, me: 'b${item}'}
      - Effect: {id: c, me: 'c${item} ${b.me}'}
    collect: ${c.me}
  - Effect: {id: d, me: 'd ${each.results}'}
outputs: {all: '${d.me}'}
""",
    "parallel": """
steps:
  - parallel:
      - Effect: {id: a, me: a}
      - Effect: {id: b, me: b}
      - Effect: {id: c, me: 'c ${a.me}'}
      - if: true
        id: group
        then: [{Effect: {id: e, me: e}}, {Effect: {id: f, me: 'f ${e.me}'}}]
  - Effect: {id: d, me: 'd ${a.me} ${b.me} ${c.me} ${f.me}'}
outputs: {all: '${d.me}'}
""",
    "subflow": """
steps:
  - Effect: {id: a, me: a}
  - subflow: part
    id: first
    inputs: {name: one}
  - for_each: [2, 3]
    id: each
    as: item
    do: [{subflow: part, id: inner, inputs: {name: '${item}'}}]
    collect: ${inner.all}
outputs: {all: '${first.all} ${each.results}'}
""",
    "retry": """
steps:
  - Flaky: {id: a, me: a, times: 2}
    retry: {max_attempts: 3, delay: 0}
  - if: true
    id: block
    retry: {max_attempts: 3, delay: 0}
    then:
      - Again: {id: b}
      - Flaky: {id: c, me: c, times: 1}
  - Effect: {id: d, me: 'd ${a.me} ${c.me}'}
outputs: {all: '${d.me}'}
""",
    "choices": """
steps:
  - Next: {id: count, n: -1}
  - while: ${not round.n or round.n < 3}
    id: rounds
    do:
      - Next: {id: round, n: '${round.n | default(count.n)}'}
      - Effect: {id: e, me: 'w${round.n}'}
      - switch: ${round.n}
        id: which
        cases:
          - when: 1
            do: [{Effect: {id: one, me: one}}]
          - default: [{Effect: {id: other, me: 'other${round.n}'}}]
outputs: {all: '${e.me}', rounds: '${rounds.iterations}'}
""",
    "handled": """
steps:
  - Fail: {id: a, me: a}
    on_error: [{Effect: {id: mend, me: mend}}, {Effect: {id: mend2, me: 'mend2 ${a.error.message}'}}]
  - if: true
    id: group
    continue_on_error: true
    then: [{Effect: {id: b, me: b}}, {Fail: {id: c, me: c}}]
  - Effect: {id: d, me: 'd ${b.me} ${mend2.me}', silent: true}
  - Effect: {id: e, me: 'e ${d.me}'}
outputs: {all: '${e.me}'}
""",
    "database": """
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_execute: {id: make, query: 'CREATE TABLE IF NOT EXISTS t (me varchar(50))', idempotent: true}
  - DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: [a], exactly_once: true}
  - for_each: [1, 2]
    id: each
    as: item
    do:
      - DB_transaction:
          id: b
          queries: [{query: INSERT INTO t VALUES (?), params: ['b${item}']}]
          exactly_once: true
  - DB_batch_insert: {id: c, table: t, records: [{me: c}], exactly_once: true}
  - Effect: {id: d, me: 'd ${a.rows_affected} ${c.inserted_count}'}
  - DB_query: {id: look, query: SELECT me FROM t ORDER BY me, idempotent: true}
outputs: {all: '${d.me}', rows: '${look.rows.*.me}'}
""",
}

EMPTY = """
flow: empty
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_execute: {query: DROP TABLE IF EXISTS t}
  - DB_execute: {query: DROP TABLE IF EXISTS flowlang_marks}
"""

LOOK = """
flow: look
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_query: {id: look, query: SELECT me FROM t, continue_on_error: true}
outputs: {rows: '${look.rows.*.me or []}'}
"""

#: How the tasks of a database are called, and its parameters written.
TASKS = {"sqlite": ("sqlite_", "?"), "postgres": ("pg_", "$1"), "mysql": ("mysql_", "%s")}

PART = """
flow: part
inputs: [{name: name}]
steps:
  - Effect: {id: x, me: 'x${inputs.name}'}
  - Effect: {id: y, me: 'y${inputs.name} ${x.me}'}
outputs: {all: '${y.me}'}
on_error: [{Effect: {id: never, me: never}}]
"""


def written(text: str, database: tuple[str, str]) -> str:
    """A flow's text for the database of a type, and how its connection is configured."""
    type, where = database
    prefix, parameter = TASKS[type]
    text = text.lstrip().replace("TYPE", type).replace("WHERE", where).replace("DB_", prefix)
    return text.replace("(?)", f"({parameter})")
