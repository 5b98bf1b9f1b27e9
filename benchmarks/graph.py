"""W14: the step graph of the workbench, first drawn and when steps change their states."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App, ComposeResult

from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang.language.diagnostics import Problems
from flowlang.language.graph import Graph, graph_of
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text
from flowlang_tui.graph import keys_of, layout
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.step_graph import StepGraph

ROUNDS = 15
SIZE = (100, 45)

#: For each number of steps, the milliseconds until they are drawn.
FIRST = {100: 30.0, 500: 150.0}

#: The milliseconds until the changed states of a frame are drawn.
CHANGE = 5.0

#: How many steps change their state within a frame.
CHANGED = 10

_TEN_STEPS = """\
  - {{task: A, id: first_{0}}}
  - {{task: B, id: second_{0}}}
  - if: true
    id: choice_{0}
    then: [{{task: C, id: then_{0}}}]
    else: [{{task: D, id: else_{0}}}]
  - {{for_each: [1], id: loop_{0}, do: [{{task: E, id: each_{0}}}]}}
  - parallel: [{{task: F, id: left_{0}}}, {{task: G, id: right_{0}}}]
    id: both_{0}
"""


class Bare(App[None]):
    """Nothing but a step graph."""

    def compose(self) -> ComposeResult:
        yield StepGraph()


def flow(steps: int) -> Graph:
    """A flow with a choice, a loop and steps that run at once among every ten steps."""
    text = "flow: Wide\nsteps:\n" + "".join(_TEN_STEPS.format(number) for number in range(steps // 10))
    problems = Problems()
    graph = graph_of(parse_flow(read_text(text, problems), problems))
    assert len(graph.nodes) == steps, f"{len(graph.nodes)} steps, not {steps}"
    return graph


async def measure() -> list[Figure]:
    app = Bare()
    async with app.run_test(size=SIZE):
        widget = app.query_one(StepGraph)
        return [figure for steps in FIRST for figure in await measure_flow(widget, steps)]


async def measure_flow(widget: StepGraph, steps: int) -> list[Figure]:
    graph, bar = flow(steps), FIRST[steps]
    run = RunRecord(None, "Wide", {})

    async def forget() -> None:
        widget.show_graph(None)

    async def draw() -> None:
        widget.show_graph(graph)
        paint(widget)

    async def draw_boxes() -> None:
        layout(graph, SIZE[0])

    async def happen() -> None:
        run.apply(events(graph, run.events))

    async def change() -> None:
        widget.refresh_states()
        paint(widget)

    (first,) = await in_turns(draw, rounds=ROUNDS, before=forget)
    (boxes,) = await in_turns(draw_boxes, rounds=ROUNDS)
    widget.show_run(run)
    (changed,) = await in_turns(change, rounds=ROUNDS, before=happen)
    widget.show_run(None)
    return [
        Figure("W14", f"{steps} steps, first drawn", "ms", None, best(first) * 1000, bar, "ms"),
        Figure("W14", f"{steps} steps, laid out as boxes", "ms", None, best(boxes) * 1000, bar, "ms"),
        Figure("W14", f"{steps} steps, {CHANGED} of them changed", "ms", None, best(changed) * 1000, CHANGE, "ms"),
    ]


def paint(widget: StepGraph) -> None:
    """Paint the rows that are on the screen."""
    for y in range(widget.size.height):
        widget.render_line(y)


def events(graph: Graph, after: int) -> list[Any]:
    """Some steps' next events; the steps on the screen are among them."""
    keys = list(keys_of(graph).items())
    chosen = [keys[(after + number * 7) % min(len(keys), 40)] for number in range(CHANGED)]
    return [
        {
            "type": "step_started",
            "path": address,
            "line": line,
            "step_id": node,
            "kind": "task",
            "task": None,
            "flow": "Wide",
            "timestamp": 0.0,
            "inputs": None,
        }
        for node, (address, line) in chosen
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
