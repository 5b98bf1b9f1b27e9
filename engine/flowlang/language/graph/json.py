"""A graph as JSON."""

from __future__ import annotations

from flowlang.language.graph.model import Graph
from flowlang.values import to_json as json_of


def to_json(graph: Graph) -> str:
    """The graph as JSON text: `name`, `mode`, `nodes`, `edges` (with `from` and `to`) and `blocks`."""
    return json_of(
        {
            "name": graph.name,
            "mode": graph.mode,
            "nodes": [node._asdict() for node in graph.nodes],
            "edges": [
                {"from": edge.source, "to": edge.target, "kind": edge.kind, "label": edge.label} for edge in graph.edges
            ],
            "blocks": [block._asdict() for block in graph.blocks],
        },
        indent=2,
    )
