"""A graph in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flowlang.language.graph.model import Graph, GraphEdge
from flowlang.language.graph.wording import inert

_SHAPES: Final[dict[str, str]] = {
    "task": "box",
    "parallel": "invtrapezium",
    "if": "diamond",
    "switch": "diamond",
    "for_each": "hexagon",
    "while": "hexagon",
    "subflow": "component",
    "exit": "oval",
}

_STYLES: Final[dict[str, str]] = {
    "sequence": "solid",
    "branch": "solid",
    "loop": "bold",
    "data": "dashed",
    "depends": "dotted",
}


def to_dot(graph: Graph) -> str:
    """The graph as a DOT digraph. Labels may hold any characters."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        "  rankdir=TB",
        '  node [fontname="sans-serif", shape=box]',
        '  edge [fontname="sans-serif", fontsize=10]',
        *_block_lines(graph, None, names, "  "),
        *(f"  {names[edge.source]} -> {names[edge.target]} [{_attributes(edge)}]" for edge in graph.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _block_lines(graph: Graph, parent: str | None, names: dict[str, str], indent: str) -> Iterator[str]:
    for block in graph.blocks_of(parent):
        framed = parent is not None or block.name != "steps"
        if framed:
            yield f"{indent}subgraph cluster_{names.get(parent or '', 'flow')}_{block.name.replace(' ', '_')} {{"
            yield f"{indent}  label={_quoted(block.label)}"
        inner = indent + "  " if framed else indent
        for id in block.nodes:
            node = graph.node(id)
            text = _quoted(node.label, node.detail)
            yield f"{inner}{names[id]} [label={text}, shape={_SHAPES.get(node.kind, 'box')}]"
            yield from _block_lines(graph, id, names, inner)
        if framed:
            yield f"{indent}}}"


def _attributes(edge: GraphEdge) -> str:
    style = f"style={_STYLES[edge.kind]}"
    # The way back must not pull a loop above the steps inside it.
    loose = ", constraint=false" if edge.kind == "loop" else ""
    label = f", label={_quoted(edge.label)}" if edge.label else ""
    return style + loose + label


def _quoted(*rows: str) -> str:
    """A DOT string of one or more rows."""
    escaped = (inert(row).replace("\\", "\\\\").replace('"', '\\"') for row in rows if row)
    return '"' + "\\n".join(escaped) + '"'
