"""A flow as a graph: its nodes and edges, and how they are drawn."""

from __future__ import annotations

import json
import re
from textwrap import dedent
from time import perf_counter

import pytest

from flowlang.language.diagnostics import Problems
from flowlang.language.graph import Graph, GraphEdge, graph_of, to_dot, to_json, to_mermaid, to_text
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text

ORDERS = """
    flow: Orders
    steps:
      - task: Load
        id: load
        retry: {max_attempts: 5}
        timeout: 30s
      - sqlite_execute: {id: schema, query: CREATE TABLE x (y)}
      - if: ${load.rejected | length} > 0
        id: bad
        then:
          - sqlite_batch_insert: {id: save, table: bad, records: "${load.rejected}"}
        elif:
          - if: ${load.count} == 0
            then:
              - exit: {reason: nothing to do}
                id: stop
        else:
          - Log: {id: fine, message: all good}
      - for_each: ${load.rows}
        id: ship
        as: order
        concurrency: 4
        do:
          - Ship: {id: one, order: "${order}"}
          - switch: ${one.state}
            id: state
            cases:
              - when: [late, lost]
                do:
                  - subflow: apologise
                    id: sorry
              - default:
                  - Note: {id: note}
        collect: ${one.total}
      - parallel:
          - Sum: {id: sum, of: "${ship.results}"}
          - Mail: {id: mail, text: "${sum.text}", if: "${sum.ok}", continue_on_error: true}
        id: report
      - while: ${poll.open | default(true)}
        id: wait
        do:
          - Poll: {id: poll}
        on_error:
          - exit: {status: failure, reason: "${context.last_error}"}
            id: give_up
    on_error:
      - Alarm: {id: alarm}
    finally:
      - Clean: {id: clean}
"""


def graph(text: str) -> Graph:
    problems = Problems()
    flow = parse_flow(read_text(dedent(text), problems), problems)
    assert problems.found == []
    return graph_of(flow)


def edges(graph: Graph, *kinds: str) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.label) for edge in graph.edges if edge.kind in kinds]


def steps(text: str, top: str = "") -> Graph:
    return graph(f"flow: A\n{dedent(top)}\nsteps:\n{dedent(text)}")


def test_the_drawing_has_a_row_for_each_step_and_rails_for_what_stands_inside() -> None:
    assert to_text(graph(ORDERS)) == dedent("""\
        Orders
        ● load       Load · 5 attempts · timeout 30s
        ● schema     sqlite_execute
        ◆ bad        if load.rejected | length > 0
        ├ then
        │ ● save     sqlite_batch_insert
        ├ elif load.count == 0
        │ ■ stop     exit: nothing to do
        ├ else
        │ ● fine     Log
        ↻ ship       for each order in load.rows · 4 at once
        ┊ ● one      Ship
        ┊ ◆ state    switch one.state
        ┊ ├ case ['late', 'lost']
        ┊ │ ▶ sorry  flow apologise
        ┊ ├ default
        ┊ │ ● note   Note
        ∥ report     parallel
        ║ ● sum      Sum
        ║ ● mail     Mail · if sum.ok · may fail  ← sum
        ↻ wait       while poll.open | default(true)
        ┊ ● poll     Poll
        ├ on_error
        │ ■ give_up  exit with failure: context.last_error
        on_error
        │ ● alarm    Alarm
        finally
        │ ● clean    Clean
        """)


def test_in_dag_mode_each_step_names_what_it_waits_for() -> None:
    drawn = steps(
        """
        - A: {id: a}
        - B: {id: b}
        - parallel:
            - C: {id: c, x: "${a.x}"}
            - D: {id: d, x: "${c.x}"}
          id: both
          depends_on: b
        - E: {id: e, x: "${both} ${a.y}"}
        """,
        "mode: dag",
    )
    assert to_text(drawn) == dedent("""\
        A (dag)
        ● a     A
        ● b     B
        ∥ both  parallel  ← b, a
        ║ ● c   C
        ║ ● d   D  ← c
        ● e     E  ← both, a
        """)


def test_control_leads_through_branches_and_comes_together_behind_them() -> None:
    found = edges(graph(ORDERS), "sequence", "branch")
    assert [edge for edge in found if "bad" in edge[:2] or "ship" in edge[1:2]] == [
        ("schema", "bad", ""),
        ("bad", "save", "then"),
        ("bad", "stop", "elif load.count == 0"),
        ("bad", "fine", "else"),
        ("save", "ship", ""),
        ("fine", "ship", ""),
    ]


def test_nothing_follows_an_exit_unless_it_can_be_skipped() -> None:
    assert edges(steps("- exit: {}\n  id: a\n- B: {id: b}"), "sequence") == []
    assert edges(steps("- exit: {}\n  id: a\n  if: ${inputs.x}\n- B: {id: b}"), "sequence") == [("a", "b", "skipped")]


@pytest.mark.parametrize(
    ("step", "label"),
    [
        ("- if: ${inputs.x}\n  id: a\n  then: [B: {id: b}]", "else"),
        ("- if: ${inputs.x}\n  id: a\n  else: [B: {id: b}]", "then"),
        ("- switch: ${inputs.x}\n  id: a\n  cases: [{when: 1, do: [B: {id: b}]}]", "no case"),
    ],
    ids=["no else", "no then", "no default"],
)
def test_a_choice_without_a_branch_for_the_rest_leads_past_its_steps(step: str, label: str) -> None:
    drawn = steps(f"{step}\n- C: {{id: c}}")
    assert edges(drawn, "sequence") == [("b", "c", ""), ("a", "c", label)]


def test_a_loop_leads_into_its_steps_and_back() -> None:
    drawn = graph(ORDERS)
    assert [edge for edge in edges(drawn, "branch") if edge[0] == "ship"] == [("ship", "one", "do")]
    assert [edge for edge in edges(drawn, "loop") if edge[1] == "ship"] == [
        ("sorry", "ship", "next"),
        ("note", "ship", "next"),
    ]
    assert ("ship", "report", "") in edges(drawn, "sequence")


def test_branches_of_a_parallel_start_together_and_end_together() -> None:
    drawn = graph(ORDERS)
    assert [edge for edge in edges(drawn, "branch") if edge[0] == "report"] == [
        ("report", "sum", ""),
        ("report", "mail", ""),
    ]
    assert [edge for edge in edges(drawn, "sequence") if edge[1] == "wait"] == [
        ("sum", "wait", ""),
        ("mail", "wait", ""),
    ]


def test_an_edge_of_data_says_what_is_read() -> None:
    assert edges(graph(ORDERS), "data") == [
        ("load", "bad", "rejected, count"),
        ("load", "save", "rejected"),
        ("load", "ship", "rows"),
        ("one", "ship", "total"),
        ("one", "state", "state"),
        ("ship", "sum", "results"),
        ("sum", "mail", "ok, text"),
        ("poll", "wait", "open"),
    ]


def test_text_that_only_looks_like_a_step_is_no_read() -> None:
    drawn = steps("- A: {id: a}\n- B: {id: b, x: \"a ${'a'} ${inputs.a} ${b.a}\"}")
    assert edges(drawn, "data") == []


def test_depends_on_has_edges_of_its_own() -> None:
    assert edges(steps("- A: {id: a}\n- B: {id: b, depends_on: [a, nothing]}"), "depends") == [("a", "b", "")]


def test_steps_of_two_branches_may_share_an_id() -> None:
    drawn = steps("""
        - if: ${inputs.x}
          id: choice
          then:
            - A: {id: a}
            - B: {id: b, x: "${a.x}"}
          else:
            - A: {id: a}
        - C: {id: c, x: "${a.y}"}
        """)
    assert [(node.id, node.step, node.branch) for node in drawn.nodes if node.step == "a"] == [
        ("a", "a", "then"),
        ("a~2", "a", "else"),
    ]
    assert edges(drawn, "data") == [("a", "b", "x"), ("a", "c", "y"), ("a~2", "c", "y")]


def test_a_node_knows_its_line_and_the_step_around_it() -> None:
    drawn = steps("- for_each: [1]\n  id: loop_\n  do:\n    - A: {id: a}")
    assert drawn.node("a")[:8] == ("a", "a", "a", "task", "A", "loop_", "do", 7)


def test_json_holds_the_whole_graph() -> None:
    drawn = graph(ORDERS)
    data = json.loads(to_json(drawn))
    assert data["name"] == "Orders"
    assert [node["id"] for node in data["nodes"]] == [node.id for node in drawn.nodes]
    assert [GraphEdge(edge["from"], edge["to"], edge["kind"], edge["label"]) for edge in data["edges"]] == [
        *drawn.edges
    ]
    assert data["blocks"][0] == {"parent": None, "name": "steps", "label": "steps", "nodes": [*drawn.blocks[0].nodes]}


def test_mermaid_draws_shapes_blocks_and_arrows() -> None:
    drawn = steps("""
        - A: {id: a}
        - for_each: ${a.rows}
          id: each
          do:
            - if: ${item.ok}
              id: ok
              then:
                - exit
        - B: {id: b, depends_on: a, x: "${a.y}"}
        """)
    assert to_mermaid(drawn) == dedent("""\
        flowchart TD
          n0["a<br>A"]
          subgraph n1_block[" "]
            n1{{"each<br>for each item in a.rows"}}
            n2{"ok<br>if item.ok"}
            n3(["exit<br>exit"])
          end
          n4["b<br>B"]
          n0 --> n1
          n2 -->|"then"| n3
          n1 -->|"do"| n2
          n2 -->|"else"| n1
          n1 --> n4
          n0 -.->|"after"| n4
        """)


NASTY = 'a "b" [c] {d} <e> (f) |g| `h` #59; \\ %% ;\n--> end & é 漢 \x1b[31m \u202e'


def nasty() -> Graph:
    flow = {
        "flow": "A",
        "steps": [
            {"if": NASTY, "then": [{"task": NASTY}], "else": [{"exit": {"reason": NASTY}}]},
            {"switch": "${inputs.x}", "cases": [{"when": NASTY, "do": [{"subflow": NASTY}]}]},
        ],
    }
    problems = Problems()
    return graph_of(parse_flow(read_text(json.dumps(flow), problems), problems))


def test_labels_of_mermaid_hold_nothing_that_mermaid_reads() -> None:
    labels = re.findall(r'"([^\n]*)"', to_mermaid(nasty()))
    assert labels
    for label in labels:
        assert re.fullmatch(r"(?:[\w .,:=+()/'…·-]|#\d+;|<br>)*", label), label


def test_strings_of_dot_are_closed_and_on_one_line() -> None:
    for line in to_dot(nasty()).splitlines():
        rest = re.sub(r'"(?:[^"\\]|\\["\\n])*"', "", line)
        assert '"' not in rest
        assert re.fullmatch(r"[\w =>,;\[\]{}.-]*", rest), line


@pytest.mark.parametrize("draw", [to_text, to_mermaid, to_dot], ids=["text", "mermaid", "dot"])
def test_no_drawing_has_characters_that_a_terminal_obeys(draw: object) -> None:
    assert callable(draw)
    assert all(line.isprintable() for line in draw(nasty()).split("\n"))


def test_a_half_typed_flow_has_a_graph() -> None:
    text = dedent(ORDERS)
    for end in range(0, len(text), 7):
        problems = Problems()
        to_text(graph_of(parse_flow(read_text(text[:end], problems), problems)))


def big(count: int) -> str:
    chain = (f"  - Add: {{id: s{i}, x: '${{s{i - 1}.value}}', y: {i}}}\n" for i in range(1, count))
    return "flow: Big\nsteps:\n  - Add: {id: s0}\n" + "".join(chain)


def test_a_thousand_steps_are_drawn_in_time_that_grows_with_them() -> None:
    problems = Problems()
    flow = parse_flow(read_text(big(1000), problems), problems)
    for draw in (to_text, to_mermaid, to_dot, to_json):
        fastest = min(_time(lambda draw=draw: draw(graph_of(flow))) for _ in range(3))  # type: ignore[misc]
        assert fastest < 2  # quadratic work takes far longer


def _time(work: object) -> float:
    assert callable(work)
    started = perf_counter()
    work()
    return perf_counter() - started
