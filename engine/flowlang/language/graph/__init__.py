"""A flow as a picture: its steps as nodes, its order and its data as edges, drawn as text, Mermaid or DOT."""

from __future__ import annotations

from flowlang.language.graph.build import graph_of
from flowlang.language.graph.dot import to_dot
from flowlang.language.graph.json import to_json
from flowlang.language.graph.mermaid import to_mermaid
from flowlang.language.graph.model import Graph, GraphBlock, GraphEdge, GraphNode
from flowlang.language.graph.text import to_text

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
