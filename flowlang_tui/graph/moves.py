"""From one step of a drawing to the next in a direction, for the arrow keys."""

from __future__ import annotations

from typing import Literal

from flowlang_tui.graph.drawing import Box, Drawing

Direction = Literal["up", "down", "left", "right"]


def neighbour(drawing: Drawing, node: str | None, direction: Direction) -> str | None:
    """The step that a step back from `node` leads to; `node` itself at the edge, the first step for None."""
    boxes = drawing.boxes
    if node is None or node not in boxes:
        return first(drawing)
    if drawing.is_rail:
        return _on_rail(drawing, node, direction)
    here = boxes[node]
    ranked = [
        (distance, number, id)
        for number, (id, box) in enumerate(boxes.items())
        if id != node and (distance := _distance(here, box, direction)) is not None
    ]
    return min(ranked)[2] if ranked else node


def first(drawing: Drawing) -> str | None:
    """The step at the top."""
    return min(drawing.boxes, key=lambda id: (drawing.boxes[id].y, drawing.boxes[id].x), default=None)


def last(drawing: Drawing) -> str | None:
    """The step at the bottom."""
    return max(drawing.boxes, key=lambda id: (drawing.boxes[id].y, drawing.boxes[id].x), default=None)


def _distance(here: Box, there: Box, direction: Direction) -> tuple[int, int] | None:
    """How far `there` is away, and how far from the middle; None if it is in another direction."""
    if direction in ("up", "down"):
        ahead = there.y - here.bottom if direction == "down" else here.y - there.bottom
        aside = _gap(here.x, here.right, there.x, there.right)
        off = abs(there.middle[0] - here.middle[0])
        weight = 2
    else:
        ahead = there.x - here.right if direction == "right" else here.x - there.right
        aside = _gap(here.y, here.bottom, there.y, there.bottom)
        off = abs(there.middle[1] - here.middle[1])
        weight = 8
    return (ahead + weight * aside, off) if ahead > 0 else None


def _gap(start: int, end: int, other_start: int, other_end: int) -> int:
    return max(0, other_start - end, start - other_end)


def _on_rail(drawing: Drawing, node: str, direction: Direction) -> str:
    """Up and down by rows; left to what a step stands in, right to the first step inside."""
    order = list(drawing.boxes)
    place = order.index(node)
    depth = drawing.boxes[node].x
    if direction == "left":
        around = (id for id in reversed(order[:place]) if drawing.boxes[id].x < depth)
        return next(around, node)
    step = -1 if direction == "up" else 1
    other = order[min(max(place + step, 0), len(order) - 1)]
    if direction == "right" and drawing.boxes[other].x <= depth:
        return node
    return other
