"""Inside `${…}`: the names that can be read at a place, and what they have."""

from __future__ import annotations

from typing import Any

from tests.language.assisting import by_label, completed, completions, labels

TASK = "  - task: ReadOrders\n    id: {id}\n    inputs: {{path: a}}\n"
ORDERS: dict[str, Any] = {"read": {"rows": [{"id": 1, "customer": {"name": "Ann"}, "no field": 1}], "count": 1}}


def flow(*ids: str, before: str = "") -> str:
    return f"flow: a\n{before}steps:\n" + "".join(TASK.format(id=id) for id in ids)


def steps(marked: str, **about: Any) -> list[str]:
    return [one.label for one in completions(marked, **about) if one.kind == "step"]


def test_earlier_steps_are_offered_the_nearest_first_and_later_ones_are_not() -> None:
    text = flow("one", "two", "three").replace(
        "id: three\n    inputs: {path: a}", "id: three\n    inputs: {path: ${‸}}"
    )
    assert steps(text + TASK.format(id="four")) == ["two", "one"]


def test_a_step_that_is_being_typed_sees_those_before_it() -> None:
    assert steps(flow("one", "two") + "  - task: ReadOrders\n    inputs:\n      path: ${‸\n" + TASK.format(id="x")) == [
        "two",
        "one",
    ]


def test_other_branches_are_not_offered() -> None:
    text = (
        flow("one")
        + "  - if: ${one.count}\n    id: choice\n    then:\n      - {task: ReadOrders, id: left, inputs: {path: a}}\n"
        "    else:\n      - {task: ReadOrders, id: first, inputs: {path: a}}\n"
        "      - {task: ReadOrders, id: right, inputs: {path: ${‸}}}\n"
    )
    assert steps(text) == ["first", "one"]
    after = text.replace("${‸}", "b") + "outputs:\n  - {name: x, value: ${‸}}\n"
    assert set(steps(after)) == {"one", "choice", "left", "first", "right"}


def test_branches_of_a_parallel_see_each_other() -> None:
    text = (
        "flow: a\nsteps:\n  - parallel:\n      - {task: ReadOrders, id: left, inputs: {path: ${‸}}}\n"
        "      - {task: ReadOrders, id: right, inputs: {path: a}}\n    id: both\n"
    )
    assert steps(text) == ["right"]


def test_in_dag_mode_every_other_step_can_be_read() -> None:
    text = flow("one", "two", before="mode: dag\n").replace("path: a", "path: ${‸}", 1)
    assert steps(text) == ["two"]


def test_a_while_sees_what_its_body_left() -> None:
    text = "flow: a\nsteps:\n  - while: ${‸}\n    do:\n      - {task: ReadOrders, id: page, inputs: {path: a}}\n"
    assert steps(text) == ["page"]


def test_a_handler_sees_the_step_that_failed() -> None:
    text = flow("one") + "    on_error:\n      - task: SendMail\n        inputs:\n          to: ${‸}\n"
    assert steps(text) == ["one"]


def test_handlers_of_the_flow_and_outputs_see_all_steps() -> None:
    for section in (
        "on_error:\n  - task: SendMail\n    inputs: {to: ${‸}}\n",
        "outputs:\n  - name: a\n    value: ${‸}\n",
    ):
        assert steps(flow("one", "two") + section) == ["two", "one"]
    assert steps(flow("one", before="connections:\n  db:\n    type: sqlite\n    database: ${‸}\n")) == []


def test_loop_variables_are_offered_inside_their_loop_only() -> None:
    loop = (
        flow("read")
        + "  - for_each: ${read.rows}\n    as: order\n    do:\n      - task: SendMail\n        inputs:\n          to: "
    )
    found = labels(loop + "${‸}")
    assert found[0] == "order"
    assert "loop" in found
    assert {"index", "last"} <= set(labels(loop + "${loop.‸}"))
    assert "order" in labels(loop + "${inputs.‸}")
    after = labels(loop + "x\n  - task: SendMail\n    inputs:\n      to: ${‸}")
    assert "order" not in after
    assert "loop" not in after
    assert "order" in labels(
        flow("read") + "  - for_each: ${read.rows}\n    as: order\n    collect: ${‸}\n    do: [exit]"
    )


def test_results_have_the_keys_of_their_task_and_those_of_every_step() -> None:
    found = by_label(completions(flow("read") + "  - if: ${read.‸}"))
    assert {"rows", "count", "error", "status"} <= found.keys()
    assert found["rows"].doc == "The orders"
    assert {"type", "message"} <= set(labels(flow("read") + "  - if: ${read.error.‸}"))


def test_results_of_the_last_run_give_the_fields_that_there_really_are() -> None:
    for path in ("read.rows[0]", "read.rows.0", "read.rows.*"):
        assert labels(flow("read") + f"  - if: ${{{path}.‸}}", shapes=ORDERS) == ["id", "customer"]
    assert labels(flow("read") + "  - if: ${read.rows[-1].customer.‸}", shapes=ORDERS) == ["name"]
    assert labels(flow("read") + "  - if: ${read.rows.‸}", shapes=ORDERS) == ["*"]
    loop = "  - for_each: ${read.rows}\n    as: order\n    do:\n      - if: ${order.‸}"
    assert labels(flow("read") + loop, shapes=ORDERS) == ["id", "customer"]
    inner = (
        "  - for_each: ${read.rows}\n    do:\n      - for_each: ${item.customer}\n        as: part\n"
        "        do:\n          - if: ${part.‸}"
    )
    assert labels(flow("read") + inner, shapes=ORDERS) == ["key", "value"]


def test_loops_and_choices_have_results_of_their_own() -> None:
    loop = "  - for_each: [1]\n    id: each\n    collect: ${item}\n    do: [exit]\n  - if: ${each.‸}"
    assert {"count", "results"} <= set(labels("flow: a\nsteps:\n" + loop))
    both = "  - parallel:\n      - {task: ReadOrders, id: x, inputs: {path: a}}\n    id: both\n  - if: ${both.x.‸}"
    assert labels("flow: a\nsteps:\n" + both) == ["rows", "count"]


def test_inputs_context_and_environment() -> None:
    inputs = "flow: a\ninputs:\n  - {name: file, type: string, description: Which file}\nsteps:\n"
    found = completions(inputs + "  - if: ${inputs.‸}")
    assert [(one.label, one.doc) for one in found] == [("file", "string, required: Which file")]
    assert "run_id" in labels(inputs + "  - if: ${context.‸}")
    assert "step" in labels(inputs + "  - if: ${context.last_error.‸}")
    assert labels(inputs + "  - if: ${env.‸}", variables=["HOME", "API_KEY"]) == ["HOME", "API_KEY"]
    assert "API_KEY" in labels(inputs + "  - if: ${‸}", variables=["API_KEY"])


def test_functions_are_offered_with_their_signature_and_as_filters() -> None:
    text = flow("read") + "  - if: ${"
    assert completed(f"{text}le‸}}", "len").endswith("${len(‸)}")
    assert completed(f"{text}read.rows | le‸}}", "length").endswith("${read.rows | length‸}")
    assert completed(f"{text}read.rows | ‸}}", "default").endswith("| default(‸)}")
    assert by_label(completions(f"{text}‸}}"))["len"].detail == "len(value)"
    assert "read" in labels(f"{text}a || ‸}}")


def test_only_the_last_word_of_an_expression_is_replaced() -> None:
    assert completed(flow("read") + "  - if: ${len(re‸ad_it) > 3}", "read").endswith("${len(read‸) > 3}")


def test_nothing_is_offered_inside_text_in_quotes() -> None:
    assert labels(flow("read") + "  - if: ${read.count == 'a‸'}") == []


def test_conditions_need_no_braces() -> None:
    assert steps(flow("read") + "  - if: ‸") == ["read"]
    assert "rows" in labels(flow("read") + "  - while: read.‸")


def test_of_many_steps_the_nearest_are_offered_and_any_can_be_typed() -> None:
    text = flow(*(f"step_{number}" for number in range(1000))) + "  - if: ${"
    found = steps(f"{text}‸}}")
    assert found[0] == "step_999"
    assert len(found) == 300
    assert steps(f"{text}step_77‸}}")[:2] == ["step_977", "step_877"]
    assert "step_77" in steps(f"{text}step_77‸}}")


def test_after_a_value_there_are_operators() -> None:
    for value in ("read.count ", "len(read.rows) ", "'a' ", "3 ", "read.rows[0] "):
        assert labels(flow("read") + f"  - if: ${{{value}‸}}")[0] == "=="
    for operator in ("read.count > ", "not ", "1 and ", "read.count == 1 or "):
        assert "read" in steps(flow("read") + f"  - if: ${{{operator}‸}}")


def test_a_result_has_its_own_keys_first() -> None:
    assert labels(flow("read") + "  - if: ${read.‸}") == ["rows", "count", "error", "status", "duration_ms", "attempts"]
    assert "result" in labels("flow: a\nsteps:\n  - task: SendMail\n    id: mail\n  - if: ${mail.‸}")
