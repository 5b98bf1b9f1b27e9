"""Flows to draw: files beside the drawings that are expected of them."""

from __future__ import annotations

import os
from pathlib import Path

from flowlang.language.diagnostics import Problems
from flowlang.language.graph import Graph, graph_of
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_file, read_text

GOLDENS = Path(__file__).parent / "goldens" / "graph"
SAMPLES = Path(__file__).parents[2] / "sample_projects"


def flow(name: str) -> Graph:
    """The graph of a flow in the folder of the expected drawings."""
    return graph_in(GOLDENS / f"{name}.yaml")


def graph_in(path: Path) -> Graph:
    """The graph of a flow's file; also of one that isn't quite right."""
    problems = Problems(path)
    return graph_of(parse_flow(read_file(path, problems), problems))


def graph_from(text: str) -> Graph:
    """The graph of a flow's text."""
    problems = Problems()
    return graph_of(parse_flow(read_text(text, problems), problems))


def expect(name: str, drawn: str) -> None:
    """Compare a drawing with the expected one. With FLOWLANG_WRITE_GOLDENS set it becomes the expected one."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("FLOWLANG_WRITE_GOLDENS"):
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")
