"""From the rows of a drawing to what the terminal shows: states, selection and highlights go over it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from flowlang_tui.graph import Drawing, Look, Run, States
from flowlang_tui.graph.cells import cells, cut, filled, flush_right
from flowlang_tui.graph.states import PINNED, SIGNS, SPINNER, STOPPED, badge

#: Finds the style of a component class, named without the `step-graph--` before it; for "" that of the widget.
StyleOf = Callable[[str], Style]

#: How the border of the selected step is drawn, and that of the steps that a run's length came from.
HEAVY: Final = str.maketrans("╭╮╰╯─│├┤┬┴┼", "┏┓┗┛━┃┡┩┯┷┿")
DOUBLE: Final = str.maketrans("╭╮╰╯─│├┤┬┴┼", "╔╗╚╝═║╠╣╤╧╪")

_TAKEN: Final = frozenset({"stopped", "running", "retrying", "succeeded", "failed", "cancelled", "unknown"})
_FAINT: Final = frozenset({"skipped", "missed"})

#: How many pictures of a running step follow each other in a second.
TURNS: Final = 8


class Painter:
    """Paints rows of a drawing, each once until something in it changes."""

    def __init__(self, drawing: Drawing, style_of: StyleOf, width: int) -> None:
        self.drawing = drawing
        #: The cells before a drawing that is narrower than the space for it.
        self.indent = max(0, (width - drawing.width) // 2)
        self.width = max(width, drawing.width)
        self.states: States | None = None
        self.selected: str | None = None
        self.related: Mapping[str, str] = {}
        self.critical: frozenset[str] = frozenset()
        #: The steps at which the run stands still.
        self.stopped: frozenset[str] = frozenset()
        #: The signs of breakpoints, by node.
        self.breakpoints: Mapping[str, str] = {}
        #: The nodes of pinned steps.
        self.pinned: frozenset[str] = frozenset()
        self._style_of = style_of
        self._styles: dict[tuple[str, ...], Style] = {}
        self._strips: dict[int, Strip] = {}

    @property
    def blank(self) -> Style:
        """The style of cells with nothing on them."""
        return self._one("")

    def row(self, y: int) -> Strip:
        """A row of the drawing, from the left to the right end of the space for it."""
        strip = self._strips.get(y)
        if strip is None:
            row = self.drawing.row(y)
            segments = [Segment(" " * self.indent, self.blank)] if self.indent else []
            for run in row:
                segments += self._paint(run)
            missing = self.width - self.indent - sum(run.width for run in row)
            segments.append(Segment(" " * missing, self.blank))
            strip = self._strips[y] = Strip(segments, self.width)
        return strip

    def select(self, node: str | None, related: Mapping[str, str]) -> set[int]:
        """Show a node as the selected one, and what others have to do with it; give back the rows that change."""
        before = (self.selected, *self.related)
        self.selected, self.related = node, related
        return self.forget(*before, node, *related)

    def mark(self, critical: frozenset[str]) -> None:
        """Show these nodes as those that a run's length came from."""
        self.forget(*(self.critical ^ critical))
        self.critical = critical

    def show_stops(self, stopped: frozenset[str]) -> set[int]:
        """Show these nodes as those at which the run stands still; give back the rows that change."""
        changed = self.stopped ^ stopped
        self.stopped = stopped
        return self.forget(*changed)

    def show_breakpoints(self, signs: Mapping[str, str]) -> None:
        """Show the signs of breakpoints on their nodes."""
        self.forget(*self.breakpoints, *signs)
        self.breakpoints = signs

    def show_pins(self, nodes: frozenset[str]) -> None:
        """Show these nodes as pinned."""
        self.forget(*(self.pinned ^ nodes))
        self.pinned = nodes

    def forget(self, *nodes: str | None) -> set[int]:
        """Paint anew what belongs to these nodes; give back the rows."""
        rows = {y for node in nodes if node for y in self.drawing.rows_of.get(node, ())}
        for y in rows:
            self._strips.pop(y, None)
        return rows

    def forget_all(self) -> None:
        """Paint everything anew, with the styles that the theme has now."""
        self._strips.clear()
        self._styles.clear()

    def _paint(self, run: Run) -> list[Segment]:
        role, node, text = run.role, run.node, run.text
        look = self._look(node)
        match role:
            case "":
                return [Segment(text, self.blank)]
            case "sign":
                return [Segment(self._sign(text, look), self._style("label", look, node))]
            case "label":
                style = self._style("label", look, node)
                if not self.drawing.is_rail:
                    return [Segment(text, style)]
                if node in self.breakpoints:
                    sign = Segment(self.breakpoints[node], self._style("breakpoint", None, node))
                    return [sign, Segment(text[1:], style)]
                return [Segment(self._marked(text, node), style)]
            case "detail":
                if self.drawing.is_rail and node in self.related:
                    return [Segment(filled(f"  {self.related[node]}", run.width), self._one("related"))]
                return [Segment(text, self._style("detail", look if look in _FAINT else None, node))]
            case "badge":
                return [Segment(flush_right(self._said(node, run.width), run.width), self._style("badge", look, node))]
            case "box":
                return self._border(run, look)
            case "edge":
                taken = "taken" if look in _TAKEN else "missed" if look in _FAINT else "edge"
                return [Segment(text, self._one(taken))]
            case "frame":
                return [Segment(text, self._style("frame", look if look in _FAINT else None, node))]
            case _:
                return [Segment(text, self._style(role, look if look in _FAINT else None, node))]

    def _border(self, run: Run, look: Look | None) -> list[Segment]:
        style = self._style("box", look, run.node)
        text = run.text
        if run.node == self.selected:
            text = text.translate(HEAVY)
        elif run.node in self.critical:
            text = text.translate(DOUBLE)
        if run.text[0] == "╭":
            return self._top(text, style, run)
        if run.text[0] == "╰" and run.node not in self.drawing.with_badge:
            # the box has no room for its badge, but its border may have
            port = max(run.text.find("┬"), 1)
            words = self._said(run.node, run.width - port - 3)
            if words:
                start = run.width - cells(words) - 3
                return _inlaid(text, style, start, f" {words} ", self._style("badge", look, run.node))
        return [Segment(text, style)]

    def _top(self, text: str, style: Style, run: Run) -> list[Segment]:
        """The upper border of a box, with its breakpoint and what it has to do with the selected step."""
        point = self.breakpoints.get(run.node)
        corner, rest = [Segment(text[:2], style)], [Segment(text[2:], style)]
        if point is not None:
            corner = [Segment(text[:1], style), Segment(point, self._one("breakpoint"))]
        if run.node in self.related and run.width > 6:
            words = f" {cut(self.related[run.node], run.width - 5)} "
            rest = _inlaid(text[2:], style, 0, words, self._one("related"))
        if run.node in self.pinned:
            last = rest[-1]
            rest[-1] = Segment(f"{last.text[:-2]}{PINNED}{last.text[-1:]}", last.style)
        return corner + rest

    def _look(self, node: str) -> Look | None:
        if node in self.stopped:
            return "stopped"
        return self.states.looks.get(node) if self.states is not None else None

    def _sign(self, text: str, look: Look | None) -> str:
        if look is None:
            return text
        if look == "stopped":
            return STOPPED
        if look == "running":
            return SPINNER[int(time() * TURNS) % len(SPINNER)]
        return "·" if look == "missed" else SIGNS[look]

    def _marked(self, text: str, node: str) -> str:
        """The id of a step with a mark before it, where there is no border that could tell."""
        other = "▸" if node == self.selected else "║" if node in self.critical else ""
        mark = PINNED if node in self.pinned else other
        return mark + text[1:] if mark else text

    def _said(self, node: str, width: int) -> str:
        """What a badge of this width says."""
        if self.states is None:
            return ""
        return badge(self.states.records.get(node), width, time(), self.states.run.stood_seconds())

    def _style(self, role: str, look: Look | None, node: str) -> Style:
        names = [role]
        if look is not None:
            names.append(look)
        if node and node in self.critical and role in ("box", "label"):
            names.append("critical")
        if node and node == self.selected:
            names.append("row" if self.drawing.is_rail else "selected")
        return self._one(*names)

    def _one(self, *names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = self._styles[names] = Style.combine([self._style_of(name) for name in names])
        return style


def _inlaid(border: str, style: Style, start: int, words: str, words_style: Style) -> list[Segment]:
    """A border with words in it."""
    end = start + cells(words)
    return [Segment(border[:start], style), Segment(words, words_style), Segment(border[end:], style)]
