"""A graph in the language of Mermaid, which code hosts and documentation tools draw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flowlang.language.graph.model import Graph, GraphEdge
from flowlang.language.graph.wording import inert

_SHAPES: Final[dict[str, tuple[str, str]]] = {
    "task": ("[", "]"),
    "parallel": ("[/", "\\]"),
    "if": ("{", "}"),
    "switch": ("{", "}"),
    "for_each": ("{{", "}}"),
    "while": ("{{", "}}"),
    "subflow": ("[[", "]]"),
    "exit": ("([", "])"),
}

#: Everything but letters, digits, space and a few harmless signs is written as its number.
_UNSAFE: Final = re.compile(r"[^\w .,:=+()/'…·-]")


def to_mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart. Labels may hold any characters."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD", *_block_lines(graph, None, names, "  ")]
    drawn: set[tuple[str, str]] = set()
    for edge in graph.edges:
        pair = (edge.source, edge.target)
        # What runs next usually reads of the step before: a second arrow would say nothing new.
        if edge.kind in ("data", "depends") and pair in drawn:
            continue
        drawn.add(pair)
        lines.append(f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def _block_lines(graph: Graph, parent: str | None, names: dict[str, str], indent: str) -> Iterator[str]:
    for block in graph.blocks_of(parent):
        framed = parent is None and block.name != "steps"
        if framed:
            yield f'{indent}subgraph {block.name}_steps["{_label(block.label)}"]'
        inner = indent + "  " if framed else indent
        for id in block.nodes:
            node = graph.node(id)
            text = _label(node.label)
            if node.detail:
                text += f"<br>{_label(node.detail)}"
            before, after = _SHAPES.get(node.kind, _SHAPES["task"])
            shape = f'{names[id]}{before}"{text}"{after}'
            if node.kind in ("parallel", "for_each", "while"):
                yield f'{inner}subgraph {names[id]}_block[" "]'
                yield f"{inner}  {shape}"
                yield from _block_lines(graph, id, names, inner + "  ")
                yield f"{inner}end"
            else:
                yield inner + shape
                yield from _block_lines(graph, id, names, inner)
        if framed:
            yield f"{indent}end"


def _arrow(edge: GraphEdge) -> str:
    line = "-.->" if edge.kind in ("data", "depends") else "-->"
    label = edge.label or ("after" if edge.kind == "depends" else "")
    return f'{line}|"{_label(label)}"|' if label else line


def _label(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"#{ord(found[0])};", inert(text))
