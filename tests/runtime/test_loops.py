"""`for_each` and `while`: items, scopes, order, limits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine


def loop(items: str, collect: str = "${item}", more: str = "") -> str:
    return f"""
- for_each: {items}
  id: each
  collect: {collect}
  {more}
  do:
    - {{task: Tick, id: inner}}
outputs: {{results: '${{each.results}}', count: '${{each.count}}'}}
"""


@pytest.mark.parametrize(
    ("items", "results"),
    [
        ("[1, 2, 3]", [1, 2, 3]),
        ("${inputs.rows}", ["a", "b"]),
        ("{a: 1, b: 2}", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
        ("${range(3)}", [0, 1, 2]),
        ("range(1, 4)", [1, 2, 3]),
        ("${null}", []),
        ("${inputs.nothing}", []),
        ("[]", []),
    ],
)
async def test_a_loop_takes_lists_maps_ranges_and_null(engine: Engine, items: str, results: list[Any]) -> None:
    outputs = await engine.outputs(loop(items), {"rows": ["a", "b"], "nothing": None})

    assert outputs == {"results": results, "count": len(results)}


@pytest.mark.parametrize("value", ["text", 7, True])
async def test_text_and_other_single_values_are_an_error(engine: Engine, value: Any) -> None:
    result = await engine.run(loop("${inputs.rows}"), {"rows": value})

    assert result.status == "failed"
    assert result.error["step"] == "each"
    assert "for_each" in str(result.error)


async def test_the_item_has_the_name_that_as_gives_it(engine: Engine) -> None:
    flow = """
        - for_each: [1, 2]
          id: each
          as: number
          collect: ${[number, inputs.number, loop.index, loop.number, loop.first, loop.last, loop.length]}
          do:
            - {task: Tick}
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [[1, 1, 0, 1, True, False, 2], [2, 2, 1, 2, False, True, 2]]}


async def test_an_inner_loop_sees_the_outer_item(engine: Engine) -> None:
    flow = """
        - for_each: [a, b]
          id: outer
          as: letter
          collect: ${inner.results}
          do:
            - for_each: [1, 2]
              id: inner
              as: digit
              collect: ${letter + str(digit)}
              do: [{task: Tick}]
        outputs: {x: '${outer.results}'}
        """
    assert await engine.outputs(flow) == {"x": [["a1", "a2"], ["b1", "b2"]]}


async def test_each_iteration_has_its_own_scope(engine: Engine) -> None:
    flow = """
        - for_each: [1, 2, 3]
          id: each
          collect: ${[before, inner]}
          do:
            - {task: Give, id: before, inputs: {value: '${inner}'}}
            - {task: Give, id: inner, inputs: {value: '${item}'}}
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [[None, 1], [None, 2], [None, 3]]}


async def test_a_step_skipped_in_one_iteration_does_not_read_as_that_of_the_one_before(engine: Engine) -> None:
    flow = """
        - for_each: [1, 2, 3]
          id: each
          collect: ${odd}
          do:
            - {task: Give, id: odd, if: '${item % 2 == 1}', inputs: {value: '${item}'}}
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [1, None, 3]}


async def test_after_the_loop_the_ids_of_its_body_read_as_the_last_items(engine: Engine) -> None:
    flow = """
        - for_each: [1, 2, 3]
          concurrency: 3
          do:
            - {task: Give, id: inner, inputs: {value: '${item}'}}
        outputs: {x: '${inner}'}
        """
    assert await engine.outputs(flow) == {"x": 3}


async def test_a_loop_without_iterations_leaves_the_ids_of_its_body_null(engine: Engine) -> None:
    flow = "- for_each: []\n  do: [{task: Tick, id: inner}]\noutputs: {x: '${inner.count}'}"

    assert await engine.outputs(flow) == {"x": None}


async def test_results_keep_the_order_of_the_items_when_later_ones_end_first(engine: Engine) -> None:
    gates = [asyncio.Event() for _ in range(5)]
    gates[4].set()

    async def wait_for_the_next(n: int) -> int:
        await gates[n].wait()
        if n:
            gates[n - 1].set()
        engine.notes.append(n)
        return n

    engine.registry.register("Wait", wait_for_the_next)
    flow = """
        - for_each: ${range(5)}
          id: each
          concurrency: 5
          collect: ${one}
          do: [{task: Wait, id: one, inputs: {n: '${item}'}}]
        outputs: {x: '${each.results}', last: '${one}'}
        """
    assert await engine.outputs(flow) == {"x": [0, 1, 2, 3, 4], "last": 4}
    assert engine.notes == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(("concurrency", "most"), [("1", 1), ("3", 3), ("${inputs.n}", 4), ("100", 10)])
async def test_no_more_iterations_run_at_once_than_concurrency_allows(
    engine: Engine, concurrency: str, most: int
) -> None:
    running = seen = 0

    async def work() -> None:
        nonlocal running, seen
        running += 1
        seen = max(seen, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1

    engine.registry.register("Work", work)
    await engine.outputs(
        f"- {{for_each: '${{range(10)}}', concurrency: {concurrency}, do: [{{task: Work}}]}}", {"n": 4}
    )

    assert seen == most


async def test_items_run_one_after_the_other_by_default(engine: Engine) -> None:
    await engine.outputs(
        """
        - for_each: [1, 2]
          do:
            - {task: Note, inputs: {text: 'start ${item}'}}
            - {task: Give}
            - {task: Note, inputs: {text: 'end ${item}'}}
        """
    )

    assert engine.notes == ["start 1", "end 1", "start 2", "end 2"]


async def test_a_failing_iteration_stops_the_others_and_waits_for_them(engine: Engine) -> None:
    flow = """
        - for_each: [0, 1, 2]
          concurrency: 3
          id: each
          do:
            - if: ${item == 1}
              then:
                - {task: Meet, inputs: {me: one, other: b}}
                - {task: Fail, id: boom, inputs: {message: second item}}
              else:
                - {task: Hang, inputs: {name: "${'a' if item == 0 else 'b'}"}}
        """
    result = await engine.run(flow)

    assert (str(result.error), result.error["step"]) == ("second item", "boom")
    assert sorted(engine.notes) == ["a stopped", "b stopped"]


async def test_while_runs_as_long_as_its_condition_holds_in_one_scope(engine: Engine) -> None:
    flow = """
        - while: ${not page.count or page.count < 4}
          id: pages
          do:
            - {task: Note, inputs: {text: 'before: ${page.count}'}}
            - {task: Tick, id: page}
        outputs: {n: '${page.count}', rounds: '${pages.iterations}'}
        """
    assert await engine.outputs(flow) == {"n": 4, "rounds": 4}
    assert engine.notes == ["before: ", "before: 1", "before: 2", "before: 3"]


async def test_while_may_not_run_at_all(engine: Engine) -> None:
    assert await engine.outputs("- {while: false, id: w, do: [{task: Fail}]}\noutputs: {n: '${w.iterations}'}") == {
        "n": 0
    }


async def test_reaching_max_iterations_is_an_error(engine: Engine) -> None:
    result = await engine.run("- {while: true, id: w, max_iterations: 3, do: [{task: Tick}]}")

    assert result.error_type == "LoopLimitError"
    assert result.error["step"] == "w"
    assert engine.calls("tick") == 3


async def test_a_loop_that_is_done_at_max_iterations_is_no_error(engine: Engine) -> None:
    flow = "- {while: '${not t.count or t.count < 3}', max_iterations: 3, do: [{task: Tick, id: t}]}"

    assert (await engine.run(flow)).success


async def test_max_iterations_is_a_thousand_by_default(engine: Engine) -> None:
    result = await engine.run("- {while: true, do: [{task: Tick}]}", event_callback=None)

    assert result.error_type == "LoopLimitError"
    assert engine.calls("tick") == 1000


async def test_a_while_inside_an_iteration_works_in_that_iterations_scope(engine: Engine) -> None:
    flow = """
        - for_each: [2, 3]
          id: each
          concurrency: 2
          collect: ${n}
          do:
            - while: ${not n or n < item}
              do: [{task: Give, id: n, inputs: {value: '${(n or 0) + 1}'}}]
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [2, 3]}


async def test_loop_is_known_only_inside_a_for_each(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run("- {task: Give, inputs: {value: '${loop.index}'}}")


async def test_an_item_is_unknown_outside_its_loop(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run(
            "- {for_each: [1], as: order, do: [{task: Tick}]}\n- {task: Give, inputs: {value: '${order}'}}"
        )


async def test_a_hundred_thousand_iterations_of_nothing_let_others_have_a_turn(engine: Engine) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def work() -> None:
        return None

    engine.registry.register("Work", work)
    beside = asyncio.create_task(others())
    await engine.run("- {for_each: '${range(100000)}', do: [{task: Work}]}", event_callback=None)
    beside.cancel()
    await asyncio.wait([beside])

    assert turns > 0
