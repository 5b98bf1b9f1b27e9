"""The time that a run stands at stops is not told as its own, neither while it stands nor afterwards."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flowlang.debugger import Breakpoint
from flowlang_tui.graph.states import badge
from flowlang_tui.session.notices import RunEnded
from tests.tui.driving import Driven, driven

FLOW = """\
flow: Steps
steps:
  - for_each: [1, 2, 3]
    id: each
    as: number
    do: [{task: Same, id: same, inputs: {number: "${number}"}}]
"""
TASKS = """\
from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Same")
async def same(number: int) -> int:
    return number


def create_task_registry():
    return registry
"""
#: Seconds; nothing else here takes a tenth of it.
STANDING = 1.5


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "flow.py").write_text(TASKS)
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path / "flow.yaml"


def stopped(one: Driven, before: int) -> int:
    """Wait for another stop than the one with this number; its own."""
    debugging = one.session.debugging
    one.until(lambda: debugging.chosen is not None and debugging.chosen.stop.id != before)
    assert debugging.chosen is not None
    assert debugging.chosen.stop.path == "each[1]/same"
    return debugging.chosen.stop.id


def test_it_counts_for_nothing(flow: Path) -> None:
    with driven(flow) as one:
        debugging = one.session.debugging
        for when in ("before", "after"):
            debugging.points.put(None, Breakpoint("each/same", when, flow="flow.yaml", condition="number == 2"))
        one.session.run(flow, {})
        number = 0
        for _ in ("before", "after"):
            number = stopped(one, number)
            record = one.session.runs.records[-1]
            one.until(lambda record=record: ("each", 3) in record.steps and record.steps["each", 3].running)
            before = record.duration_ms
            time.sleep(STANDING / 2)
            assert record.duration_ms - before < 100, "the clock of the run stands"
            debugging.go_on()
        one.until(lambda: one.told(RunEnded))
        assert record.duration_ms < STANDING * 500
        each, same = (record.steps[key] for key in (("each", 3), ("each/same", 6)))
        assert [call.duration_ms < STANDING * 500 for call in (*each.calls, *same.calls)] == [True] * 4
        now = time.time()
        assert each.elapsed_ms(now, record.stood_seconds()) < STANDING * 500
        assert same.elapsed_ms(now, record.stood_seconds()) < STANDING * 500
        assert badge(same, 20, now, record.stood_seconds()).startswith("3× ")
