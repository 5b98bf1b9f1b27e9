"""A flow's graph with that of a subflow in it."""

from __future__ import annotations

from typing import Final

from flowlang.language.graph import Graph, GraphBlock, GraphEdge, GraphNode
from flowlang_tui.graph.outline import INSIDE

#: Between the node of the step that calls a subflow and a node of that subflow.
SEPARATOR: Final = "/"


def nested(graph: Graph, at: str, inner: Graph) -> Graph:
    """`graph` with the steps of `inner` below the node `at`, which calls it. Their ids are `at/id` then.

    A subflow that was put there before is replaced, with everything below it. Raises KeyError if there is no `at`.
    """
    graph.node(at)
    prefix = at + SEPARATOR
    nodes: list[GraphNode] = []
    for node in graph.nodes:
        if not node.id.startswith(prefix):
            nodes.append(node)
        if node.id == at:
            nodes += [_node(each, at, inner) for each in inner.nodes]
    kept = [edge for edge in graph.edges if not edge.source.startswith(prefix) and not edge.target.startswith(prefix)]
    edges = [GraphEdge(prefix + edge.source, prefix + edge.target, edge.kind, edge.label) for edge in inner.edges]
    around = [block for block in graph.blocks if not _is_inside(block, at)]
    blocks = [_block(block, at, inner) for block in inner.blocks]
    return Graph(graph.name, graph.mode, tuple(nodes), (*kept, *edges), (*around, *blocks))


def is_open(graph: Graph, id: str) -> bool:
    """Whether the subflow that a node calls has been put into the graph."""
    return any(block.name.startswith(INSIDE) for block in graph.blocks_of(id))


def _is_inside(block: GraphBlock, at: str) -> bool:
    parent = block.parent or ""
    return parent.startswith(at + SEPARATOR) or (parent == at and block.name.startswith(INSIDE))


def _node(node: GraphNode, at: str, inner: Graph) -> GraphNode:
    if node.parent is None:
        return node._replace(id=at + SEPARATOR + node.id, parent=at, branch=_name(node.branch, inner))
    return node._replace(id=at + SEPARATOR + node.id, parent=at + SEPARATOR + node.parent)


def _block(block: GraphBlock, at: str, inner: Graph) -> GraphBlock:
    nodes = tuple(at + SEPARATOR + id for id in block.nodes)
    if block.parent is None:
        return GraphBlock(at, _name(block.name, inner), block.label, nodes)
    return GraphBlock(at + SEPARATOR + block.parent, block.name, block.label, nodes)


def _name(name: str, inner: Graph) -> str:
    # the steps of a `dag` flow run as those of a `parallel` do
    return INSIDE + ("parallel" if name == "steps" and inner.mode != "sequential" else name)
