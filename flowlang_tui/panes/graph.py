"""The graph pane: the steps of the flow, and how they go."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from flowlang_tui.graph.nest import SEPARATOR
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.step_graph import StepGraph

if TYPE_CHECKING:
    from flowlang.language.graph import Graph, GraphNode
    from flowlang_tui.graph.addresses import Key


class GraphPane(Pane):
    """A flow's steps drawn."""

    title = "Graph"

    def __init__(self, *, id: str = "graph") -> None:
        super().__init__(id=id)
        self._graph: Graph | None = None

    def compose(self) -> ComposeResult:
        yield StepGraph()

    @property
    def drawing(self) -> StepGraph:
        """The drawing itself."""
        return self.query_one(StepGraph)

    def show_graph(self, graph: Graph | None) -> None:
        """Draw a flow, unless it is the one that is drawn."""
        if graph is None or self._graph is None or not _same(graph, self._graph):
            self.drawing.show_graph(graph)
        self._graph = graph

    def show_run(self, record: RunRecord | None) -> None:
        """Show the states of a run's steps."""
        self.drawing.show_run(record)

    def refresh_run(self, changed: Set[StepRecord]) -> None:
        """Show what has changed since."""
        self.drawing.refresh_states(changed)

    def show_stops(self, stopped: frozenset[Key]) -> None:
        """Show at which steps the run stands still."""
        self.drawing.show_stops(stopped)

    def show_pins(self, addresses: frozenset[str]) -> None:
        """Show which steps are pinned."""
        self.drawing.show_pins(addresses)

    def show_breakpoints(self, signs: Mapping[Key, str]) -> None:
        """Show the signs of breakpoints at their steps."""
        self.drawing.show_breakpoints(signs)

    def select(self, address: str, line: int) -> None:
        """Select a step; of a step inside a subflow that is not drawn, the one that calls it."""
        node = self.drawing.picture.node_of(address, line)
        if node is not None:
            self.drawing.select(node)

    def node_of(self, address: str, line: int) -> GraphNode | None:
        """The node of just this step, if it is in the graph."""
        picture = self.drawing.picture
        return next((picture.node(id) for id, key in picture.keys.items() if key == (address, line)), None)

    def record_of(self, address: str, line: int) -> StepRecord | None:
        """What the run that is shown did at a step of the graph, also where the step stood elsewhere then."""
        node = self.node_of(address, line)
        return None if node is None else self.drawing.record_of(node.id)

    def key_at(self, line: int) -> Key | None:
        """Address and line of the flow's own step that begins in a line."""
        keys = self.drawing.picture.keys
        return next((key for id, key in keys.items() if key[1] == line and SEPARATOR not in id), None)


def _same(one: Graph, other: Graph) -> bool:
    return (one.nodes, one.edges, one.blocks, one.mode) == (other.nodes, other.edges, other.blocks, other.mode)
