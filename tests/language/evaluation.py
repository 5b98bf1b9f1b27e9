"""Evaluates expressions in a small run, for the tests of the expression language."""

from __future__ import annotations

from typing import Any

from flowlang.errors import ExpressionError
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.expressions import compile_values, evaluation_error, translate
from flowlang.language.model import Value
from flowlang.language.names import Names
from flowlang.language.parse import parse_flow
from flowlang.language.source import Source, from_data, read_text
from flowlang.runtime.frame import PENDING, SKIPPED, Ended, Frame, succeeded
from flowlang.values import ErrorValue

FLOW = """
flow: orders
inputs:
  - {name: limit, type: integer}
  - {name: items, type: array}
  - {name: user, type: object}
steps:
  - {id: find, task: Find}
  - {id: rows, task: Rows}
  - {id: one, task: One}
  - {id: mine, task: Mine}
  - {id: skipped, task: Skip}
  - {id: broken, task: Break}
  - {id: later, task: Later}
  - {id: len, task: Len}
  - {id: class, task: Class}
  - {id: big, task: Big}
  - id: loop_over
    for_each: ${rows}
    as: order
    do:
      - {id: inner, task: Inner}
outputs:
  - {name: x, value: 1}
"""

STATES = {
    "find": succeeded({"rows": [{"id": 1, "n": "x"}, {"id": 2, "n": "y"}], "count": 2, "ok": True}, {}, 0.0, 0.0015),
    "rows": succeeded([{"id": 1, "tags": ["a"]}, {"id": 2, "tags": []}], {}, 0.0, 0.0),
    "one": succeeded(7, {}, 0.0, 0.0),
    "mine": succeeded({"status": "mine", "from": 3, "in": 4, "items": 5, "result": 6, "none": None}, {}, 0.0, 0.0),
    "skipped": SKIPPED,
    "broken": Ended("failed", error=ErrorValue(type="Boom", message="it broke", attempts=2), attempts=2),
    "later": PENDING,
    "len": succeeded(9, {}, 0.0, 0.0),
    "class": succeeded({"import": {"lambda": 1}}, {}, 0.0, 0.0),
    "big": succeeded(list(range(130_000)), {}, 0.0, 0.0),
    "loop_over": PENDING,
    "inner": PENDING,
}


class Run:
    """A flow's names and a frame to evaluate in. `more` are further results of steps."""

    def __init__(self, flow: str = FLOW, **more: Any) -> None:
        problems = Problems()
        source = read_text(flow, problems)
        self.flow = parse_flow(source, problems)
        assert not problems.found, problems.found
        self.names = Names(self.flow)
        for step in self.flow.walk():
            self.names.steps[step.id] = step
        self.loop_names = Names(self.flow, self.names, "order")
        self.loop_names.steps["inner"] = self.names.steps.pop("inner")
        states: dict[str, Any] = {**STATES, **{key: succeeded(result, {}, 0.0, 0.0) for key, result in more.items()}}
        for name in more:
            self.names.steps.setdefault(name, self.names.steps["one"])
        inputs = {"limit": 5, "items": [1, 2], "user": {"name": "Ann", "items": "own"}}
        env = {"HOME": "/root", "DB_URL": "sqlite://"}
        context = {"run_id": "r1", "flow": "orders", "attempt": 1}
        self.frame = Frame(None, states, inputs, env, context)  # type: ignore[arg-type]  # expressions don't call
        self.loop_frame = self.frame.below({"inner": succeeded({"v": 1}, {}, 0.0, 0.0)}, 3)
        self.loop_frame.index, self.loop_frame.item = 1, {"id": 8}

    def value(self, data: Any, form: Any = "value", *, loop: bool = False) -> Any:
        """What data of a flow evaluates to. Raises ExpressionError; AssertionError if it doesn't translate."""
        value, found = self.translated(data, form, loop=loop)
        assert value.tree is not None, [str(problem) for problem in found]
        compile_values([value])
        assert value.run is not None
        try:
            return value.run(self.loop_frame if loop else self.frame)
        except Exception as error:
            raise evaluation_error(error, value) from error

    def translated(self, data: Any, form: Any = "value", *, loop: bool = False) -> tuple[Value, list[Diagnostic]]:
        """A value, and the problems that translating it found."""
        problems = Problems()
        value = Value(from_data(data), form)
        translate(value, self.loop_names if loop else self.names, problems, Source())
        return value, problems.found

    def problem(self, data: Any, form: Any = "value") -> Diagnostic:
        """The only problem of a value."""
        _, found = self.translated(data, form)
        assert len(found) == 1, found
        return found[0]

    def failure(self, data: Any, form: Any = "value") -> ExpressionError:
        """The error with which a value ends."""
        try:
            result = self.value(data, form)
        except ExpressionError as error:
            return error
        raise AssertionError(f"{data!r} gave {result!r}")
