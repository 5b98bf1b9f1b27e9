"""What a graph consists of. Everything is in the order of the text, so the same flow gives the same graph."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal, NamedTuple

EdgeKind = Literal["sequence", "branch", "loop", "data", "depends"]


class GraphNode(NamedTuple):
    """A step.

    `id` is unique in the graph: the step's own id, or `fetch~2` for the second step called `fetch` (branches
    of one `if` may share ids). `parent` is the node of the step it stands in, `branch` the list of steps there.
    `detail` says in a few words what the step does, `notes` what stands around it.
    """

    id: str
    step: str
    label: str
    kind: str
    task: str | None
    parent: str | None
    branch: str
    line: int
    detail: str = ""
    notes: tuple[str, ...] = ()


class GraphEdge(NamedTuple):
    """Something that leads from one step to another.

    `sequence`: what runs next. `branch`: from a step into one of its lists of steps. `loop`: back to the loop
    for the next iteration. `data`: what the target reads of the source. `depends`: a `depends_on`.
    """

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


class GraphBlock(NamedTuple):
    """A list of steps: the flow's own (`parent` is None), or a branch of the step `parent`."""

    parent: str | None
    name: str
    label: str
    nodes: tuple[str, ...]


class Graph:
    """A flow's steps, the lists they stand in, and what leads from one to another."""

    __slots__ = ("_blocks", "_nodes", "blocks", "edges", "mode", "name", "nodes")

    def __init__(
        self,
        name: str,
        mode: str,
        nodes: tuple[GraphNode, ...],
        edges: tuple[GraphEdge, ...],
        blocks: tuple[GraphBlock, ...],
    ) -> None:
        self.name = name
        self.mode = mode
        self.nodes = nodes
        self.edges = edges
        self.blocks = blocks
        self._nodes = {node.id: node for node in nodes}
        self._blocks: defaultdict[str | None, list[GraphBlock]] = defaultdict(list)
        for block in blocks:
            self._blocks[block.parent].append(block)

    def node(self, id: str) -> GraphNode:
        """The node with this id. Raises KeyError if there is none."""
        return self._nodes[id]

    def blocks_of(self, parent: str | None) -> list[GraphBlock]:
        """The lists of steps inside a step, or the flow's own ones for None. Empty ones are left out."""
        return self._blocks.get(parent, [])
