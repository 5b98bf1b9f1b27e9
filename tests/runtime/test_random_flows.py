"""Random nests of blocks do what a plain interpreter of a page says they do, whoever listens.

Each step that does something has a token of its own, made of its id and the items of the loops around it, and
reads what an earlier step left. Tokens and what was read are compared with those of the interpreter, so a value
that leaks from one branch or iteration into another shows.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang import FlowExecutor, FlowResult, TaskRegistry

LEAF = st.just(("leaf",))


def blocks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    body = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.just("parallel"), st.lists(inner, min_size=1, max_size=4), st.sampled_from([None, 1, 2])),
        st.tuples(st.just("for_each"), body, st.integers(0, 3), st.integers(1, 3)),
        st.tuples(st.just("if"), body, body, st.booleans()),
        st.tuples(st.just("switch"), st.lists(body, min_size=1, max_size=3), body, st.integers(0, 3)),
        st.tuples(st.just("try"), body, body, body, st.booleans()),
    )


FLOWS = st.lists(st.recursive(LEAF, blocks, max_leaves=12), min_size=1, max_size=4)


class Writer:
    """Writes a shape as steps, and for each block what the interpreter needs to know of it."""

    def __init__(self) -> None:
        self.count = 0
        self.ids: list[str] = []
        self.loops: list[str] = []

    def id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def sequence(self, shapes: Sequence[Any], before: list[str], items: list[str]) -> list[dict[str, Any]]:
        """Steps one after the other; `before` are the ids that they may read, and grows."""
        return [self.step(shape, before, items) for shape in shapes]

    def leaf(self, before: list[str], items: list[str], task: str = "Token") -> dict[str, Any]:
        id = self.id("t")
        me = "/".join([id, *(f"${{{name}}}" for name in items)])
        seen = f"${{{before[-1]}}}" if before else None
        before.append(id)
        self.ids.append(id)
        return {"task": task, "id": id, "inputs": {"me": me, "seen": seen}}

    def step(self, shape: Any, before: list[str], items: list[str]) -> dict[str, Any]:
        kind = shape[0]
        if kind == "leaf":
            return self.leaf(before, items)
        if kind == "parallel":
            branches = [self.step(one, own, items) for one in shape[1] for own in (list(before),)]
            before.extend(id for branch in branches for id in ids_in(branch))
            limit = {} if shape[2] is None else {"max_concurrency": shape[2]}
            return {"parallel": branches, "id": self.id("p"), **limit}
        if kind == "for_each":
            name = f"item{len(items)}"
            body = self.sequence(shape[1], before, [*items, name])
            loop = self.id("l")
            self.loops.append(loop)
            return {
                "for_each": list(range(shape[2])),
                "as": name,
                "id": loop,
                "concurrency": shape[3],
                "collect": f"${{{before[-1]}}}",
                "do": body,
            }
        if kind == "if":
            then = self.sequence(shape[1], before, items)
            return {"if": shape[3], "then": then, "else": self.sequence(shape[2], before, items), "id": self.id("i")}
        if kind == "switch":
            cases: list[Any] = [
                {"when": number, "do": self.sequence(body, before, items)} for number, body in enumerate(shape[1])
            ]
            default = self.sequence(shape[2], before, items)
            return {"switch": shape[3], "cases": [{"default": default}, *cases], "id": self.id("s")}
        body = self.sequence(shape[1], before, items)
        fails = [self.leaf(before, items, "FailToken")] if shape[4] else []
        body += fails + self.sequence(shape[2], before, items)
        return {"if": True, "then": body, "on_error": self.sequence(shape[3], before, items), "id": self.id("y")}


def ids_in(data: Any) -> list[str]:
    """The ids of the leaves inside a step, in the order of the text."""
    if isinstance(data, list):
        return [id for one in data for id in ids_in(one)]
    if not isinstance(data, dict):
        return []
    own = [data["id"]] if "task" in data else []
    return own + [id for key, one in data.items() if key != "inputs" for id in ids_in(one)]


class Failed(Exception):
    """The interpreter's word for a failing step."""


class Interpreter:
    """Says what the steps should do, one after the other."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str | None]] = Counter()

    def sequence(self, steps: list[dict[str, Any]], scopes: list[dict[str, Any]], items: dict[str, Any]) -> None:
        for step in steps:
            self.step(step, scopes, items)

    def read(self, expression: str | None, scopes: list[dict[str, Any]]) -> Any:
        if expression is None:
            return None
        id = expression[2:-1]
        return next((scope[id] for scope in reversed(scopes) if id in scope), None)

    def step(self, step: dict[str, Any], scopes: list[dict[str, Any]], items: dict[str, Any]) -> None:
        if "task" in step:
            me = "/".join([step["id"], *map(str, items.values())])
            self.seen[me, self.read(step["inputs"]["seen"], scopes)] += 1
            if step["task"] == "FailToken":
                raise Failed
            scopes[-1][step["id"]] = me
        elif "parallel" in step:
            self.sequence(step["parallel"], scopes, items)
        elif "for_each" in step:
            self.loop(step, scopes, items)
        elif "switch" in step:
            bodies = {case["when"]: case["do"] for case in step["cases"] if "when" in case}
            self.sequence(bodies.get(step["switch"], step["cases"][0].get("default")), scopes, items)
        elif "else" in step:
            self.sequence(step["then"] if step["if"] else step["else"], scopes, items)
        else:
            try:
                self.sequence(step["then"], scopes, items)
            except Failed:
                self.sequence(step["on_error"], scopes, items)

    def loop(self, step: dict[str, Any], scopes: list[dict[str, Any]], items: dict[str, Any]) -> None:
        results = []
        for item in step["for_each"]:
            scope: dict[str, Any] = dict.fromkeys(ids_in(step["do"]))
            self.sequence(step["do"], [*scopes, scope], {**items, step["as"]: item})
            results.append(self.read(step["collect"], [*scopes, scope]))
            if item == step["for_each"][-1]:
                scopes[-1].update(scope)
        scopes[-1][step["id"]] = results


def run(text: str, *, listen: bool) -> tuple[FlowResult, Counter[tuple[str, str | None]], list[Any]]:
    """Run a flow; what its steps saw, and the events."""
    seen: Counter[tuple[str, str | None]] = Counter()
    events: list[Any] = []
    registry = TaskRegistry()

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

    def note(me: str, read: str | None) -> None:
        seen[me, read] += 1

    async def main() -> FlowResult:
        result = await FlowExecutor(registry, env={}).execute_flow(
            text, event_callback=events.append if listen else None
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(main()), seen, events


@settings(max_examples=120, deadline=None)
@given(FLOWS)
def test_a_random_flow_does_what_the_interpreter_says(shapes: list[Any]) -> None:
    writer = Writer()
    steps = writer.sequence(shapes, [], [])
    outputs = {id: f"${{{id}}}" for id in writer.ids} | {id: f"${{{id}.results}}" for id in writer.loops}
    text = json.dumps({"flow": "random", "steps": steps, "outputs": outputs}, indent=1)
    interpreter = Interpreter()
    scope: dict[str, Any] = {}
    interpreter.sequence(steps, [scope], {})

    result, seen, events = run(text, listen=True)

    assert result.success, result.error
    assert seen == interpreter.seen
    assert result.outputs == {id: scope.get(id) for id in outputs}
    assert balanced(events)
    quiet, seen_quietly, _ = run(text, listen=False)
    assert quiet.outputs == result.outputs
    assert seen_quietly == seen


def balanced(events: list[Any]) -> bool:
    """Whether every step that started ended once, and the numbers have no gap."""
    open_steps: Counter[str] = Counter()
    for number, event in enumerate(events, 1):
        if event["seq"] != number:
            return False
        if event["type"] == "step_started":
            open_steps[event["path"]] += 1
        elif event["type"] in ("step_completed", "step_failed"):
            open_steps[event["path"]] -= 1
        if set(open_steps.values()) - {0, 1}:
            return False
    return not any(open_steps.values()) and events[-1]["type"] == "flow_completed"
