"""A new name for a step, an input, a loop variable or a connection, everywhere in the flow."""

from __future__ import annotations

import pytest

from flowlang.language.assist import RenameError, apply_edits, rename, renameable
from tests.language.assisting import analysed, cursor

TASK = "  - task: ReadOrders\n    id: {}\n    inputs: {{path: a}}  # why\n"


def renamed(marked: str, new_name: str) -> str:
    text, line, column = cursor(marked)
    analysis = analysed(text)
    before = {problem.code for problem in analysis.diagnostics if problem.severity == "error"}
    changed = apply_edits(text, rename(analysis, text, line, column, new_name))
    after = {problem.code for problem in analysed(changed).diagnostics if problem.severity == "error"}
    assert after == before
    return changed


def refused(marked: str, new_name: str) -> str:
    text, line, column = cursor(marked)
    with pytest.raises(RenameError) as caught:
        rename(analysed(text), text, line, column, new_name)
    assert caught.value.hint
    return str(caught.value)


def test_a_step_is_renamed_where_it_is_read_and_waited_for() -> None:
    text = (
        f"flow: a\nsteps:\n{TASK.format('re‸ad')}  - sqlite_query:\n      id: q\n      depends_on: [read]\n"
        "      query: >\n        SELECT ${read.rows},\n          ${len( read['rows'] )} read\n"
        "      params: ['${read.count}', \"${ {'read': read.count} }\"]\n"
        "  - if: read.count > 1 and ${ read.count }\n    then: [exit]\n"
        "connections: {db: {type: sqlite, database: a}}\n"
    )
    expected = text.replace("‸", "")
    for old, new in (
        ("id: read", "id: fetched"),
        ("[read]", "[fetched]"),
        ("${read.rows}", "${fetched.rows}"),
        ("len( read[", "len( fetched["),
        ("${read.count}", "${fetched.count}"),
        ("'read': read.count", "'read': fetched.count"),
        ("if: read.count > 1 and ${ read.count }", "if: fetched.count > 1 and ${ fetched.count }"),
    ):
        assert old in expected
        expected = expected.replace(old, new)
    assert renamed(text, "fetched") == expected


def test_it_can_be_renamed_from_any_of_its_places() -> None:
    text = f"flow: a\nsteps:\n{TASK.format('read')}  - if: ${{re‸ad.count}}\n    then: [exit]\n"
    assert renamed(text, "x") == text.replace("‸", "").replace("read", "x")


def test_outputs_keep_their_names() -> None:
    steps = f"flow: a\nsteps:\n{TASK.format('re‸ad')}outputs:\n"
    plain = steps.replace("‸", "").replace("id: read", "id: x")
    assert renamed(f"{steps}  - read\n", "x") == f"{plain}  - read: ${{x}}\n"
    assert renamed(f"{steps}  - name: read\n    description: all\n", "x") == (
        f"{plain}  - name: read\n    value: ${{x}}\n    description: all\n"
    )
    assert renamed(f"{steps}  - {{name: read}}\n", "x") == f'{plain}  - {{name: read, value: "${{x}}"}}\n'
    assert renamed(f"{steps}  [read]\n", "x") == f"{plain}  [{{read: ${{x}}}}]\n"
    assert renamed(f"{steps}  read: ${{read}}\n", "x") == f"{plain}  read: ${{x}}\n"


def test_a_step_without_an_id_gets_one() -> None:
    reading = "  - if: ${ReadOrders.cou‸nt}\n    then: [exit]\n".replace("ou‸", "ou").replace("${R", "${R‸")
    text = f"flow: a\nsteps:\n  - task: ReadOrders\n    inputs: {{path: a}}\n{reading}"
    assert renamed(text, "x") == (
        "flow: a\nsteps:\n  - task: ReadOrders\n    id: x\n    inputs: {path: a}\n"
        "  - if: ${x.count}\n    then: [exit]\n"
    )
    builtin = f"flow: a\nsteps:\n  - ReadOrders:\n      path: a\n{reading}"
    assert "  - ReadOrders:\n      path: a\n      id: x\n" in renamed(builtin, "x")
    braces = f"flow: a\nsteps:\n  - {{task: ReadOrders, inputs: {{path: a}}}}\n{reading}"
    assert "  - {task: ReadOrders, id: x, inputs: {path: a}}\n" in renamed(braces, "x")


def test_the_same_id_in_branches_that_exclude_each_other_is_renamed_in_both() -> None:
    text = (
        "flow: a\nsteps:\n  - if: true\n    then:\n      - {task: ReadOrders, id: o‸ne, inputs: {path: a}}\n"
        "    else:\n      - {task: ReadOrders, id: one, inputs: {path: b}}\noutputs:\n  - x: ${one.count}\n"
    )
    assert renamed(text, "two") == text.replace("‸", "").replace("one", "two")


def test_inputs_connections_and_loop_variables() -> None:
    text = (
        "flow: a\ninputs:\n  - name: file\nconnections:\n  db: {type: sqlite, database: a}\nsteps:\n"
        "  - for_each: ${inputs.file}\n    as: row\n    do:\n"
        "      - sqlite_query: {connection: db, query: b,\n"
        "          params: ['${row.file}', '${inputs.row}', \"${inputs['file']}\"]}\n"
    )
    assert renamed(text.replace("name: file", "name: f‸ile"), "path") == (
        text.replace("name: file", "name: path").replace("inputs.file", "inputs.path").replace("['file']", "['path']")
    )
    assert renamed(text.replace("  db:", "  d‸b:"), "shop") == text.replace("db:", "shop:").replace(": db,", ": shop,")
    assert renamed(text.replace("as: row", "as: r‸ow"), "one") == text.replace("row", "one")


def test_names_that_cannot_be_are_refused() -> None:
    text = f"flow: a\nsteps:\n{TASK.format('o‸ne')}{TASK.format('two')}  - ReadOrders: {{path: a}}\n"
    assert "already, in line 7" in refused(text, "two")
    assert "means something else" in refused(text, "inputs")
    assert "cannot be a name" in refused(text, "a b")
    assert "cannot be a name" in refused(text, "")
    assert "after its task" in refused(text, "ReadOrders")


def test_what_has_no_name_of_its_own_is_refused() -> None:
    assert "nothing here" in refused("fl‸ow: a\n", "x")
    assert "nothing here" in refused("flow: a\nsteps:\n  - task: Read‸Orders\n", "x")
    text, line, column = cursor("flow: a\nsteps:\n  - task: ReadOrders\n    id: r‸ead\n")
    analysis = analysed(text)
    assert renameable(analysis, text, line, column) == ("read", (4, 9, 4, 13))
    assert renameable(analysis, text, 1, 1) is None
    with pytest.raises(RenameError, match="has changed"):
        rename(analysis, text + "\n", line, column, "x")


def test_the_same_name_changes_nothing() -> None:
    text, line, column = cursor("flow: a\nsteps:\n  - task: ReadOrders\n    id: r‸ead\n")
    assert rename(analysed(text), text, line, column, "read") == []
