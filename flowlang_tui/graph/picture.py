"""What a person has in front of them: a flow's graph as far as it is unfolded, in the form and width that suit."""

from __future__ import annotations

from typing import Final, Literal

from flowlang.language.graph import Graph, GraphNode
from flowlang_tui.graph.addresses import Key, Whereabouts, keys_of
from flowlang_tui.graph.compose import layout
from flowlang_tui.graph.drawing import Drawing
from flowlang_tui.graph.nest import is_open, nested
from flowlang_tui.graph.outline import Outline
from flowlang_tui.graph.rail import rail

Form = Literal["auto", "boxes", "rail"]

#: More visible steps than this, or fewer columns, are drawn as a rail unless somebody asks for boxes.
MOST_BOXES: Final = 100
LEAST_COLUMNS: Final = 40

#: How many times as wide as the space for them boxes may be before a rail says more.
_WIDER: Final = 1.5

#: Cells that boxes keep free on both sides.
_MARGIN: Final = 2

_NEXT: Final[dict[Form, Form]] = {"auto": "boxes", "boxes": "rail", "rail": "auto"}


class Picture:
    """A graph with what is collapsed, which subflows are unfolded, and its drawing for a width."""

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self.drawing = Drawing.empty()
        self.form: Form = "auto"
        self.keys: dict[str, Key] = {}
        self._nodes: dict[str, GraphNode] = {}
        self._collapsed: set[str] = set()
        self._subflows: dict[str, Graph] = {}
        self._drawn: tuple[Graph, int, frozenset[str], Form] | None = None

    def show(self, graph: Graph | None) -> None:
        """Take another graph, or another state of the same one: what was collapsed and unfolded stays so."""
        self._take(graph)
        for at, inner in list(self._subflows.items()):
            if not self._nest(at, inner):
                del self._subflows[at]
        self._collapsed &= self.keys.keys()

    def nest(self, at: str, inner: Graph) -> bool:
        """Put a subflow's steps below the step that calls it. False if there is no such step."""
        self._collapsed.discard(at)
        return self._nest(at, inner)

    def draw(self, width: int) -> bool:
        """Make the drawing for a width. False if that is the one there is."""
        if self.graph is None or not self.graph.nodes or width < 1:
            self.drawing, self._drawn = Drawing.empty(), None
            return True
        wanted = (self.graph, width, frozenset(self._collapsed), self.form)
        if wanted == self._drawn:
            return False
        self.drawing, self._drawn = _drawing(*wanted), wanted
        return True

    def toggle(self, id: str) -> bool:
        """Collapse or expand a step. False if there is nothing known to be inside."""
        if self.graph is None or not self.graph.blocks_of(id):
            return False
        self._collapsed ^= {id}
        return True

    def collapse_all(self) -> None:
        """Show the outermost steps only."""
        if self.graph is not None:
            self._collapsed = {block.parent for block in self.graph.blocks if block.parent is not None}

    def expand_all(self) -> None:
        """Show everything that is known."""
        self._collapsed.clear()

    def next_form(self) -> None:
        """Go from what suits to boxes, to the rail, and back."""
        self.form = _NEXT[self.form]

    def node(self, id: str | None) -> GraphNode | None:
        """What is known of a node; None if it isn't there."""
        return self._nodes.get(id) if id is not None else None

    def calls(self, id: str) -> bool:
        """Whether a node calls a subflow that hasn't been put below it."""
        node = self.node(id)
        return node is not None and node.kind == "subflow" and self.graph is not None and not is_open(self.graph, id)

    def seen(self, id: str | None) -> str | None:
        """The node itself, or the innermost one around it that is drawn."""
        while id is not None and id not in self.drawing.boxes:
            node = self.node(id)
            id = node.parent if node is not None else None
        return id

    def node_of(self, address: str, line: int) -> str | None:
        """The node of a step of a run; of a subflow's step that isn't there, the one that calls the subflow."""
        ids = {key: id for id, key in self.keys.items()}
        whereabouts = Whereabouts(ids)
        while address:
            key = whereabouts.of((address, line))
            if key is not None:
                return ids[key]
            address = address.rpartition("/")[0]
        return None

    def relations(self, id: str | None) -> dict[str, str]:
        """What a step has to do with others that are drawn: what it takes of them, what they take of it."""
        found: dict[str, list[str]] = {}
        for edge in self.graph.edges if self.graph is not None and id is not None else ():
            if edge.kind not in ("data", "depends"):
                continue
            source, target = self.seen(edge.source), self.seen(edge.target)
            if source is None or target is None or source == target:
                continue
            data = edge.kind == "data"
            if target == id:
                found.setdefault(source, []).append(f"gives {edge.label}".rstrip() if data else "goes before")
            elif source == id:
                found.setdefault(target, []).append(f"takes {edge.label}".rstrip() if data else "comes after")
        return {other: " · ".join(dict.fromkeys(words)) for other, words in found.items()}

    def _take(self, graph: Graph | None) -> None:
        self.graph = graph
        self.keys = keys_of(graph) if graph is not None else {}
        self._nodes = {node.id: node for node in graph.nodes} if graph is not None else {}

    def _nest(self, at: str, inner: Graph) -> bool:
        node = self.node(at)
        if self.graph is None or node is None or node.kind != "subflow":
            return False
        self._subflows[at] = inner
        self._take(nested(self.graph, at, inner))
        return True


def _drawing(graph: Graph, width: int, collapsed: frozenset[str], form: Form) -> Drawing:
    if form == "auto":
        many = sum(1 for _ in Outline(graph, collapsed).visible()) > MOST_BOXES
        if many or width < LEAST_COLUMNS:
            form = "rail"
    if form != "rail":
        drawing = layout(graph, width - _MARGIN, collapsed)
        if form == "boxes" or drawing.width <= width * _WIDER:
            return drawing
    return rail(graph, width, collapsed)
