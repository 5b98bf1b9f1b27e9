"""What holds for the drawing of any flow."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang.language.graph import Graph
from flowlang_tui.graph import Box, Drawing, layout, rail
from flowlang_tui.graph.cells import cells
from flowlang_tui.graph.outline import Outline
from tests.tui.graph_flows import GOLDENS, flow, graph_from, graph_in
from tests.tui.graph_lines import Lines


def task() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(["Log", "Fetch", "AnotherTaskWithALongName"]).map(lambda name: {"task": name})


def around(inner: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    cases = st.lists(inner, min_size=1, max_size=3).map(
        lambda lists: [{"when": number, "do": steps} for number, steps in enumerate(lists)]
    )
    return st.one_of(
        st.fixed_dictionaries({"if": st.just(True), "then": inner}, optional={"else": inner, "on_error": inner}),
        st.fixed_dictionaries({"switch": st.just(1), "cases": cases}, optional={"default": inner}),
        st.fixed_dictionaries({"for_each": st.just([1]), "do": inner}, optional={"on_error": inner}),
        st.fixed_dictionaries({"parallel": inner}),
        st.fixed_dictionaries({"task": st.just("Log"), "on_error": inner}),
        st.just({"exit": None}),
        st.just({"exit": None, "if": True}),
    )


steps_of_flows = st.recursive(
    st.lists(task(), min_size=1, max_size=3),
    lambda inner: st.lists(st.one_of(task(), around(inner)), min_size=1, max_size=3),
    max_leaves=8,
)


def sequential(steps: list[dict[str, Any]]) -> Graph:
    return graph_from(yaml.safe_dump({"flow": "Any", "steps": steps}))


@st.composite
def dags(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(2, 9))
    steps = []
    for number in range(count):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append({"task": "Log", "id": f"s{number}", "depends_on": [f"s{need}" for need in sorted(needs)]})
    return graph_from(yaml.safe_dump({"flow": "Any", "mode": "dag", "steps": steps}))


def overlap(one: Box, other: Box) -> bool:
    return one.x <= other.right and other.x <= one.right and one.y <= other.bottom and other.y <= one.bottom


def assert_sound(graph: Graph, drawing: Drawing, collapsed: frozenset[str] = frozenset()) -> None:
    visible = [node.id for node in Outline(graph, collapsed).visible()]
    assert sorted(drawing.boxes) == sorted(visible)
    boxes = list(drawing.boxes.values())
    assert not [pair for n, one in enumerate(boxes) for pair in ((one, b) for b in boxes[n + 1 :]) if overlap(*pair)]
    assert all(box.x >= 0 and box.right < drawing.width and box.bottom < drawing.height for box in boxes)
    for id, frame in drawing.frames.items():
        for other, box in drawing.boxes.items():
            is_inside = other == id or any(above == id for above in parents(graph, other))
            handled = is_inside and other != id and is_handler(graph, id, other)
            assert overlap(frame, box) == (is_inside and not handled)
    for row in drawing.rows:
        assert all(run.width == cells(run.text) for run in row)
        assert sum(run.width for run in row) <= drawing.width


def parents(graph: Graph, id: str) -> list[str]:
    parent = graph.node(id).parent
    return [] if parent is None else [parent, *parents(graph, parent)]


def is_handler(graph: Graph, frame: str, id: str) -> bool:
    """Whether a step is in the `on_error` of the step with the frame, which is drawn beside it."""
    node = graph.node(id)
    while node.parent != frame:
        node = graph.node(node.parent or "")
    return node.branch == "on_error"


def is_broken(graph: Graph, drawing: Drawing, id: str) -> bool:
    """Whether steps that run at once stand in several rows, which no lines lead to."""
    if graph.node(id).kind != "parallel":
        return False
    return len({drawing.boxes[inner].y for inner in graph.blocks_of(id)[0].nodes}) > 1


@given(steps_of_flows, st.integers(30, 200))
@settings(max_examples=25, deadline=None)
def test_every_step_has_one_box_and_no_two_overlap(steps: list[dict[str, Any]], width: int) -> None:
    graph = sequential(steps)
    assert_sound(graph, layout(graph, width))


@given(steps_of_flows, st.data())
@settings(max_examples=25, deadline=None)
def test_so_it_is_with_some_of_them_collapsed(steps: list[dict[str, Any]], data: st.DataObject) -> None:
    graph = sequential(steps)
    inner = sorted({block.parent for block in graph.blocks if block.parent is not None})
    collapsed = frozenset(data.draw(st.sets(st.sampled_from(inner)))) if inner else frozenset[str]()
    drawing = layout(graph, 80, collapsed)
    hidden = [node.id for node in graph.nodes if set(parents(graph, node.id)) & collapsed]
    assert not set(hidden) & drawing.boxes.keys()
    assert_sound(graph, drawing, collapsed)


@given(steps_of_flows)
@settings(max_examples=25, deadline=None)
def test_lines_lead_from_each_step_to_the_next(steps: list[dict[str, Any]]) -> None:
    graph = sequential(steps)
    lines = Lines(layout(graph, 5000))
    for edge in graph.edges:
        around = {edge.source, *parents(graph, edge.source)} - set(parents(graph, edge.target)[1:])
        if edge.kind in ("sequence", "branch") and not any(is_broken(graph, lines.drawing, id) for id in around):
            assert edge.target in lines.lead_from(edge.source), lines.drawing.text


@given(dags(), st.sampled_from([40, 80, 400]))
@settings(max_examples=25, deadline=None)
def test_lines_of_a_dag_lead_to_those_that_wait_and_to_no_others(graph: Graph, width: int) -> None:
    drawing = layout(graph, width)
    assert_sound(graph, drawing)
    needs = Outline(graph).needs(graph.blocks_of(None)[0])
    lines = Lines(drawing)
    for node in graph.nodes:
        waiting = {target for target, sources in needs.items() if node.id in sources}
        assert lines.lead_from(node.id, along_borders=False) == waiting, drawing.text


@given(steps_of_flows, st.integers(1, 120))
@settings(max_examples=25, deadline=None)
def test_a_rail_has_a_row_for_each_step_and_keeps_its_width(steps: list[dict[str, Any]], width: int) -> None:
    graph = sequential(steps)
    drawing = rail(graph, width)
    assert list(drawing.boxes) == [node.id for node in graph.nodes]
    assert len({box.y for box in drawing.boxes.values()}) == len(graph.nodes)
    assert all(sum(run.width for run in row) <= drawing.width == max(width, 16) for row in drawing.rows)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDENS.glob("*.yaml")))
def test_the_same_flow_is_always_drawn_the_same(name: str) -> None:
    assert layout(flow(name), 60).text == layout(graph_in(GOLDENS / f"{name}.yaml"), 60).text


def test_steps_that_wait_for_each_other_in_a_circle_are_drawn_all_the_same() -> None:
    graph = graph_from(
        "flow: F\nmode: dag\nsteps:\n"
        "  - {task: A, id: a, depends_on: b}\n  - {task: B, id: b, depends_on: a}\n"
        "  - {task: C, id: c, depends_on: c}\n"
    )
    assert layout(graph, 80).boxes.keys() == {"a", "b", "c"}


def test_groups_within_groups_are_drawn_however_deep_and_narrow() -> None:
    steps: list[dict[str, Any]] = [{"task": "Log", "id": "innermost"}]
    for number in range(15):
        waits = {"task": "Log", "id": f"waits_{number}", "depends_on": f"first_{number}"}
        steps = [{"task": "Log", "id": f"first_{number}"}, waits, {"parallel": steps, "id": f"group_{number}"}]
    graph = sequential([{"parallel": steps, "id": "outermost"}])
    assert_sound(graph, layout(graph, 40))


def test_the_drawings_need_no_textual() -> None:
    code = (
        "import sys, flowlang_tui.graph; print([m for m in sys.modules if m.partition('.')[0] in ('textual', 'rich')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
