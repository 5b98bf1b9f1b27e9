"""A flow's graph as a drawing in the cells of a terminal. Nothing in here knows how it gets to the screen."""

from __future__ import annotations

from flowlang_tui.graph.addresses import keys_of
from flowlang_tui.graph.compose import layout
from flowlang_tui.graph.critical import critical_path
from flowlang_tui.graph.drawing import Box, Drawing, Role, Run
from flowlang_tui.graph.moves import Direction, neighbour
from flowlang_tui.graph.nest import nested
from flowlang_tui.graph.paint import Look, States
from flowlang_tui.graph.picture import Picture
from flowlang_tui.graph.rail import rail

__all__ = [
    "Box",
    "Direction",
    "Drawing",
    "Look",
    "Picture",
    "Role",
    "Run",
    "States",
    "critical_path",
    "keys_of",
    "layout",
    "neighbour",
    "nested",
    "rail",
]
