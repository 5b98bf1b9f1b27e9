"""What flows look like: each drawing is a file that can be read."""

from __future__ import annotations

import pytest

from flowlang_tui.graph import layout, nested, rail
from tests.tui.graph_flows import GOLDENS, SAMPLES, expect, flow, graph_in

FLOWS = sorted(path.stem for path in GOLDENS.glob("*.yaml"))
SAMPLE_FLOWS = sorted(
    str(path.relative_to(SAMPLES).with_suffix("")) for path in SAMPLES.glob("*/*.yaml") if path.stem != "compose"
)


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("width", [72, 40])
def test_a_flow_is_drawn_with_boxes(name: str, width: int) -> None:
    expect(f"{name}-{width}", layout(flow(name), width).text)


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_is_drawn_as_a_rail(name: str) -> None:
    expect(f"{name}-rail", rail(flow(name), 50).text)


@pytest.mark.parametrize("name", SAMPLE_FLOWS)
def test_a_sample_project_is_drawn(name: str) -> None:
    graph = graph_in(SAMPLES / f"{name}.yaml")
    expect(f"sample-{name.replace('/', '-')}", layout(graph, 64).text + "\n" + rail(graph, 64).text)


def test_what_is_collapsed_says_how_many_steps_it_hides() -> None:
    graph = flow("nested_loops")
    collapsed = frozenset({"each_order"})
    expect("collapsed", layout(graph, 60, collapsed).text + "\n" + rail(graph, 60, collapsed).text)


def test_a_subflow_is_drawn_inside_the_step_that_calls_it() -> None:
    graph = nested(flow("subflow"), "settled", flow("subflow_settle"))
    expect("subflow-nested", layout(graph, 72).text + "\n" + rail(graph, 72).text)


def test_a_line_that_crosses_another_passes_over_it() -> None:
    drawn = layout(flow("crossing"), 72).text
    expect("crossing-72", drawn)
    assert "─│─" in drawn
