"""The breakpoints of the project, flow by flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.message import Message

from flowlang_tui.inert import inert
from flowlang_tui.panes.debug_list import ListPane
from flowlang_tui.session.debugging_points import Mark, mark_of
from flowlang_tui.widgets.line_view import Piece

if TYPE_CHECKING:
    from flowlang.debugger import Breakpoint

#: The sign of each kind, as beside the text and in the graph.
SIGNS: Final[dict[Mark, str]] = {"plain": "●", "conditional": "◆", "log": "◇", "off": "○"}

EMPTY: Final = """\
No breakpoints.

alt+B  sets one at the step
       under the cursor
b      does in the graph"""


class BreakpointsPane(ListPane["Breakpoint"]):
    """A list to go to breakpoints, switch them and change when they stop."""

    title = "Breakpoints"

    class Asked(Message):
        """Something is to be done with a breakpoint: `toggle`, `edit`, `delete` or `open`."""

        def __init__(self, what: str, point: Breakpoint) -> None:
            super().__init__()
            self.what = what
            self.point = point

    def __init__(self, *, id: str = "breakpoints") -> None:
        super().__init__(id=id)

    def show(self, points: Iterable[Breakpoint], known: Mapping[str, frozenset[str]]) -> None:
        """Show breakpoints. `known` has the addresses of the steps of each flow that was checked."""
        flows: dict[str, list[Breakpoint]] = {}
        for point in points:
            flows.setdefault(point.flow, []).append(point)
        rows: list[tuple[Breakpoint | None, list[Piece]]] = []
        for flow, here in sorted(flows.items()):
            rows.append((None, [(inert(flow or "every flow"), "heading")]))
            steps = known.get(flow)
            for point in here:
                lost = steps is not None and not any(point.fits(step) for step in steps)
                rows.append((point, _line(point, lost)))
        self.badge = str(len(rows) - len(flows)) if rows else ""
        self.show_rows(rows)

    def empty(self) -> str:
        return EMPTY

    def about(self, row: Breakpoint) -> tuple[str, str]:
        return f"{Path(row.flow).name}: {row.step} {words_of(row)}".strip(), "a breakpoint"

    def action_debug_open(self) -> None:
        self._ask("open")

    def action_debug_toggle(self) -> None:
        self._ask("toggle")

    def action_debug_edit(self) -> None:
        self._ask("edit")

    def action_debug_delete(self) -> None:
        self._ask("delete")

    def _ask(self, what: str) -> None:
        if self.current is not None:
            self.post_message(self.Asked(what, self.current))


def words_of(point: Breakpoint) -> str:
    """When a breakpoint stops, in a few words."""
    words: list[str] = [] if point.when == "before" else [point.when]
    if point.statement:
        words.append(f"`{point.statement}`")
    if point.condition:
        words.append(f"if {point.condition}")
    if point.hits:
        words.append(f"hit {point.hits}")
    if point.log is not None:
        words.append(f"logs {point.log}")
    return ", ".join(words)


def _line(point: Breakpoint, lost: bool) -> list[Piece]:
    mark = mark_of([point])
    faint = mark == "off" or lost
    told = "no such step" if lost else words_of(point)
    sign = (f"{SIGNS[mark]} ", "muted" if faint else "point")
    return [
        sign,
        ("any step" if point.step == "*" else inert(point.step), "muted" if faint else "plain"),
        (f"  {inert(told)}", "muted"),
    ]
