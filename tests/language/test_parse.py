"""From nodes to a flow: every key of the language, and every structural problem with its place."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.model import (
    ExitStep,
    Flow,
    ForEachStep,
    IfStep,
    ParallelStep,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    WhileStep,
)
from flowlang.language.parse import parse_flow
from flowlang.language.source import Source, from_data, read_text
from flowlang.language.vocabulary import KINDS


def parse(text: str) -> tuple[Flow, list[Diagnostic]]:
    problems = Problems()
    return parse_flow(read_text(text, problems), problems), problems.in_order()


def good(text: str) -> Flow:
    flow, found = parse(text)
    assert [str(problem) for problem in found] == []
    return flow


def steps(text: str) -> tuple[list[Any], list[Diagnostic]]:
    """The steps of a flow whose `steps` are `text`; its first line is line 3."""
    flow, found = parse("flow: F\nsteps:\n" + text)
    return list(flow.steps), found


def step(text: str) -> Any:
    (only,), found = steps(text)
    assert [str(problem) for problem in found] == []
    return only


def places(found: list[Diagnostic]) -> list[tuple[str, int, int]]:
    return [(problem.code, problem.line, problem.column) for problem in found]


def ids(flow: Flow) -> list[str]:
    return [found.id for found in flow.walk()]


def test_every_key_of_a_flow_is_kept() -> None:
    flow = good(
        "flow: Orders\ndescription: All of them\nversion: 1.10\ntags: [a, 2]\nmode: dag\nsilent: true\ntimeout: 5m\n"
        "inputs:\n  - {name: n, type: int}\nconnections:\n  db: {type: sqlite, database: x.db}\n"
        "triggers:\n  - type: webhook\nsteps:\n  - task: A\noutputs:\n  - a\n"
        "on_error:\n  - task: B\non_cancel:\n  steps:\n    - task: C\nfinally:\n  - task: D\n"
    )
    assert (flow.name, flow.description, flow.version, flow.mode) == ("Orders", "All of them", "1.10", "dag")
    assert [tag.text for tag in flow.tags] == ["a", "2"]
    assert flow.silent
    assert flow.timeout is not None
    assert flow.timeout.node.data == "5m"
    assert flow.triggers[0].data == {"type": "webhook"}
    assert [[inner.id for inner in block] for _, block in flow.blocks()] == [["A"], ["B"], ["C"], ["D"]]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_example_of_every_kind_parses(kind: Any) -> None:
    found = step(kind.example)
    assert found.kind == kind.name


def test_a_task_step_has_its_name_arguments_and_common_keys() -> None:
    found: TaskStep = step(
        "- task: Send\n  id: mail\n  description: tells them\n  if: ${a.ok}\n  depends_on: a\n  timeout: 500ms\n"
        "  retry: {max_attempts: 5, delay_seconds: 2, backoff: exponential, on: [Timeout]}\n"
        "  on_error: {steps: [{task: Log}]}\n  continue_on_error: true\n  silent: false\n  connection: db\n"
        "  outputs: [id, at]\n  inputs: {to: '${x}'}\n"
    )
    assert (found.task.text, found.id, found.id_given, found.description) == ("Send", "mail", True, "tells them")
    assert found.arguments.node.data == {"to": "${x}"}
    assert found.condition is not None
    assert (found.condition.form, found.condition.node.data) == ("condition", "${a.ok}")
    assert [name.text for name in found.depends_on] == ["a"]
    assert found.retry is not None
    assert found.retry.delay is not None
    assert found.retry.delay.node.data == 2
    assert [name.text for name in found.retry.on] == ["Timeout"]
    assert found.on_error is not None
    assert [inner.id for inner in found.on_error] == ["Log"]
    assert (found.continue_on_error, found.silent) == (True, False)
    assert found.connection is not None
    assert found.connection.text == "db"
    assert [name.text for name in found.outputs] == ["id", "at"]


def test_a_task_without_inputs_has_an_empty_map_of_arguments() -> None:
    assert step("- task: A\n").arguments.node.data == {}
    assert step("- task: A\n  inputs:\n").arguments.node.data == {}


def test_in_the_built_in_form_common_keys_are_taken_out_of_the_arguments() -> None:
    found: TaskStep = step(
        "- pg_query:\n    id: q\n    connection: db\n    query: select 1\n    params: [${inputs.x}, 5]\n"
        "    outputs: [rows]\n    if: ${a}\n  timeout: 3\n"
    )
    assert (found.task.text, found.id, found.builtin_form) == ("pg_query", "q", True)
    assert found.arguments.node.data == {"query": "select 1", "params": ["${inputs.x}", 5]}
    assert found.condition is not None
    assert found.timeout is not None


def test_a_built_in_task_may_stand_without_arguments() -> None:
    assert step("- Refresh:\n").task.text == "Refresh"


def test_if_is_a_kind_only_with_its_branches() -> None:
    plain, branching = steps("- if: ${a}\n  task: X\n- if: ${a}\n  then: [{task: Y}]\n")[0]
    assert isinstance(plain, TaskStep)
    assert isinstance(branching, IfStep)
    assert branching.condition is None
    assert branching.test.node.data == "${a}"


def test_all_branches_of_an_if_are_kept() -> None:
    found: IfStep = step(
        "- if: ${a}\n  then: [{task: A}]\n  elif:\n    - {if: '${b}', then: [{task: B}]}\n  else: [{task: C}]\n"
    )
    assert [(name, [inner.id for inner in block]) for name, block in found.blocks()] == [
        ("then", ["A"]),
        ("elif 1", ["B"]),
        ("else", ["C"]),
    ]


def test_a_default_stands_among_the_cases_or_beside_them() -> None:
    among: SwitchStep = step("- switch: ${a}\n  cases:\n    - default: [{task: D}]\n    - {when: [1, 2], do: []}\n")
    beside: SwitchStep = step("- switch: ${a}\n  cases:\n    - {when: null, do: []}\n  default: [{task: D}]\n")
    for found in (among, beside):
        assert found.default is not None
        assert [inner.id for inner in found.default] == ["D"]
        assert len(found.cases) == 1
    assert among.cases[0].when.node.data == [1, 2]


def test_loops_parallel_groups_and_subflows_keep_their_keys() -> None:
    loop, wait, group, call = steps(
        "- for_each: ${a}\n  as: row\n  concurrency: 3\n  collect: ${row.id}\n  do: [{task: A}]\n"
        "- while: ${b}\n  max_iterations: 9\n  do: [{task: B}]\n"
        "- parallel: [{task: C}, {task: D}]\n  max_concurrency: 2\n"
        "- subflow: other\n  inputs: {x: 1}\n  outputs: [y]\n"
    )[0]
    assert isinstance(loop, ForEachStep)
    assert (loop.as_.text, loop.items.form, loop.collect and loop.collect.node.data) == (
        "row",
        "expression",
        "${row.id}",
    )
    assert isinstance(wait, WhileStep)
    assert wait.max_iterations is not None
    assert isinstance(group, ParallelStep)
    assert [inner.id for inner in group.branches] == ["C", "D"]
    assert isinstance(call, SubflowStep)
    assert (call.flow.text, call.arguments.node.data) == ("other", {"x": 1})


def test_a_loop_variable_is_called_item_unless_it_is_named() -> None:
    assert step("- for_each: [1]\n  do: [{task: A}]\n").as_.text == "item"


@pytest.mark.parametrize("text", ["- exit\n", "- exit:\n", "- exit: {}\n", "- 'exit'\n"])
def test_exit_takes_nothing_or_a_map(text: str) -> None:
    found = step(text)
    assert isinstance(found, ExitStep)
    assert (found.reason, found.exit_outputs, found.status) == (None, None, "success")


def test_exit_keeps_reason_outputs_and_status() -> None:
    found: ExitStep = step("- exit: {reason: done, outputs: {a: '${x}'}, status: failure}\n  if: ${a}\n")
    assert found.reason is not None
    assert found.exit_outputs is not None
    assert (found.reason.node.data, found.exit_outputs.node.data, found.status) == ("done", {"a": "${x}"}, "failure")
    assert found.condition is not None


def test_outputs_of_a_flow_have_many_forms() -> None:
    for text in (
        "outputs:\n  - total\n  - {name: user, value: '${u}', description: who}\n  - count: ${c}\n",
        "outputs: {total: '${total}', user: '${u}', count: '${c}'}\n",
    ):
        flow = good("flow: F\nsteps: [{task: A}]\n" + text)
        assert [output.name for output in flow.outputs] == ["total", "user", "count"]
        assert flow.outputs[1].value.node.data == "${u}"
        assert flow.outputs[2].value.node.data == "${c}"
    bare = good("flow: F\nsteps: [{task: A}]\noutputs: [total]\n").outputs[0]
    assert (bare.value.form, bare.value.node.data) == ("expression", "total")


def test_connections_keep_type_config_and_the_places_of_keys() -> None:
    flow = good(
        "flow: F\nconnections:\n  db:\n    type: postgres\n    url: ${env.URL}\n  shared: {use: main}\n"
        "steps: [{task: A}]\n"
    )
    db, shared = flow.connections.values()
    assert db.type is not None
    assert (db.type.text, db.config["url"].node.data, db.keys["url"][:2]) == ("postgres", "${env.URL}", (5, 5))
    assert shared.use is not None
    assert (shared.use.text, shared.type) == ("main", None)


def test_a_flow_given_as_data_has_the_same_problems_without_places() -> None:
    problems = Problems()
    flow = parse_flow(Source(root=from_data({"flow": "F", "stepz": [], "steps": [{"task": "A"}]})), problems)
    assert ids(flow) == ["A"]
    assert places(problems.found) == [("unknown-key", 0, 0)]


@pytest.mark.parametrize(
    ("text", "expected", "suggestion"),
    [
        ("", ("empty-flow", 1, 1), None),
        ("# nothing yet\n", ("empty-flow", 1, 1), None),
        ("- a\n", ("wrong-type", 1, 1), None),
        ("flow: F\n", ("missing-key", 1, 1), None),
        ("steps: [{task: A}]\n", ("missing-key", 1, 1), None),
        ("flow: F\nsteps: []\n", ("empty-steps", 2, 1), None),
        ("flow: F\nsteps:\n", ("missing-value", 2, 1), None),
        ("flow: my-flow\nsteps: [{task: A}]\n", ("invalid-name", 1, 7), "my_flow"),
        ("flow: _F\nsteps: [{task: A}]\n", ("invalid-name", 1, 7), "F"),
        ("flow: ${x}\nsteps: [{task: A}]\n", ("not-literal", 1, 7), None),
        ("flow: F\nstep: 1\nsteps: [{task: A}]\n", ("unknown-key", 2, 1), "steps"),
        ("flow: F\nmode: dagg\nsteps: [{task: A}]\n", ("invalid-choice", 2, 7), "dag"),
        ("flow: F\nmode: ${m}\nsteps: [{task: A}]\n", ("not-literal", 2, 7), None),
        ("flow: F\nsilent: yes\nsteps: [{task: A}]\n", ("wrong-type", 2, 9), "true"),
        ("flow: F\ntimeout: soon\nsteps: [{task: A}]\n", ("invalid-duration", 2, 10), None),
        ("flow: F\ntriggers: webhook\nsteps: [{task: A}]\n", ("wrong-type", 2, 11), None),
        ("flow: F\nsteps: [{task: A}]\noutputs: [a, a]\n", ("duplicate-output", 3, 14), None),
        ("flow: F\nsteps: [{task: A}]\noutputs: ['${a}']\n", ("missing-key", 3, 11), None),
        ("flow: F\nsteps: [{task: A}]\nconnections: {db: pg}\n", ("wrong-type", 3, 19), "{type: pg}"),
        ("flow: F\nsteps: [{task: A}]\nconnections: {db: {typ: x}}\n", ("missing-key", 3, 20), None),
        (
            "flow: F\nsteps: [{task: A}]\nconnections: {db: {use: x, type: y}}\n",
            ("conflicting-keys", 3, 28),
            None,
        ),
    ],
)
def test_a_problem_of_the_flow_has_its_place_and_suggestion(
    text: str, expected: tuple[str, int, int], suggestion: str | None
) -> None:
    _, found = parse(text)
    assert places(found) == [expected]
    assert found[0].suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "expected", "suggestion"),
    [
        ("- Add\n", ("no-kind", 3, 3), "task: Add"),
        ("-\n", ("no-kind", 3, 2), None),
        ("- [a]\n", ("wrong-type", 3, 3), None),
        ("- id: a\n", ("no-kind", 3, 3), None),
        ("- then: []\n", ("no-kind", 3, 3), None),
        ("- tsk: A\n", ("unknown-key", 3, 3), "task"),
        ("- paralel: [{task: A}]\n", ("unknown-key", 3, 3), "parallel"),
        ("- task: A\n  parallel: []\n", ("two-kinds", 4, 3), None),
        ("- pg_query: {}\n  pg_execute: {}\n", ("two-kinds", 4, 3), None),
        ("- task: A\n  tiemout: 3\n", ("unknown-key", 4, 3), "timeout"),
        ("- task: A\n  user: 3\n", ("unknown-key", 4, 3), None),
        ("- task: ${x}\n", ("not-literal", 3, 9), None),
        ("- task:\n", ("missing-value", 3, 3), None),
        ("- task: A\n  if:\n", ("missing-value", 4, 3), None),
        ("- task: A\n  inputs: ${x}\n", ("wrong-type", 4, 11), None),
        ("- task: A\n  connection: ${x}\n", ("not-literal", 4, 15), None),
        ("- task: A\n  depends_on: [${x}]\n", ("not-literal", 4, 16), None),
        ("- task: A\n  id: ${x}\n", ("not-literal", 4, 7), None),
        ("- task: A\n  timeout: -1\n", ("invalid-duration", 4, 12), None),
        ("- task: A\n  retry: 3\n", ("wrong-type", 4, 10), "{max_attempts: 3}"),
        ("- task: A\n  retry: {max_attempts: 0}\n", ("out-of-range", 4, 25), None),
        ("- task: A\n  retry: {max_attempts: true}\n", ("wrong-type", 4, 25), None),
        ("- task: A\n  retry: {backoff: expo}\n", ("invalid-choice", 4, 20), None),
        ("- task: A\n  retry: {backoff: exponentail}\n", ("invalid-choice", 4, 20), "exponential"),
        ("- task: A\n  retry: {jitter: 1.5}\n", ("out-of-range", 4, 19), None),
        ("- task: A\n  retry: {delay: 1, delay_seconds: 2}\n", ("conflicting-keys", 4, 21), None),
        ("- task: A\n  on_error: {task: B}\n", ("wrong-type", 4, 13), None),
        ("- task: A\n  on_error: {steps: [], also: 1}\n", ("unknown-key", 4, 25), None),
        ("- pg_query: {if: a}\n  if: b\n", ("conflicting-keys", 3, 14), None),
        ("- if: ${a}\n  then: {task: A}\n", ("wrong-type", 4, 9), None),
        ("- if: ${a}\n  else: []\n  elif: [{if: x}]\n", ("missing-key", 5, 11), None),
        ("- for_each: ${a}\n", ("missing-key", 3, 3), None),
        ("- for_each: ${a}\n  do:\n", ("missing-value", 4, 3), None),
        ("- for_each: ${a}\n  do: []\n  concurrency: 0\n", ("out-of-range", 5, 16), None),
        ("- while: true\n  do: []\n  max_iterations: many\n", ("wrong-type", 5, 19), None),
        ("- switch: ${a}\n  cases: {a: []}\n", ("wrong-type", 4, 10), None),
        ("- switch: ${a}\n  cases: [{when: 1}]\n", ("missing-key", 4, 12), None),
        ("- switch: ${a}\n  cases: [{do: []}]\n", ("missing-key", 4, 12), None),
        ("- switch: ${a}\n  cases: [{default: []}, {default: []}]\n", ("conflicting-keys", 4, 27), None),
        ("- switch: ${a}\n  cases: [{default: []}]\n  default: []\n", ("conflicting-keys", 5, 3), None),
        ("- switch: ${a}\n  cases: [{default: [], do: []}]\n", ("conflicting-keys", 4, 25), None),
        ("- exit: because\n", ("wrong-type", 3, 9), None),
        ("- exit: {status: failed}\n", ("invalid-choice", 3, 18), "failure"),
        ("- exit: {resaon: x}\n", ("unknown-key", 3, 10), "reason"),
    ],
)
def test_a_problem_of_a_step_has_its_place_and_suggestion(
    text: str, expected: tuple[str, int, int], suggestion: str | None
) -> None:
    _, found = steps(text)
    problems = [problem for problem in found if problem.code != "missing-key" or expected[0] == "missing-key"]
    assert places(problems)[0] == expected
    assert problems[0].suggestion == suggestion


def test_values_with_expressions_are_left_to_the_run() -> None:
    step(
        "- for_each: ${a}\n  concurrency: ${n}\n  timeout: ${t}\n  do: []\n"
        "  retry: {max_attempts: '${n}', jitter: '${j}', backoff: '${b}'}\n"
    )


def test_all_problems_are_told_at_once() -> None:
    _, found = parse("flow: 1x\nmod: dag\nsteps:\n  - tsk: A\n  - task: B\n    retry: {delay: x}\n  - for_each: ${a}\n")
    assert [problem.code for problem in found] == [
        "invalid-name",
        "unknown-key",
        "unknown-key",
        "invalid-duration",
        "missing-key",
    ]


def test_a_step_spans_from_its_first_key_to_the_end_of_its_last_value() -> None:
    first, _ = steps("- task: A\n  inputs:\n    x: 12\n\n# next\n- task: B\n")[0]
    assert isinstance(first, Step)
    assert first.span == (3, 3, 5, 10)
    assert first.key.span == (3, 3, 3, 7)
