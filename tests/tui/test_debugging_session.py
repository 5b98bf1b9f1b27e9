"""A session whose run stands still: what is seen of it, what is done to it, and that nothing keeps it for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowlang.debugger import Breakpoint, Stop
from flowlang_tui.graph.addresses import lines_of
from flowlang_tui.session.console import Console
from flowlang_tui.session.debugging import Sight
from flowlang_tui.session.debugging_points import FlowPoints, renamed
from flowlang_tui.session.notices import RunEnded, Told
from tests.tui.driving import Driven, driven

FLOW = """\
flow: Orders
inputs:
  - {name: limit, type: integer, default: 2}
  - {name: code, type: string, secret: true, default: very-secret-code}
connections:
  shop: {type: sqlite, database: shop.db}
steps:
  - sqlite_execute:
      id: make
      connection: shop
      query: create table if not exists orders (id integer primary key, total integer)
  - parallel:
      - for_each: ${range(inputs.limit)}
        id: each
        as: number
        do:
          - {task: Double, id: double, inputs: {number: "${number}"}}
          - sqlite_transaction:
              id: store
              connection: shop
              queries:
                - {query: insert into orders (total) values (?), params: ["${double}"]}
                - {query: update orders set total = total + 1}
      - {task: Double, id: other, inputs: {number: 50}}
    id: both
  - {task: Double, id: last, inputs: {number: 7}}
outputs:
  last: ${last}
"""

TASKS = """\
from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Double")
async def double(number: int) -> int:
    return number * 2


def create_task_registry():
    return registry
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "flow.py").write_text(TASKS)
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return path


def stopped(one: Driven, than: Sight | None = None) -> Sight:
    """Wait until the run stands, elsewhere than there."""
    debugging = one.session.debugging
    one.until(lambda: debugging.chosen is not None and (than is None or debugging.chosen.stop.id != than.stop.id))
    assert debugging.chosen is not None
    return debugging.chosen


def run_to(one: Driven, flow: Path, *steps: str | Breakpoint) -> Sight:
    """Run until the first of these steps is reached."""
    points = one.session.debugging.points
    for step in steps:
        points.put(None, step if isinstance(step, Breakpoint) else Breakpoint(step, flow="flow.yaml"))
    one.session.run(flow, {})
    return stopped(one)


def over(one: Driven) -> str:
    """Wait until the run is over; how it ended."""
    one.until(lambda: one.told(RunEnded) and not one.session.runs.is_busy)
    return one.told(RunEnded)[-1].record.status


def typed(one: Driven, text: str) -> tuple[Any, str | None, str]:
    """What comes of a line in the console: the value, the error, the remark."""
    answers: list[tuple[Any, str | None, str]] = []
    Console(one.session.debugging, lambda _, *answer: answers.append(answer), lambda order: None).take(text)
    one.until(lambda: answers)
    return answers[0]


def rows(answer: tuple[Any, str | None, str]) -> Any:
    assert answer[1] is None, answer[1]
    return answer[0]


# stopping and going on


def test_a_run_stops_at_a_breakpoint_and_goes_on(flow: Path) -> None:
    with driven(flow) as one:
        sight = run_to(one, flow, "each/double")
        assert (sight.stop.path, sight.stop.when, sight.stop.reason) == ("each[0]/double", "before", "breakpoint")
        assert [frame.step_id for frame in sight.stop.stack] == ["double", "each", "both"]
        assert sight.scope.values["number"] == 0
        one.session.debugging.go_on()
        sight = stopped(one, sight)
        assert sight.stop.path == "each[1]/double"
        one.session.debugging.go_on()
        assert over(one) == "succeeded"
        assert one.session.debugging.chosen is None
        assert one.session.debugging.debugger is None


def test_a_run_without_breakpoints_is_paused_and_stepped(flow: Path) -> None:
    with driven(flow) as one:
        one.session.run(flow, {}, stop_first=True)
        sight = stopped(one)
        paths = [sight.stop.path]
        for way in ("over", "into", "into", "out"):
            one.session.debugging.step(way)  # type: ignore[arg-type]  # one of the ways
            sight = stopped(one, sight)
            paths.append(sight.stop.path)
        assert paths[0:3] == ["make", "both", "each"]
        assert paths[-1] in ("last", "other")
        one.session.debugging.run_to("last")
        if sight.stop.path != "last":
            sight = stopped(one, sight)
        assert sight.stop.path == "last"
        one.session.debugging.go_on()
        assert over(one) == "succeeded"


def test_several_branches_stop_and_one_of_them_is_chosen(flow: Path) -> None:
    with driven(flow) as one:
        debugging = one.session.debugging
        debugging.let_others(False)
        run_to(one, flow, "each/double", "other")
        one.until(lambda: len(debugging.sights) == 2)
        first = debugging.chosen
        debugging.choose(1)
        second = debugging.chosen
        assert first is not None
        assert second is not None
        assert {first.stop.path, second.stop.path} == {"each[0]/double", "other"}
        debugging.go_on()
        one.until(lambda: len(debugging.sights) == 1)
        assert debugging.chosen is not None
        assert debugging.chosen.stop.id == first.stop.id


def test_breakpoints_set_while_a_run_stands_count_at_once(flow: Path) -> None:
    with driven(flow) as one:
        sight = run_to(one, flow, "make")
        one.session.debugging.points.toggle(flow, "last")
        one.session.debugging.breakpoints_changed()
        one.session.debugging.go_on()
        assert stopped(one, sight).stop.path == "last"


# looking and changing


def test_expressions_are_evaluated_where_the_step_stands_and_secrets_stay_masked(flow: Path) -> None:
    with driven(flow) as one:
        run_to(one, flow, Breakpoint("each/store", condition="number == 1", flow="flow.yaml"))
        assert rows(typed(one, "double + number")) == 3
        assert rows(typed(one, "inputs.code")) == "••••"
        assert "very-secret" not in str(rows(typed(one, "inputs")))
        assert typed(one, "doble")[1] is not None
        assert typed(one, "1 +")[1] is not None


def test_watched_expressions_are_evaluated_at_every_stop(flow: Path) -> None:
    with driven(flow) as one:
        debugging = one.session.debugging
        debugging.watch(flow, None, "double * 10")
        debugging.watch(flow, None, "nothing")
        sight = run_to(one, flow, "each/store")
        assert [(each.text, each.value) for each in sight.watched] == [("double * 10", 0), ("nothing", None)]
        assert sight.watched[1].error
        debugging.watch(flow, "nothing", None)
        one.until(lambda: debugging.chosen is not None and len(debugging.chosen.watched) == 1)
        debugging.go_on()
        assert stopped(one, sight).watched[0].value == 20


def test_values_inputs_and_outputs_are_changed_by_hand(flow: Path) -> None:
    with driven(flow) as one:
        debugging = one.session.debugging
        sight = run_to(one, flow, "last", "each/double")
        assert rows(typed(one, "set number = 20")) == 20
        assert rows(typed(one, "input number = number + 1")) == 21
        debugging.step("over")
        sight = stopped(one, sight)
        assert (sight.stop.path, rows(typed(one, "double"))) == ("each[0]/store", 42)
        debugging.points.all.remove(Breakpoint("each/double", flow="flow.yaml"))
        debugging.breakpoints_changed()
        debugging.go_on()
        sight = stopped(one, sight)
        assert typed(one, 'give "by hand"')[1] is None
        assert over(one) == "succeeded"
        assert one.told(RunEnded)[-1].record.outputs == {"last": "by hand"}


def test_what_cannot_be_done_is_told(flow: Path) -> None:
    with driven(flow) as one:
        run_to(one, flow, "make")
        one.session.debugging.act(lambda stop: stop.commit())
        one.until(lambda: one.told(Told))
        assert one.told(Told)[-1].message == "the step does not stand in a transaction"
        one.session.debugging.run_to(99)
        assert "no step" in one.told(Told)[-1].message


def test_a_row_is_changed_inside_the_open_transaction(flow: Path) -> None:
    with driven(flow) as one:
        debugging = one.session.debugging
        sight = run_to(one, flow, "each/store")
        debugging.step("into")
        sight = stopped(one, sight)
        debugging.step("over")
        sight = stopped(one, sight)
        assert sight.stop.deadline is not None
        answer = typed(one, "query select total from orders")
        assert (rows(answer), answer[2]) == ([{"total": 0}], "1 row in the open transaction")
        assert typed(one, "query update orders set total = 40")[2] == "1 row changed, in the open transaction"
        debugging.points.clear()
        debugging.breakpoints_changed()
        debugging.go_on()
        assert over(one) == "succeeded"
        with driven(flow) as other:
            run_to(other, flow, "make")
            totals = rows(typed(other, "query select total from orders order by id"))
            assert [row["total"] for row in totals] == [42, 3]


def test_a_secret_is_not_written_into_the_file(flow: Path) -> None:
    with driven(flow) as one:
        sight = run_to(one, flow, "make")
        assert rows(typed(one, "input query = inputs.code")) == "••••"
        refused: list[str | None] = []
        change = sight.stop.changes[-1]

        async def accepted(stop: Stop) -> None:
            stop.accept(change, FLOW)

        one.session.debugging.ask(accepted, lambda _, error: refused.append(error))
        one.until(lambda: refused)
        assert refused == ["`query` holds a secret"]


def test_a_step_is_redone_with_the_text_as_it_is_now(flow: Path) -> None:
    with driven(flow) as one:
        run_to(one, flow, "last")
        outcome: list[tuple[Any, str | None]] = []
        text = FLOW.replace("inputs: {number: 7}", "inputs: {number: 8}")
        one.session.debugging.ask(lambda stop: stop.redo_with(text), lambda *answer: outcome.append(answer))
        one.until(lambda: outcome)
        assert outcome[0][1] is None
        assert over(one) == "succeeded"
        assert one.told(RunEnded)[-1].record.outputs == {"last": 16}


# never a stuck run


def go_on(one: Driven, flow: Path) -> None:
    one.session.debugging.go_on()


def cancel(one: Driven, flow: Path) -> None:
    one.session.runs.cancel()


def edit(one: Driven, flow: Path) -> None:
    document = one.session.open(flow)
    assert document is not None
    one.session.edit(document, FLOW.replace("flow: Orders", "flow: Others"))
    one.session.save(document)


def reload(one: Driven, flow: Path) -> None:
    tasks = flow.with_name("flow.py")
    tasks.write_text(TASKS.replace("number * 2", "number * 3"))
    one.session.changed([tasks])


def again(one: Driven, flow: Path) -> None:
    one.session.debugging.points.clear()
    one.session.debugging.breakpoints_changed()
    one.session.run(flow, {})


def query(one: Driven, flow: Path) -> None:
    one.session.debugging.ask(lambda stop: stop.query("select 1"), lambda value, error: None)


ORDERS: list[tuple[Callable[[Driven, Path], None], ...]] = [
    (cancel,),
    (cancel, cancel),
    (edit, cancel),
    (reload, cancel),
    (go_on, cancel),
    (query, cancel),
    (query, go_on, cancel),
    (cancel, go_on),
    (again,),
    (edit, again),
    (reload, again),
    (go_on, again),
    (edit, reload, go_on, cancel),
]


@pytest.mark.parametrize("acts", ORDERS, ids=lambda acts: "-".join(act.__name__ for act in acts))
def test_whatever_is_done_while_a_run_stands_it_ends(flow: Path, acts: tuple[Any, ...]) -> None:
    with driven(flow) as one:
        sight = run_to(one, flow, "each/store")
        one.session.debugging.step("into")
        stopped(one, sight)
        for act in acts:
            act(one, flow)
        assert over(one) in ("cancelled", "succeeded")
        assert not one.session.debugging.sights
        # and the database is free
        again(one, flow)
        before = len(one.told(RunEnded))
        one.until(lambda: len(one.told(RunEnded)) > before and not one.session.runs.is_busy)
        assert over(one) == "succeeded"


@pytest.mark.parametrize("acts", [(), (go_on,), (cancel,), (query,), (edit, go_on)], ids=lambda acts: str(len(acts)))
def test_leaving_while_a_run_stands_ends_it(flow: Path, acts: tuple[Any, ...]) -> None:
    one = Driven(flow)
    sight = run_to(one, flow, "each/store")
    one.session.debugging.step("into")
    stopped(one, sight)
    run = one.session.runs.active
    assert run is not None
    for act in acts:
        act(one, flow)
    one.session.end()
    assert run.record.is_over


# breakpoints


def points_of(flow: Path) -> FlowPoints:
    return FlowPoints(flow.parent)


def test_breakpoints_stand_beside_the_lines_of_their_steps(flow: Path) -> None:
    with driven(flow) as one:
        one.session.open(flow)
        one.checked(flow)
        checked = one.session.checked(flow)
        assert checked is not None
        steps = lines_of(checked.graph)
        points = points_of(flow)
        points.toggle(flow, "each/double")
        points.put(None, Breakpoint("last", condition="last > 3", flow="flow.yaml"))
        points.put(None, Breakpoint("other", log="${other}", flow="flow.yaml"))
        points.put(None, Breakpoint("make", enabled=False, flow="flow.yaml"))
        marks = {FLOW.splitlines()[line - 1].strip()[:25]: mark for line, mark in points.marks(flow, steps).items()}
        assert marks == {
            "- sqlite_execute:": "off",
            "- {task: Double, id: doub": "plain",
            "- {task: Double, id: othe": "log",
            "- {task: Double, id: last": "conditional",
        }


def test_breakpoints_are_kept_for_the_next_time(flow: Path) -> None:
    assert points_of(flow).toggle(flow, "last")
    again = points_of(flow)
    assert [point.step for point in again.of(flow)] == ["last"]
    assert not again.toggle(flow, "last")
    assert points_of(flow).of(flow) == []


def test_a_breakpoint_goes_along_when_its_step_gets_another_id(flow: Path) -> None:
    points = points_of(flow)
    points.toggle(flow, "each/double")
    points.toggle(flow, "last")
    points.follow(flow, {"make": 1, "each": 2, "each/double": 3, "each/store": 4, "last": 5})
    assert points.follow(flow, {"make": 1, "all": 3, "all/double": 4, "all/store": 5, "last": 9})
    assert [point.step for point in points.of(flow)] == ["all/double", "last"]
    assert points.follow(flow, {"make": 1, "all": 3, "all/twice": 4, "all/store": 5, "more": 6, "last": 9})
    assert [point.step for point in points.of(flow)] == ["all/twice", "last"]


def test_a_breakpoint_waits_for_a_step_that_is_gone(flow: Path) -> None:
    points = points_of(flow)
    points.toggle(flow, "last")
    points.follow(flow, {"make": 1, "other": 2, "last": 3})
    assert not points.follow(flow, {"make": 1, "other": 2})
    assert not points.follow(flow, {})
    assert [point.step for point in points.of(flow)] == ["last"]
    assert points.marks(flow, {"make": 1, "other": 2}) == {}


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("a b c", "a x c", {"b": "x"}),
        ("a b c", "a c", {}),
        ("a c", "a b c", {}),
        ("a b c", "b a c", {}),
        ("a b c d", "a x y d", {"b": "x", "c": "y"}),
        ("", "a", {}),
    ],
)
def test_renaming_is_told_from_adding_and_deleting(old: str, new: str, moved: dict[str, str]) -> None:
    assert renamed(old.split(), new.split()) == moved
