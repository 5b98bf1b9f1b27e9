"""Random nests of blocks do the same with no, some and all breakpoints set, however one steps through them.

With `FLOWLANG_TEST_LONG` set these are 2,000 flows.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from random import Random
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlang import FlowExecutor, FlowResult, TaskRegistry
from flowlang.debugger import Breakpoint, Debugger, Stop
from tests.runtime.test_random_flows import FLOWS, Writer, balanced

EXAMPLES = 2000 if "FLOWLANG_TEST_LONG" in os.environ else 100

Seen = Counter[tuple[str, str | None]]


def text_of(shapes: list[Any]) -> tuple[str, list[str]]:
    """A flow of these shapes, and the ids of its steps that do something."""
    writer = Writer()
    steps = writer.sequence(shapes, [], [])
    outputs = {id: f"${{{id}}}" for id in writer.ids} | {id: f"${{{id}.results}}" for id in writer.loops}
    return json.dumps({"flow": "random", "steps": steps, "outputs": outputs}, indent=1), writer.ids


def run(text: str, debugger: Debugger | None, events: list[Any]) -> tuple[FlowResult, Seen]:
    """Run a flow under a debugger; what its steps saw."""
    seen: Seen = Counter()
    registry = TaskRegistry()

    @registry.register("Token")
    async def token(me: str, seen_before: str | None = None) -> str:
        seen[me, seen_before] += 1
        for _ in range(sum(map(ord, me)) % 4):
            await asyncio.sleep(0)
        return me

    @registry.register("FailToken")
    async def fail_token(me: str, seen_before: str | None = None) -> str:
        seen[me, seen_before] += 1
        await asyncio.sleep(0)
        raise ValueError(me)

    async def main() -> FlowResult:
        interceptors = [] if debugger is None else [debugger]
        result = await FlowExecutor(registry, env={}).execute_flow(
            text.replace('"seen":', '"seen_before":'), event_callback=events.append, interceptors=interceptors
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(main()), seen


class Walker:
    """Takes a random way from each stop, at once or a few turns of the loop later."""

    def __init__(self, breakpoints: list[Breakpoint], seed: int, others: Literal["wait", "go on"]) -> None:
        self.random = Random(seed)
        self.stops = 0
        self.debugger = Debugger(breakpoints, others=others, on_stop=self.stopped)

    def stopped(self, stop: Stop) -> None:
        self.stops += 1
        stop.scope()
        debugger = self.debugger
        ways = (debugger.resume, debugger.resume, debugger.step_over, debugger.step_into, debugger.step_out)
        way = self.random.choice(ways)
        if self.random.random() < 0.5:
            way(stop)
        else:
            asyncio.get_running_loop().call_soon(way, stop)
        if self.random.random() < 0.05:
            debugger.pause()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLOWS, st.integers(0, 1 << 30), st.sampled_from(["wait", "go on"]))
def test_a_random_flow_does_the_same_with_no_some_and_all_breakpoints(
    shapes: list[Any], seed: int, others: Literal["wait", "go on"]
) -> None:
    text, ids = text_of(shapes)
    events: list[Any] = []
    expected, effects = run(text, None, events)
    assert expected.success, expected.error
    some = Random(seed).sample(ids, len(ids) // 2)
    points = {
        "none": [],
        "some": [Breakpoint(id, "after" if number % 3 else "before") for number, id in enumerate(some)],
        "all": [Breakpoint("*"), Breakpoint("*", "after"), Breakpoint("*", "error")],
    }
    for name, breakpoints in points.items():
        walker = Walker(breakpoints, seed, others)
        told: list[Any] = []
        result, seen = run(text, walker.debugger, told)
        assert result.success, (name, result.error)
        assert result.outputs == expected.outputs, name
        assert seen == effects, name
        assert balanced(told), name
        assert sorted(map(shape_of, told)) == sorted(map(shape_of, events)), name
        assert walker.stops == 0 if name == "none" else walker.stops > 0 or name == "some"


def shape_of(event: Any) -> str:
    """An event without what differs from run to run."""
    return json.dumps([event["type"], event.get("path"), event.get("outputs"), event.get("status")])
