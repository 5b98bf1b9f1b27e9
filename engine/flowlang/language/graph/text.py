"""A graph as a drawing for the terminal: one row a step, rails for what stands inside another step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flowlang.language.graph.model import Graph, GraphNode
from flowlang.language.graph.wording import inert, shortened

SIGNS: Final[dict[str, str]] = {
    "task": "●",
    "parallel": "∥",
    "if": "◆",
    "switch": "◆",
    "for_each": "↻",
    "while": "↻",
    "subflow": "▶",
    "exit": "■",
}

#: The rail beside the steps of a branch; all others have a plain line.
RAILS: Final[dict[str, str]] = {"parallel": "║ ", "do": "┊ "}

_Group = tuple[str | None, str]

_WIDEST: Final = 32
_WITHOUT_HEADING: Final = frozenset({"steps", "do", "parallel"})


def to_text(graph: Graph) -> str:
    """The graph as lines of text, one row a step, ending with a newline.

    `∥` starts steps that run at once, `◆` a choice, `↻` a loop, `▶` another flow; `■` ends the flow. Where the
    order follows from what steps need of each other, that stands after `←`.
    """
    rows = list(_rows(graph, None, "", _needs(graph)))
    width = min(_WIDEST, max((len(left) for left, right in rows if right), default=0))
    heading = inert(graph.name) or "(no name)"
    if graph.mode != "sequential":
        heading += f" ({graph.mode})"
    return "\n".join([heading, *(f"{left:<{width}}  {right}".rstrip() for left, right in rows)]) + "\n"


def _rows(graph: Graph, parent: str | None, rail: str, needs: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    for block in graph.blocks_of(parent):
        headed = block.name not in _WITHOUT_HEADING
        if headed:
            yield f"{rail}{'├ ' if parent is not None else ''}{inert(block.label)}", ""
        inner = rail + RAILS.get(block.name, "│ ") if headed or parent is not None else rail
        for id in block.nodes:
            node = graph.node(id)
            yield f"{inner}{SIGNS.get(node.kind, '●')} {inert(node.label)}", _says(node, needs.get(id, ()))
            yield from _rows(graph, id, inner, needs)


def _says(node: GraphNode, needs: list[str] | tuple[()]) -> str:
    says = " · ".join(shortened(part, 60) for part in (node.detail, *node.notes))
    return f"{says}  ← {', '.join(needs)}" if needs else says


def _needs(graph: Graph) -> dict[str, list[str]]:
    """For each step that waits for siblings rather than for its turn: the ids of those."""
    members = _members(graph)
    needs: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind not in ("data", "depends"):
            continue
        sources = members[edge.source]
        for group, target in members[edge.target].items():
            source = sources.get(group, target)
            if source != target and source not in (known := needs.setdefault(target, [])):
                known.append(source)
    return needs


def _members(graph: Graph) -> dict[str, dict[_Group, str]]:
    """For each step and each group of steps around it that run at once: which member of the group it belongs to."""
    group: dict[str, _Group] = {}
    for block in graph.blocks:
        if block.name == "parallel" or (graph.mode == "dag" and block.parent is None and block.name == "steps"):
            group.update((id, (block.parent, block.name)) for id in block.nodes)
    members: dict[str, dict[_Group, str]] = {}
    for node in graph.nodes:
        around = members[node.parent] if node.parent is not None else {}
        members[node.id] = {**around, group[node.id]: node.id} if node.id in group else around
    return members
