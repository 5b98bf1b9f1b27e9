"""A quick fix makes its problem go away and leaves the rest of the text as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.language.assist import Fix, apply_edits, quick_fixes
from tests.language.assisting import analysed

BEGIN = "flow: a\nsteps:\n"
STEP = f"{BEGIN}  - task: ReadOrders\n    inputs:\n      path: a\n"


def fixes(text: str, code: str, folder: Path | None = None) -> list[Fix]:
    analysis = analysed(text, folder)
    problem = next(problem for problem in analysis.diagnostics if problem.code == code)
    return quick_fixes(analysis, problem)


def fixed(text: str, code: str, title: str = "", folder: Path | None = None) -> str:
    """The text after the first fix whose title has these words."""
    fix = next(fix for fix in fixes(text, code, folder) if title in fix.title)
    changed = apply_edits(text, fix.edits)

    def count(which: str) -> int:
        return sum(problem.code == code for problem in analysed(which, folder).diagnostics)

    assert count(changed) == count(text) - 1
    assert len(analysed(changed, folder).diagnostics) < len(analysed(text, folder).diagnostics)
    return changed


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        (STEP.replace("path", "pat"), "unknown-argument", None),
        (STEP.replace("ReadOrders", "ReadOrder"), "unknown-task", STEP),
        (STEP.replace("inputs:", "input:"), "unknown-key", STEP),
        (
            STEP.replace("a\nsteps", "a\nmode: dagg\nsteps"),
            "invalid-choice",
            STEP.replace("a\nsteps", "a\nmode: dag\nsteps"),
        ),
        (f"{STEP}    silent: yes  # quiet\n", "wrong-type", f"{STEP}    silent: true  # quiet\n"),
        (f"{STEP}    id: one two\n", "invalid-name", f"{STEP}    id: one_two\n"),
        (f"{STEP}    id: x\n  - if: '${{xs.count}}'\n    then: [exit]\n", "unknown-name", None),
    ],
)
def test_what_was_meant_replaces_what_stands_there(text: str, code: str, expected: str | None) -> None:
    changed = fixed(text, code, "Replace by")
    assert expected is None or changed == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps: [exit]\n", "steps: [exit]\nflow: my_flow\n"),
        ("flow: a\n", "flow: a\nsteps:\n  - exit\n"),
        (f"{BEGIN}  - for_each: [1]\n    id: x\n", f"{BEGIN}  - for_each: [1]\n    id: x\n    do:\n      - exit\n"),
        (f"{BEGIN}  - {{while: true}}\n", f"{BEGIN}  - {{while: true, do: [exit]}}\n"),
        (
            f"{BEGIN}  - switch: 1\n    cases:\n      - when: 1\n",
            f"{BEGIN}  - switch: 1\n    cases:\n      - when: 1\n        do:\n          - exit\n",
        ),
    ],
)
def test_missing_keys_are_added_with_something_in_them(text: str, expected: str) -> None:
    assert fixed(text, "missing-key") == expected


def test_the_type_of_a_connection_is_a_choice() -> None:
    text = "flow: a\nconnections:\n  db:\n    database: a.db  # here\nsteps: [exit]\n"
    assert fixed(text, "missing-key", "sqlite") == text.replace("# here\n", "# here\n    type: sqlite\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BEGIN}  - task: ReadOrders\n", f'{BEGIN}  - task: ReadOrders\n    inputs:\n      path: ""\n'),
        (f"{BEGIN}  - task: ReadOrders\n    inputs:\n", f'{BEGIN}  - task: ReadOrders\n    inputs:\n      path: ""\n'),
        (
            f"{BEGIN}  - task: ReadOrders\n    inputs: {{}}\n",
            f'{BEGIN}  - task: ReadOrders\n    inputs: {{path: ""}}\n',
        ),
        (f"{BEGIN}  - ReadOrders: {{limit: 3}}\n", f'{BEGIN}  - ReadOrders: {{limit: 3, path: ""}}\n'),
        (f"{BEGIN}  - ReadOrders:\n", f'{BEGIN}  - ReadOrders:\n      path: ""\n'),
        (f"{BEGIN}  - ReadOrders:\n      limit: 3", f'{BEGIN}  - ReadOrders:\n      limit: 3\n      path: ""'),
        (
            f"{BEGIN}  - ReadOrders:\r\n      limit: 3  # few\r\n  - exit",
            f'{BEGIN}  - ReadOrders:\r\n      limit: 3  # few\r\n      path: ""\r\n  - exit',
        ),
    ],
)
def test_missing_arguments_are_added_where_arguments_stand(text: str, expected: str) -> None:
    assert fixed(text, "missing-argument") == expected


def test_keys_that_mean_nothing_are_removed_with_all_below_them() -> None:
    text = f"{STEP}    colour:\n      # of what\n      - red\n\n    id: x  # why\n"
    assert fixed(text, "unknown-key", "Remove") == f"{STEP}\n    id: x  # why\n"
    assert fixed(
        f"{BEGIN}  - colour: 1\n    task: SendMail\n    inputs: {{to: a, text: b}}\n", "unknown-key", "Remove"
    ) == (f"{BEGIN}  - task: SendMail\n    inputs: {{to: a, text: b}}\n")
    assert fixed(f"{STEP}      more: 1", "unknown-argument", "Remove") == STEP.rstrip("\n")
    assert (
        fixed(f"{STEP}    id: x\n    timeout: 3\n    id: y\n", "duplicate-key") == f"{STEP}    id: x\n    timeout: 3\n"
    )


def test_inputs_are_declared() -> None:
    reading = STEP.replace("path: a", "path: ${inputs.file}")
    assert fixed(f"flow: a\ninputs:\n  - name: b\n    type: string\n{reading[8:]}", "unknown-input", "Declare") == (
        f"flow: a\ninputs:\n  - name: b\n    type: string\n  - name: file\n{reading[8:]}"
    )
    assert fixed(f"flow: a\ninputs: [{{name: b}}]\n{reading[8:]}", "unknown-input", "Declare") == (
        f"flow: a\ninputs: [{{name: b}}, {{name: file}}]\n{reading[8:]}"
    )
    assert fixed(f"flow: a\ninputs:\n  b: {{type: string}}\n{reading[8:]}", "unknown-input", "Declare") == (
        f"flow: a\ninputs:\n  b: {{type: string}}\n  file: {{}}\n{reading[8:]}"
    )
    assert fixed(reading, "undeclared-input", "Declare") == f"flow: a\ninputs:\n  - name: file\n{reading[8:]}"


def test_connections_are_declared_or_named() -> None:
    query = "  - sqlite_query:\n      query: SELECT 1\n"
    begin = "flow: a  # mine\n"
    assert fixed(f"{begin}steps:\n{query}", "missing-connection") == (
        f"{begin}connections:\n  db:\n    type: sqlite\n    database: db.db\nsteps:\n{query}"
    )
    two = (
        f"{begin}connections:\n  x: {{type: sqlite, database: a}}\n  y: {{type: sqlite, database: b}}\nsteps:\n{query}"
    )
    assert fixed(two, "missing-connection", "`y`") == f"{two}      connection: y\n"
    named = f"{two}      connection: other\n"
    assert "  other:\n    type: sqlite\n" in fixed(named, "unknown-connection", "sqlite")
    wrong = f"{named}".replace("connection: other", "connection: z").replace(
        "steps:", "  z: {type: redis, url: 'redis://h'}\nsteps:"
    )
    assert fixed(wrong, "wrong-connection-type", "`x`").endswith("connection: x\n")


def test_ids_are_made_unique_and_dependencies_dropped() -> None:
    twice = f"{STEP}    id: x\n  - exit: {{}}\n    id: x\n"
    assert fixed(twice, "duplicate-id").endswith("id: x_2\n")
    waits = f"{STEP}    id: x\n  - exit: {{}}\n    depends_on: [x, far_away]\n"
    assert fixed(waits, "unknown-step", "Remove").endswith("depends_on: [x]\n")
    assert (
        fixed(waits.replace("[x, far_away]", "far_away"), "unknown-step", "Remove")
        == f"{STEP}    id: x\n  - exit: {{}}\n"
    )


def test_what_is_missing_outside_of_the_file_is_an_action(tmp_path: Path) -> None:
    assert fixes(f"{BEGIN}  - task: Zzz\n", "unknown-task") == [
        Fix("Create the task `Zzz`", [], ("create-task", "Zzz"))
    ]
    found = fixes(f"{BEGIN}  - subflow: invoice\n", "unknown-subflow", tmp_path)
    assert found == [Fix("Create the flow `invoice`", [], ("create-flow", "invoice"))]


def test_inputs_of_subflows_are_added_and_removed(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "invoice.yaml").write_text("flow: invoice\ninputs:\n  - {name: order, type: integer}\nsteps: [exit]\n")
    assert fixed(f"{BEGIN}  - subflow: invoice\n", "missing-input", folder=tmp_path) == (
        f"{BEGIN}  - subflow: invoice\n    inputs:\n      order: 0\n"
    )
    text = f"{BEGIN}  - subflow: invoice\n    inputs:\n      order: 1\n      colour: red\n"
    assert fixed(text, "unknown-input", folder=tmp_path) == text.replace("      colour: red\n", "")


def test_flows_that_call_each_other_are_told(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "b.yaml").write_text("flow: b\nsteps:\n  - subflow: flow\n")
    text = f"{BEGIN}  - subflow: b\n"
    (tmp_path / "flow.yaml").write_text(text)
    problems = analysed(text, tmp_path).diagnostics
    assert [problem.message for problem in problems] == ["these flows call each other: flow.yaml → b.yaml → flow.yaml"]
