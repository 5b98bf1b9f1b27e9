"""A flow as a picture: its steps as nodes, its order and its data as edges, drawn as text, Mermaid or DOT.

What draws is imported when it is first used; the model alone is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowlang.language.graph.model import Graph, GraphBlock, GraphEdge, GraphNode

if TYPE_CHECKING:
    from flowlang.language.graph.build import graph_of
    from flowlang.language.graph.dot import to_dot
    from flowlang.language.graph.json import to_json
    from flowlang.language.graph.mermaid import to_mermaid
    from flowlang.language.graph.text import to_text

_HOMES = {"graph_of": "build", "to_dot": "dot", "to_json": "json", "to_mermaid": "mermaid", "to_text": "text"}

__all__ = [
    "Graph",
    "GraphBlock",
    "GraphEdge",
    "GraphNode",
    "graph_of",
    "to_dot",
    "to_json",
    "to_mermaid",
    "to_text",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
