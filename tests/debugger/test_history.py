"""Walking back through a recorded run: each step sees what it saw when it ran."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from flowlang import FlowExecutor, TaskRegistry
from flowlang.debugger import Breakpoint, DebuggerError, History
from flowlang.debugger.scope import scope_of
from flowlang.debugger.watching import items_around
from flowlang.journal import Journal, Rerun
from flowlang.runtime.interception import Intercepted, Interception, Interceptor
from flowlang.runtime.plan import Plan
from flowlang.runtime.run import Run
from flowlang.values import plain
from tests.runtime.test_random_flows import FLOWS

from .debugging import Debugged, counting
from .test_random_flows import text_of

EXAMPLES = 2000 if "FLOWLANG_TEST_LONG" in os.environ else 40


class Witness(Interceptor):
    """Writes down what each step sees as it begins."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], Any] = {}
        self._times: Counter[str] = Counter()

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        interception.concern(self, [step for one in plan.with_subplans() for step in one.every_step])

    async def bound(self, execution: Intercepted) -> None:
        frame, plan = execution.frame, execution.plan
        path = frame.path + plan.id
        self._times[path] += 1
        items = items_around(frame.call.plan.flow, plan.step)
        self.seen[path, self._times[path]] = shown(scope_of(frame, items, plain, {}, {}))


def shown(scope: Any) -> Any:
    """The names with their values and states, without those of the step itself."""
    return [
        (group.kind, sorted((one.name, json.dumps(one.value), one.status) for one in group.variables))
        for group in scope.groups
        if group.kind in ("loop", "steps", "inputs")
    ]


async def recorded(
    flow: str, registry: TaskRegistry, root: Path, inputs: dict[str, Any] | None = None
) -> tuple[History, Witness]:
    witness = Witness()
    executor = FlowExecutor(registry, folder=root, env={})
    (root / "shop.yaml").write_text(flow)
    recorder = Journal(root).recorder()
    await executor.execute_flow(root / "shop.yaml", inputs, recorder=recorder, interceptors=[witness])
    run = Journal(root).run(recorder.run_id)
    return History(run, FlowExecutor(registry, folder=root, env={}), root), witness


def assert_as_it_was(history: History, witness: Witness) -> None:
    compared = 0
    for position, step in enumerate(history.steps):
        live = witness.seen.get((step.path, step.occurrence))
        if live is not None and step.attempts == 1:
            assert shown(history.at(position).scope()) == live, step.path
            compared += 1
    assert compared or not witness.seen


EVERYTHING = """
flow: everything
inputs: [{name: k, type: integer, default: 2}]
steps:
  - Count: {id: a, n: '${inputs.k}'}
  - for_each: '${range(a.n + 1)}'
    id: outer
    as: x
    do:
      - Count: {id: b, n: '${x}'}
      - for_each: '${[b.n, 9]}'
        id: inner
        as: y
        do: [{Count: {id: c, n: '${y + x}'}}, {Count: {id: odd, n: 1, if: '${y == 9}'}}]
      - while: '${(d.n or 0) < 2}'
        id: again
        do: [{Count: {id: d, n: '${(d.n or 0) + 1}'}}]
  - Fail: {id: bad, continue_on_error: true}
  - for_each: [1, 2]
    id: failing
    do: [{Count: {id: f, n: 1}}, {Fail: {id: g}}]
    on_error: [{Count: {id: mended, n: 8}}]
  - subflow: inner
    id: call
    inputs: {z: '${c.n}'}
  - Count: {id: last, n: '${call.n}'}
"""

INNER = (
    "flow: inner\ninputs: [{name: z, type: integer}]\n"
    "steps: [{Count: {id: i, n: '${inputs.z}'}}]\noutputs: {n: '${i.n}'}"
)


async def test_each_step_sees_what_it_saw(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text(INNER)
    registry, _ = counting()
    history, witness = await recorded(EVERYTHING, registry, tmp_path)
    assert len(witness.seen) > 25
    assert_as_it_was(history, witness)
    past = history.at(history.position("outer[1]/inner[1]/c"))
    assert (past.evaluate("x * 100 + y"), past.flow, past.result) == (109, "everything", {"n": 10})
    assert [(one.step_id, one.index, one.length) for one in past.stack] == [
        ("c", None, None),
        ("inner", 1, 2),
        ("outer", 1, 3),
    ]
    inside = history.at(history.position("call/i"))
    assert (inside.evaluate("inputs.z"), [one.step_id for one in inside.stack]) == (11, ["i", "call"])


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLOWS)
def test_a_random_run_walked_back_is_as_it_was(shapes: list[Any]) -> None:
    text, _ = text_of(shapes)
    registry = TaskRegistry()

    @registry.register("Token")
    async def token(me: str, seen: str | None = None) -> str:
        for _ in range(sum(map(ord, me)) % 4):
            await asyncio.sleep(0)
        return me

    @registry.register("FailToken")
    async def fail_token(me: str, seen: str | None = None) -> str:
        raise ValueError(me)

    with TemporaryDirectory() as folder:
        history, witness = asyncio.run(recorded(text, registry, Path(folder)))
        assert_as_it_was(history, witness)


async def test_a_run_is_forked_from_a_step_with_a_value_changed(tmp_path: Path) -> None:
    registry, calls = counting()
    flow = "flow: f\nsteps:\n  - Count: {id: a, n: 1}\n  - Count: {id: b, n: '${a.n}'}\noutputs: {b: '${b.n}'}"
    history, _ = await recorded(flow, registry, tmp_path)
    calls.clear()
    arguments = history.fork(1, {"a": {"n": 70}})
    result = await Rerun(Journal(tmp_path), **arguments).execute(FlowExecutor(registry, folder=tmp_path, env={}))
    assert result["b"] == 70
    assert calls == [70]
    with pytest.raises(DebuggerError, match="did not run before"):
        history.fork(0, {"b": 1})


async def test_what_was_changed_by_hand_is_seen_from_there_on(tmp_path: Path) -> None:
    registry, _ = counting()
    path = tmp_path / "shop.yaml"
    path.write_text(
        "flow: f\ninputs: [{name: k, default: 1}]\nsteps:\n  - Count: {id: a, n: 1}\n"
        "  - for_each: [5, 6]\n    id: each\n    as: x\n"
        "    do: [{Count: {id: b, n: '${x}'}}, {Count: {id: c, n: '${a.n}'}}]\n"
        "  - Count: {id: d, n: '${inputs.k}'}"
    )
    recorder = Journal(tmp_path).recorder()
    witness = Witness()
    async with Debugged(path, [Breakpoint("c", hits=2)], registry, recorder=recorder, beside=[witness]) as run:
        stop = await run.stop()
        for name, value in {"a.n": 30, "b": {"n": 40}, "x": 50, "inputs.k": 60}.items():
            stop.set_value(name, value)
        stop.resume()
        assert (await run.ended()).success
    run_again = Journal(tmp_path).run(recorder.run_id)
    history = History(run_again, FlowExecutor(registry, folder=tmp_path, env={}), tmp_path)
    assert_as_it_was(history, witness)
    past = history.at(history.position("each[1]/c"))
    assert past.evaluate("[a.n, b.n, x, inputs.k]") == [30, 40, 50, 60]
    assert history.at(history.position("each[0]/c")).evaluate("[a.n, b.n, x, inputs.k]") == [1, 5, 5, 1]


async def test_a_run_whose_text_was_edited_is_recorded_and_walked_back(tmp_path: Path) -> None:
    registry, _ = counting()
    path = tmp_path / "shop.yaml"
    text = "flow: f\nsteps:\n  - Count: {id: a, n: 1}\n  - Count: {id: b, n: 2}\n"
    path.write_text(text)
    recorder = Journal(tmp_path).recorder()
    async with Debugged(path, ["b"], registry, recorder=recorder) as run:
        stop = await run.stop()
        await stop.redo_with(f"{text.replace('n: 2', 'n: 20')}  - Count: {{id: c, n: '${{b.n}}'}}\n")
        assert (await run.ended()).success
    recorded_run = Journal(tmp_path).run(recorder.run_id)
    assert [(step.path, step.outputs) for step in recorded_run.steps()] == [
        ("a", {"n": 1}),
        ("b", {"n": 20}),
        ("c", {"n": 20}),
    ]
    history = History(recorded_run, FlowExecutor(registry, folder=tmp_path, env={}), tmp_path)
    assert history.at(1).evaluate("a.n") == 1
    assert history.at(2).result == {"n": 20}


async def test_a_place_outside_the_run_is_refused(tmp_path: Path) -> None:
    registry, _ = counting()
    history, _ = await recorded("flow: f\nsteps: [{Count: {id: a, n: 1}}]", registry, tmp_path)
    assert len(history) == 1
    assert history.at(0).scope().values["inputs"] == {}
    with pytest.raises(DebuggerError, match="no step there"):
        history.at(1)
    with pytest.raises(DebuggerError, match="`b` did not run"):
        history.position("b")


async def test_a_run_that_stands_is_walked_back_from_where_it_stands(tmp_path: Path) -> None:
    registry, _ = counting()
    path = tmp_path / "shop.yaml"
    path.write_text("flow: f\nsteps:\n  - Count: {id: a, n: 1}\n  - Count: {id: b, n: 2}\n  - Count: {id: c, n: 3}")
    journal = Journal(tmp_path)
    recorder = journal.recorder()
    async with Debugged(path, [Breakpoint("c")], registry, recorder=recorder) as run:
        await run.stop()
        history = History(journal.run(recorder.run_id), FlowExecutor(registry, folder=tmp_path, env={}), tmp_path)
        assert [step.path for step in history.steps] == ["a", "b"]
        assert history.at(1).evaluate("a.n") == 1
