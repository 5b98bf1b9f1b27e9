"""The workbench does to a flow what a run without it does, whatever somebody stops at, and whatever the disk refuses.

With `FLOWLANG_TEST_LONG` set these are 2,000 random flows.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlang.debugger import Breakpoint
from flowlang.debugger.breakpoints import When
from flowlang.journal import Journal
from flowlang_tui.session.notices import RunEnded, Told
from flowlang_tui.session.records import RunRecord
from tests.debugger.test_random_flows import run, text_of
from tests.journal.test_failing_writes import largest_file
from tests.runtime.test_random_flows import FLOWS
from tests.tui.driving import Driven, driven

EXAMPLES = 2000 if "FLOWLANG_TEST_LONG" in os.environ else 15

TASKS = """\
import asyncio
import json
from pathlib import Path

from flowlang import TaskRegistry

registry = TaskRegistry()


def note(*what):
    with open(Path(__file__).with_name("effects"), "a") as file:
        file.write(json.dumps(what) + chr(10))


@registry.register("Token")
async def token(me: str, seen: str | None = None) -> str:
    note(me, seen)
    for _ in range(sum(map(ord, me)) % 4):
        await asyncio.sleep(0)
    return me


@registry.register("FailToken")
async def fail_token(me: str, seen: str | None = None) -> str:
    note(me, seen)
    await asyncio.sleep(0)
    raise ValueError(me)


@registry.register("Quiet")
async def quiet(number: int) -> int:
    return number


def create_task_registry():
    return registry
"""


#: What is done at a stop.
WAYS = ("on", "on", "over", "into", "out")


class Bench:
    """A workbench with one flow in it, and what its steps did."""

    def __init__(self, one: Driven, root: Path) -> None:
        self.one = one
        self.flow = root / "flow.yaml"
        self.effects = root / "effects"

    def run(
        self, text: str, points: list[Breakpoint], seed: int
    ) -> tuple[RunRecord, Counter[tuple[str, str | None]], int]:
        """Run a flow with these breakpoints, and go on from each stop: with a seed, a random way."""
        one, debugging, random = self.one, self.one.session.debugging, Random(seed)
        self.flow.write_text(text)
        self.effects.write_text("")
        debugging.points.clear()
        for point in points:
            debugging.points.put(None, point)
        before = len(one.told(RunEnded))
        passed: set[int] = set()
        one.session.run(self.flow, {})
        while True:
            one.until(
                lambda: (
                    len(one.told(RunEnded)) > before
                    or (debugging.chosen is not None and debugging.chosen.stop.id not in passed)
                )
            )
            if len(one.told(RunEnded)) > before:
                break
            assert debugging.chosen is not None
            passed.add(debugging.chosen.stop.id)
            way = random.choice(WAYS) if seed else "on"
            debugging.let_others(random.random() < 0.7)
            debugging.go_on() if way == "on" else debugging.step(way)  # type: ignore[arg-type]  # one of the ways
        one.until(lambda: not one.session.runs.is_busy)
        assert not debugging.sights
        seen = Counter(tuple(json.loads(line)) for line in self.effects.read_text().splitlines())
        return one.told(RunEnded)[-1].record, seen, len(passed)


def point(step: str, when: When = "before", **more: Any) -> Breakpoint:
    return Breakpoint(step, when, flow="flow.yaml", **more)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "pyproject.toml").touch()
        (root / "flow.py").write_text(TASKS)
        (root / "flow.yaml").write_text("flow: random\nsteps: [{exit: {}}]\n")
        with driven(root) as one:
            yield Bench(one, root)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLOWS, st.integers(1, 1 << 30))
def test_a_random_flow_does_the_same_in_the_workbench(bench: Bench, shapes: list[Any], seed: int) -> None:
    text, ids = text_of(shapes)
    expected, effects = run(text, None, [])
    some = Random(seed).sample(ids, len(ids) // 2)
    points = {
        "none": [],
        "some": [point(id, "after" if number % 3 else "before") for number, id in enumerate(some)],
        "all": [point("*"), point("*", "after"), point("*", "error")],
    }
    for name, breakpoints in points.items():
        record, seen, stops = bench.run(text, breakpoints, seed)
        assert record.status == "succeeded", (name, record.error)
        assert record.outputs == expected.outputs, name
        assert seen == effects, name
        assert not record.active, name
        assert stops == 0 if name == "none" else stops > 0 or name == "some"


def test_a_breakpoint_in_one_of_fifty_branches_stops_that_one(bench: Bench) -> None:
    branches = "".join(f"      - {{task: Token, id: t{n}, inputs: {{me: t{n}}}}}\n" for n in range(50))
    record, seen, stops = bench.run(f"flow: wide\nsteps:\n  - parallel:\n{branches}", [point("t7")], 0)
    assert (record.status, seen.total(), stops) == ("succeeded", 50, 1)


def test_a_condition_stops_one_of_ten_thousand_iterations(bench: Bench) -> None:
    text = LOOP.replace("800", "10000")
    record, _, stops = bench.run(text, [point("each/one", condition="n == 9000")], 0)
    assert (record.status, record.outputs, stops) == ("succeeded", {"sum": 49_995_000}, 1)


LOOP = """\
flow: long
steps:
  - for_each: ${range(800)}
    id: each
    as: n
    do: [{task: Quiet, id: one, inputs: {number: "${n}"}}]
    collect: ${one}
outputs: {sum: "${sum(each.results)}"}
"""


def test_whichever_size_a_file_may_not_pass_the_workbench_lives_and_says_so(bench: Bench) -> None:
    """Files of four kilobytes, 24, 44 … until nothing is refused."""
    journal = Journal(bench.flow.parent)
    refused = 0
    for size in range(4_000, 400_000, 20_000):
        told = len(bench.one.told(Told))
        with largest_file(size):
            record, _, _ = bench.run(LOOP, [], 0)
        assert (record.status, record.outputs) == ("succeeded", {"sum": 319_600})
        words = [notice.message for notice in bench.one.told(Told)[told:]]
        recorded = next((one for one in journal.runs() if one.run_id == record.run_id), None)
        if recorded is not None and recorded.gap is None:
            break
        refused += 1
        assert [text for text in words if "could not be recorded: File too large" in text] == words, words
    else:
        pytest.fail("every size was refused")
    assert refused > 2
    assert recorded.status == "succeeded"
    journal.close()
