"""The steps of a flow as a picture that follows a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from flowlang.language.graph import Graph
from flowlang_tui.actions import bindings
from flowlang_tui.compat import styled_once
from flowlang_tui.graph import Direction, Drawing, Picture, States, critical_path, neighbour
from flowlang_tui.graph.addresses import Key
from flowlang_tui.graph.moves import first, last
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.step_graph_looks import CSS, PARTS, empty_words
from flowlang_tui.widgets.step_graph_painter import TURNS, Painter

#: What the screen does, which knows the run.
_RUNNING: Final = frozenset(
    {"graph.from-here", "graph.only-step", "graph.up-to-here", "graph.breakpoint"}
    | {"graph.pin", "graph.unpin", "graph.pins", "graph.sandbox"}
)


@styled_once
class StepGraph(ScrollView, can_focus=True):
    """Draws a graph, lets a person walk through it, and shows the states of a run."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"step-graph--{part}" for part in PARTS}
    DEFAULT_CSS = CSS

    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, action=f"screen.{binding.action}")
        if isinstance(binding, Binding) and binding.id in _RUNNING
        else binding
        for binding in bindings("graph")
    ]

    @dataclass
    class Selected(Message):
        """A step was chosen. `address` and `line` are its key in the record of a run."""

        graph: StepGraph
        node_id: str
        address: str
        line: int

    @dataclass
    class Opened(Message):
        """Somebody wants to see the text of a step."""

        graph: StepGraph
        node_id: str
        address: str
        line: int

    @dataclass
    class SubflowRequested(Message):
        """Somebody wants to see what is inside a `subflow` step; `show_subflow` answers."""

        graph: StepGraph
        node_id: str

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.picture = Picture()
        self._was_shown = False
        self.run: RunRecord | None = None
        self.selected: str | None = None
        #: What was to be selected: the step around it is while it is collapsed away, nothing while nothing is drawn.
        self._asked: str | None = None
        #: Whether the picture moves along with the steps that run.
        self.following = True
        #: Whether the steps that decided how long a run took are marked.
        self.marking = False
        self._painter = Painter(self.picture.drawing, self._style_of, 0)
        self._states: States | None = None
        self._stopped: frozenset[Key] = frozenset()
        self._breakpoints: Mapping[Key, str] = {}
        self._pinned: frozenset[str] = frozenset()
        self._turning: Timer | None = None

    @property
    def drawing(self) -> Drawing:
        """The picture as it is now."""
        return self.picture.drawing

    @property
    def is_turning(self) -> bool:
        """Whether the signs of running steps are kept turning."""
        return self._turning is not None

    def painted(self, y: int) -> Strip:
        """A row of the drawing as it is painted."""
        return self._painter.row(y)

    def show_graph(self, graph: Graph | None) -> None:
        """Draw a flow. What was selected, collapsed and unfolded stays so, as far as it is still there."""
        self._was_shown = True
        self.picture.show(graph)
        self._show()

    def show_subflow(self, node_id: str, graph: Graph) -> None:
        """Put the steps of a subflow below the step that calls it."""
        if self.picture.nest(node_id, graph):
            self._show()

    def show_run(self, run: RunRecord | None) -> None:
        """Show the states of the steps in a run; None for the flow alone."""
        self.run = run
        self.following = run is not None and not run.is_over
        self._show_states()

    def refresh_states(self, changed: Iterable[StepRecord] | None = None) -> None:
        """Show what has happened in the run since the last time: to these steps, or to any."""
        if self._states is None:
            return
        nodes = self._states.update(changed)
        if nodes:
            self._repaint(nodes)
            self._mark_critical_path()
            self._follow(nodes)
        self._turn_signs()

    def record_of(self, node_id: str) -> StepRecord | None:
        """What the run did at a node, if it came to it."""
        return None if self._states is None else self._states.records.get(node_id)

    def show_stops(self, stopped: frozenset[Key]) -> None:
        """Show at which steps, by address and line, the run stands still."""
        if stopped != self._stopped:
            self._stopped = stopped
            self._turn_signs()
            self._repaint_rows(self._painter.show_stops(self._nodes_of(stopped)))

    def show_breakpoints(self, signs: Mapping[Key, str]) -> None:
        """Show the signs of breakpoints at their steps, by address and line."""
        if signs != self._breakpoints:
            self._breakpoints = signs
            self._painter.show_breakpoints(self._signs())
            self.refresh()

    def show_pins(self, addresses: frozenset[str]) -> None:
        """Show the steps at these addresses as pinned."""
        if addresses != self._pinned:
            self._pinned = addresses
            self._painter.show_pins(self._pinned_nodes())
            self.refresh()

    def _pinned_nodes(self) -> frozenset[str]:
        return frozenset(id for id, (address, _) in self.picture.keys.items() if address in self._pinned)

    def _nodes_of(self, keys: Iterable[Key]) -> frozenset[str]:
        """The nodes of steps; of what is inside a subflow or collapsed away, the one that stands for it."""
        seen = (self.picture.seen(self.picture.node_of(*key)) for key in keys)
        return frozenset(node for node in seen if node is not None)

    def _signs(self) -> dict[str, str]:
        return {id: self._breakpoints[key] for id, key in self.picture.keys.items() if key in self._breakpoints}

    def select(self, node_id: str | None, scroll: bool = True) -> None:
        """Select a step, and bring it into view. A step that is collapsed away is shown by the one it stands in."""
        self._asked = node_id
        node_id = self.picture.seen(node_id)
        if node_id != self.selected:
            self.selected = node_id
            self._repaint_rows(self._painter.select(node_id, self.picture.relations(node_id)))
        if scroll and node_id is not None:
            self._bring_into_view(node_id)

    def _show(self) -> None:
        self._draw()
        self._show_states()

    def _show_states(self) -> None:
        graph = self.picture.graph
        self._states = States(graph, self.run) if graph is not None and self.run is not None else None
        self._painter.states = self._states
        self._painter.forget_all()
        self._mark_critical_path()
        self.refresh_states()
        self.refresh()

    def _draw(self) -> None:
        """Lay the graph out, unless that has been done."""
        width = self.scrollable_content_region.width
        if not self.picture.draw(width):
            return
        drawing = self.drawing
        self._painter = Painter(drawing, self._style_of, width)
        self._painter.states = self._states
        self._painter.show_stops(self._nodes_of(self._stopped))
        self._painter.show_breakpoints(self._signs())
        self._painter.show_pins(self._pinned_nodes())
        self._mark_critical_path()
        self.selected = self.picture.seen(self._asked)
        self._painter.select(self.selected, self.picture.relations(self.selected))
        self.virtual_size = Size(drawing.width, drawing.height)
        self.refresh()
        if self.selected is not None:
            self.call_after_refresh(self._bring_into_view, self.selected)

    def _mark_critical_path(self) -> None:
        graph, states = self.picture.graph, self._states
        if self.marking and graph is not None and states is not None and states.run.is_over:
            self._painter.mark(critical_path(graph, states.records))
        else:
            self._painter.mark(frozenset())

    def _follow(self, changed: set[str]) -> None:
        """Bring the step into view that has failed, or else the one that began to run last."""
        if not self.following or self._states is None:
            return
        looks, records, boxes = self._states.looks, self._states.records, self.drawing.boxes
        begun = {
            id: (looks[id] == "failed", records[id].started or 0.0, boxes[id].y)
            for id in changed
            if id in records and id in boxes
        }
        if begun:
            self._bring_into_view(max(begun, key=begun.__getitem__))

    def _repaint(self, nodes: Iterable[str]) -> None:
        self._repaint_rows(self._painter.forget(*nodes))

    def _repaint_rows(self, rows: Iterable[int]) -> None:
        top = self.scroll_offset.y
        bottom = top + self.size.height
        for y in rows:
            if top <= y < bottom:
                self.refresh_line(y)

    def _turn_signs(self) -> None:
        """Keep the signs of running steps turning, as long as any of them does more than stand still."""
        running = self._is_anything_running()
        if running and self._turning is None:
            self._turning = self.set_interval(1 / TURNS, self._turn)
        elif not running and self._turning is not None:
            self._turning.stop()
            self._turning = None

    def _is_anything_running(self) -> bool:
        """Whether a step runs that has not stopped, nor only stands around those that have."""
        if self._states is None or self.picture.graph is None:
            return False
        running = self._states.running
        around = {self.picture.graph.node(id).parent for id in running}
        return not running <= (around | self._nodes_of(self._stopped))

    def _turn(self) -> None:
        if self._states is not None:
            self._repaint(self._states.running)
        self._turn_signs()

    def _bring_into_view(self, node_id: str) -> None:
        box = self.drawing.boxes.get(node_id)
        if box is None:
            return
        region = Region(box.x + self._painter.indent, box.y, box.width, box.height).grow((1, 0, 2, 0))
        self.scroll_to_region(region, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        scroll_x, scroll_y = self.scroll_offset
        if not self.drawing.height:
            return self._empty_line(y, width)
        if y + scroll_y >= self.drawing.height:
            return Strip.blank(width, self._painter.blank)
        strip = self.painted(y + scroll_y)
        if scroll_x == 0 and strip.cell_length == width:
            return strip
        return strip.crop_extend(scroll_x, scroll_x + width, self._painter.blank)

    def _empty_line(self, y: int, width: int) -> Strip:
        # before a flow has been read nobody knows that it has no steps
        words = empty_words() if self._was_shown else []
        at = y - max(0, (self.size.height - len(words)) // 2)
        text = words[at] if 0 <= at < len(words) else ""
        return Strip([Segment(text[:width].center(width), self._style_of("empty"))], width)

    def _style_of(self, name: str) -> Style:
        return self.get_component_rich_style(f"step-graph--{name}") if name else self.rich_style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget_all()

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        offset = self.scroll_offset
        x, y = event.x + offset.x - self._painter.indent, event.y + offset.y
        node_id = self.drawing.node_at(x, y)
        if node_id is not None:
            self._choose(node_id)
            if event.chain == 2:
                self.action_graph_open()
            elif self.drawing.sign_at(x, y):
                self.action_graph_toggle()

    def on_mouse_scroll_down(self) -> None:
        self.following = False

    def on_mouse_scroll_up(self) -> None:
        self.following = False

    def action_graph_down(self) -> None:
        self._move("down")

    def action_graph_up(self) -> None:
        self._move("up")

    def action_graph_left(self) -> None:
        self._move("left")

    def action_graph_right(self) -> None:
        self._move("right")

    def action_graph_first(self) -> None:
        self._choose(first(self.drawing))

    def action_graph_last(self) -> None:
        self._choose(last(self.drawing))

    def action_graph_failed(self) -> None:
        """Go to the next step that has failed, after the last to the first."""
        looks = self._states.looks if self._states is not None else {}
        order = list(self.drawing.boxes)
        start = order.index(self.selected) + 1 if self.selected is not None else 0
        failed = (id for id in order[start:] + order[:start] if looks.get(id) == "failed")
        self._choose(next(failed, None))

    def action_graph_open(self) -> None:
        """Go to the text of the selected step."""
        if self.selected is not None:
            self.post_message(self.Opened(self, self.selected, *self.picture.keys[self.selected]))

    def action_graph_toggle(self) -> None:
        """Show or hide what is inside the selected step."""
        if self.selected is None:
            return
        if self.picture.calls(self.selected):
            self.post_message(self.SubflowRequested(self, self.selected))
        elif self.picture.toggle(self.selected):
            self._draw()

    def action_graph_collapse_all(self) -> None:
        self.picture.collapse_all()
        self._draw()

    def action_graph_expand_all(self) -> None:
        self.picture.expand_all()
        self._draw()

    def action_graph_form(self) -> None:
        """Boxes, rail, or whatever suits the flow and the width."""
        self.picture.next_form()
        self._draw()

    def action_graph_critical(self) -> None:
        """Mark the steps that decided how long the run took, or don't."""
        self.marking = not self.marking
        self._mark_critical_path()
        self.refresh()

    def action_graph_follow(self) -> None:
        """Let the picture move along with the steps that run, or leave it where it is."""
        self.following = not self.following

    def _move(self, direction: Direction) -> None:
        self._choose(neighbour(self.drawing, self.selected, direction))

    def _choose(self, node_id: str | None) -> None:
        if node_id is not None:
            self.following = False
            self.select(node_id)
            self.post_message(self.Selected(self, node_id, *self.picture.keys[node_id]))
