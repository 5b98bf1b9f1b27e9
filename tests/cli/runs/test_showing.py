"""`flowlang runs show` and `diff`: what runs did."""

from __future__ import annotations

import re

import pytest

from tests.cli.runs.commands import ORDERS, Command
from tests.journal.projects import Project


def test_a_report_has_the_steps_as_a_tree_and_the_error_with_its_place(flowlang: Command, failed: str) -> None:
    ran = flowlang("runs", "show", "last")
    assert ran.code == 0
    assert ran.out.startswith("main failed after")
    assert f"run      {failed}" in ran.out
    assert f"resume   flowlang runs resume {failed}" in ran.out
    assert re.search(r"main\.yaml:11:\d+, step `ship`", ran.out)
    assert "day: monday" in ran.out
    assert re.search(r"✓  fetch +Do +\d.* ms\n  ✗  each +for_each .*\n  ✗    ship +Try ", ran.out)
    assert "last" not in ran.out.split("steps")[1]


@pytest.mark.parametrize("reference", ["last", "last~0", "last-failed", "whole", "short", "beginning"])
def test_a_run_is_named_in_several_ways(flowlang: Command, failed: str, reference: str) -> None:
    meant = {"whole": failed, "short": failed.rpartition("-")[2], "beginning": failed[:-3]}
    assert flowlang("runs", "show", meant.get(reference, reference), "--json").json["run_id"] == failed


@pytest.mark.parametrize(
    ("reference", "message"),
    [("last~7", "only 1 such runs"), ("nope", "no run `nope`"), ("20", "")],
)
def test_a_run_that_is_not_there_is_told(flowlang: Command, failed: str, reference: str, message: str) -> None:
    ran = flowlang("runs", "show", reference)
    assert message in ran.err
    assert (ran.code, ran.out) == (2, "") or reference == "20"


def test_without_a_run_that_failed_there_is_no_last_failed(flowlang: Command) -> None:
    assert "no run that failed is recorded" in flowlang("runs", "show", "last-failed").err


def test_a_near_id_is_suggested(flowlang: Command, failed: str) -> None:
    ran = flowlang("runs", "show", failed[:-1] + ("0" if failed[-1] != "0" else "1"))
    assert f"did you mean {failed}?" in ran.err


def test_one_step_is_shown_in_full_by_path_or_address(flowlang: Command, failed: str) -> None:
    ran = flowlang("runs", "show", "last", "--step", "each[0]/ship")
    assert "✗ each[0]/ship  failed" in ran.out
    assert "what: ship 1" in ran.out
    flowlang("run", "main.yaml")
    ran = flowlang("runs", "show", "last", "--step", "each/ship")
    assert "each[0]/ship  succeeded" in ran.out
    assert "each[1]/ship  succeeded" in ran.out
    assert "done: ship 2" in ran.out


def test_a_step_that_the_run_never_came_to_is_told(flowlang: Command, failed: str) -> None:
    ran = flowlang("runs", "show", "last", "--step", "each/shop")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean `each/ship`?" in ran.err


def test_events_and_statements(flowlang: Command, project: Project, failed: str) -> None:
    ran = flowlang("runs", "show", "last", "--events")
    assert [line[1] for line in ran.lines][:2] == ["flow_started", "step_started"]
    project.write("""
    flow: main
    connections: {db: {type: sqlite, database: shop.db}}
    steps:
      - sqlite_query: {id: one, query: SELECT 1 AS n}
    """)
    flowlang("run", "main.yaml")
    ran = flowlang("runs", "show", "last", "--statements")
    assert re.search(r"one, 1 rows?, .* ms\n +SELECT 1 AS n", ran.out)


def test_json_has_everything(flowlang: Command, failed: str) -> None:
    told = flowlang("runs", "show", "last", "--json", "--events").json
    assert told["run_id"] == failed
    assert told["inputs"] == {"day": "monday"}
    assert told["definition"]["main.yaml"].strip() == ORDERS.strip()
    assert [step["path"] for step in told["steps"]] == ["fetch", "each", "each[0]/ship"]
    assert told["events"][0]["type"] == "flow_started"


def test_secrets_are_nowhere(flowlang: Command, project: Project) -> None:
    project.write(ORDERS.replace("'fetch ${inputs.day}'", "'fetch ${inputs.key}'"))
    flowlang("run", "main.yaml", "--input", "key=s3cret-value")
    for options in ((), ("--step", "fetch"), ("--events",), ("--json",)):
        ran = flowlang("runs", "show", "last", *options)
        assert "s3cret" not in ran.out
        assert "••••" in ran.out or not options


def test_diff_tells_the_first_difference_first_and_says_so_in_its_code(flowlang: Command, failed: str) -> None:
    flowlang("run", "main.yaml", "--input", "day=monday")
    ran = flowlang("runs", "diff", "last~1", "last")
    assert ran.code == 1
    first, _, rest = ran.out.partition("first difference\n")[2].partition("\n\n")
    assert first.startswith("  step `each[0]/ship`, how it ended")
    assert 'a: "failed: ship 1 is broken"' in first
    assert re.search(r"only in b\n  each\[1\]/ship\n  last\n", rest)
    assert "a: FlowExecutionError: ship 1 is broken, step `each[0]/ship`\n  b: none" in rest


def test_runs_that_did_the_same_differ_in_nothing(flowlang: Command) -> None:
    flowlang("run", "main.yaml")
    flowlang("run", "main.yaml")
    ran = flowlang("runs", "diff", "last~1", "last")
    assert ran.code == 0
    assert "The runs did the same." in ran.out
    assert flowlang("runs", "diff", "last~1", "last", "--json").json["same"] is True


def test_diff_shows_the_definition_as_a_patch(flowlang: Command, project: Project) -> None:
    flowlang("run", "main.yaml")
    project.write(ORDERS.replace("what: last", "what: final"))
    flowlang("run", "main.yaml")
    out = flowlang("runs", "diff", "last~1", "last").out
    assert "-  - Do: {id: last, what: last}" in out
    assert "+  - Do: {id: last, what: final}" in out
    assert re.search(r"last  main:\d+\n    inputs.what  \"last\" → \"final\"", out)


def test_what_could_steer_a_terminal_is_shown_as_a_sign(flowlang: Command, project: Project) -> None:
    project.write('  - Do: {id: a, what: "\\e[2J\\a", result: {"k\\e": "\\e[31mred"}}')
    flowlang("run", "main.yaml")
    for words in (["show", "last"], ["show", "last", "--step", "a"], ["show", "last", "--events"]):
        assert "\x1b" not in flowlang("runs", *words).out


def test_inputs_that_had_their_defaults_are_shown_apart(flowlang: Command) -> None:
    flowlang("run", "main.yaml", "--input", "key=quite-secret")
    assert "inputs\n  key: ••••\n\ninputs that nobody gave\n  day: today\n" in flowlang("runs", "show", "last").out
    assert flowlang("runs", "show", "last", "--json").json["defaults"] == {"day": "today"}


def test_diff_says_which_inputs_had_their_defaults(flowlang: Command) -> None:
    flowlang("run", "main.yaml")
    flowlang("run", "main.yaml", "--input", "day=monday")
    told = flowlang("runs", "diff", "last~1", "last")
    assert '"today" → "monday"  (a: the default)' in told.out
