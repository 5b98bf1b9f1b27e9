"""Test files in YAML: how they are read, what they expect, and what is told when it isn't so."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from flowlang import FlowValidationError
from flowlang.testing.cases import read_cases
from flowlang.testing.coverage import Coverage
from flowlang.testing.suites import CaseResult, CaseRunner, find_test_files

FLOW = """
flow: Orders
inputs: [{name: amount, type: number, default: 1}]
steps:
  - if: ${inputs.amount > 100}
    id: large
    then: [{task: Approve, id: approve, inputs: {amount: '${inputs.amount}'}}]
    else: [{task: Book, id: book, inputs: {amount: '${inputs.amount}', at: '${env.DAY}'}}]
outputs: {approved: '${approve.by}', booked: '${book.total}'}
"""
TASKS = """
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Approve")
    async def approve(amount):
        return {"by": "Grace"}

    @registry.register("Book")
    async def book(amount, at):
        print("booking")
        return {"total": amount, "lines": [{"at": at}]}

    return registry
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "flow.py").write_text(TASKS)
    (tmp_path / "tests").mkdir()
    return tmp_path


def results(project: Path, text: str) -> list[CaseResult]:
    file = project / "tests" / "orders.test.yaml"
    file.write_text(dedent(text))
    runner = CaseRunner()
    return [runner.run(case) for case in read_cases(file)]


def failures(project: Path, text: str) -> list[str]:
    return [f"{failure.line}: {failure}" for result in results(project, text) for failure in result.failures]


def problems(project: Path, text: str) -> list[str]:
    with pytest.raises(FlowValidationError) as refused:
        results(project, text)
    return [f"{one.line}:{one.column}: {one.sentence}" for one in refused.value.diagnostics]


def test_what_holds_for_all_cases_stands_at_the_top_and_each_may_change_it(project: Path) -> None:
    found = results(
        project,
        """
        inputs: {amount: 5}
        env: {DAY: monday}
        mocks: {Approve: {returns: {by: Ada}}}
        tests:
          - name: small
            expect: {outputs: {approved: null, booked: 5}, calls: {Book: [{amount: 5, at: monday}], Approve: 0}}
          - name: large
            inputs: {amount: 500}
            expect: {outputs: {approved: Ada}, steps: {book: not reached}, order: [large, approve]}
          - name: another day
            env: {DAY: sunday}
            expect: {calls: {Book: {at: sunday}}}
          - name: not now
            skip: waits for the other team
        """,
    )
    assert [(one.case.name, one.outcome, list(one.failures)) for one in found] == [
        ("small", "passed", []),
        ("large", "passed", []),
        ("another day", "passed", []),
        ("not now", "skipped", []),
    ]


def test_what_was_not_as_expected_is_told_with_its_line(project: Path) -> None:
    assert failures(
        project,
        """
        env: {DAY: monday}
        expect:
          status: failed
          outputs: {booked: 2, nothing: 1}
          calls: {Book: 2, Approve: [{amount: 1}]}
          order: [book, large]
          steps: {book: failed}
          error: no money
          events: [{type: branch_taken, branch: then}]
          statements: [SELECT]
          logs: [booked]
        """,
    ) == [
        "4: status: expected failed, but the flow succeeded",
        "5: output booked: expected 2, not 1",
        "5: output nothing: there is none; there are approved, booked",
        "6: calls of Book: expected 2, not 1",
        "6: calls of Approve: expected 1, not 0",
        "7: order: large doesn't come where it is expected; the steps began as large, book",
        "8: step book: expected failed, not succeeded",
        "9: error: expected one, but the flow succeeded",
        '10: events: after those before it there is none with {"type": "branch_taken", "branch": "then"}',
        '11: statements: none has "SELECT" in it; there are []',
        '12: logs: none has "booked" in it; there are []',
    ]


def test_a_failure_that_nobody_expects_fails_the_case_and_an_expected_one_doesnt(project: Path) -> None:
    text = """
    env: {DAY: monday}
    mocks: {Book: {raises: {type: PermissionError, message: not allowed}}}
    tests:
      - name: unexpected
      - name: expected
        expect: {error: {type: PermissionError, message: allowed, step: book}}
      - name: another one
        expect: {error: {type: KeyError, step: approve}}
    """
    assert failures(project, text) == [
        "5: the flow failed in step book: PermissionError: not allowed",
        '9: error: expected type "KeyError", not "PermissionError": not allowed',
        '9: error: expected step "approve", not "book": not allowed',
    ]


def test_replies_come_one_after_the_other_and_keep_their_types(project: Path) -> None:
    (project / "flow.yaml").write_text("""
flow: Twice
steps:
  - for_each: [1, 2, 3]
    id: each
    do: [{task: Book, id: book, inputs: {amount: 1, at: now}}]
    collect: ${book.total}
outputs: {totals: '${each.results}'}
""")
    (found,) = results(
        project,
        """
        mocks:
          book:
            sequence:
              - returns: {total: !decimal "1.50"}
              - returns: {total: 2024-05-06 07:08:09}
                delay: 2h
        expect: {calls: {book: 3}}
        """,
    )
    assert found.run is not None
    assert found.run.outputs == {
        "totals": [Decimal("1.50"), datetime(2024, 5, 6, 7, 8, 9), datetime(2024, 5, 6, 7, 8, 9)]
    }
    assert 14_399 < found.run.seconds < 14_401


def test_every_mistake_in_a_file_is_told_at_its_place(project: Path) -> None:
    assert problems(
        project,
        """
        flow: ../flows.yaml
        inputs: [1]
        tests:
          - name: one
            input: {}
            mocks: {Book: 5, Approve: {return: 1}, book: {sequence: []}}
          - name: one
            expect: {output: {}, status: suceeded, order: large, error: 5}
          - 7
        """,
    ) == [
        "2:7: there is no file ../flows.yaml",
        "3:9: `inputs` is a map",
        "6:5: there is no key `input` here; did you mean `inputs`?",
        "7:19: the mock `Book` says what it gives with one of `returns`, `raises`, `delay`, `sequence`",
        "7:32: there is no key `return` here; did you mean `returns`?",
        "7:61: `sequence` is a list of replies, one for each call",
        "8:11: a case in line 5 is called `one` already",
        "9:14: there is no key `output` here; did you mean `outputs`?",
        "9:34: a run ends as one of succeeded, failed, cancelled, terminated; did you mean `succeeded`?",
        "9:51: `order` is a list",
        "9:65: `error` is text that the message has in it, or a map with `type`, `message`, `step`",
        "10:5: a case is a map with `name`, `inputs`, `mocks`, `expect`",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a test file has cases under `tests`"),
        ("a: [", "this is not valid YAML"),
        ("[]", "a test file is a map with `flow` and `tests`"),
        ("tests: []", "`tests` is a list with at least one case"),
        ("x: &a 1\ny: *a", "such a file has no aliases"),
        ("name: a\nname: b", "`name` stands twice in this map"),
    ],
)
def test_a_file_that_is_no_test_file_says_why(project: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in problems(project, text))


def test_a_mock_that_stands_for_nothing_fails_its_case(project: Path) -> None:
    (found,) = results(project, "env: {DAY: monday}\nmocks: {Bok: {returns: 1}}")
    assert found.outcome == "failed"
    assert "did you mean `Book`" in str(found.error)


def test_test_files_are_found_by_their_names(project: Path) -> None:
    for name in ("tests/a.test.yaml", "tests/deep/b.test.yml", "tests/c.yaml", ".hidden/d.test.yaml"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("name: x\n")
    found = [str(path.relative_to(project)) for path in find_test_files([project])]
    assert found == ["tests/a.test.yaml", "tests/deep/b.test.yml"]


def test_coverage_tells_the_steps_and_branches_that_no_case_came_to(project: Path) -> None:
    coverage = Coverage()
    for result in results(project, "env: {DAY: monday}\ntests: [{name: small}, {name: large, inputs: {amount: 900}}]"):
        assert result.run is not None
        coverage.add(result.run)
        (flow,) = coverage.flows
        if result.case.name == "small":
            assert flow.missed_steps == [("approve", 7)]
            assert flow.missed_branches == [("large", 5, "then")]
            assert coverage.percent == 60.0
    assert coverage.percent == 100.0


def test_the_example_of_the_documentation_is_a_test_file(project: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n", 1)[1].split("```", 1)[0]
    file = project / "tests" / "profile.test.yaml"
    file.write_text(example)
    assert [case.name for case in read_cases(file)] == [
        "a user that isn't in the cache is looked up",
        "the database is asked again when it is away for a moment",
    ]


def test_a_mock_has_no_longer_than_its_step(project: Path) -> None:
    limited = "task: Book, timeout: 20s, retry: {max_attempts: 2}, "
    (project / "flow.yaml").write_text(FLOW.replace("task: Book, ", limited))
    (late, soon) = results(
        project,
        """
        env: {DAY: today}
        tests:
          - name: late
            mocks: {Book: {returns: {total: 1}, delay: 30}}
            expect:
              error: {type: StepTimeoutError, step: book, message: timeout of 20s}
              calls: {Book: 2}
          - name: soon
            mocks:
              Book: {sequence: [{returns: {total: 1}, delay: 30}, {returns: {total: 2}, delay: 19}]}
            expect: {outputs: {booked: 2}}
        """,
    )
    assert late.failures == []
    assert soon.failures == []
    assert late.run is not None
    assert late.run.seconds >= 40


def test_what_nothing_in_the_flow_is_called_is_told(project: Path) -> None:
    (mistaken,) = results(
        project,
        """
        env: {DAY: today}
        tests:
          - name: mistaken
            expect:
              calls: {Bok: 0, book: 1}
              steps: {aprove: not reached, book: succeeded, approve: succeeded}
              order: [lrge]
        """,
    )
    assert mistaken.failures == [
        "calls of Bok: nothing in the flow is called so; did you mean Book?",
        "step aprove: nothing in the flow is called so; did you mean approve?",
        "step approve: expected succeeded, but it was not reached",
        "order: lrge: nothing in the flow is called so; did you mean large?",
    ]


def test_whole_numbers_are_those_with_a_point_too_and_no_truths(project: Path) -> None:
    same, other = results(
        project,
        """
        env: {DAY: today}
        inputs: {amount: 75.0}
        tests:
          - name: same
            expect: {outputs: {booked: 75}, calls: {Book: {amount: 75}}}
          - name: other
            inputs: {amount: 1.0}
            expect: {outputs: {booked: true}}
        """,
    )
    assert same.failures == []
    assert other.failures == ["output booked: expected true, not 1"]
