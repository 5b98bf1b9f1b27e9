"""Where the steps of a graph are found in the record of a run."""

from __future__ import annotations

from flowlang.language.graph import Graph
from flowlang_tui.graph.outline import INSIDE

Key = tuple[str, int]


def keys_of(graph: Graph) -> dict[str, Key]:
    """For each node the address and the line of its step, as events name them."""
    scopes: dict[str | None, str] = {None: ""}
    keys: dict[str, Key] = {}
    steps = {node.id: node.step for node in graph.nodes}
    for node in graph.nodes:
        around = scopes[node.parent]
        if node.parent is not None and (node.branch == "do" or node.branch.startswith(INSIDE)):
            around = f"{around}{steps[node.parent]}/"
        scopes[node.id] = around
        keys[node.id] = (around + node.step, node.line)
    return keys


def lines_of(graph: Graph) -> dict[str, int]:
    """The address and the line of each step of a flow, in the order of its text."""
    return dict(sorted(keys_of(graph).values(), key=lambda key: key[1]))
