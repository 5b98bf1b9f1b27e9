"""The breakpoints of the project, flow by flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.message import Message

from flowlang_tui.inert import inert
from flowlang_tui.panes.debug_list import ListPane
from flowlang_tui.session.debugging_points import Mark, mark_of

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
        rows: list[tuple[Breakpoint | None, Content]] = []
        for flow, here in sorted(flows.items()):
            rows.append((None, Content.styled(inert(flow or "every flow"), "$text-primary")))
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


def _line(point: Breakpoint, lost: bool) -> Content:
    mark = mark_of([point])
    sign = (f"{SIGNS[mark]} ", "$text-muted" if mark == "off" or lost else "$text-error")
    told = "no such step" if lost else words_of(point)
    return Content.assemble(
        sign, (inert(point.step), "$text-muted" if mark == "off" or lost else ""), (f"  {inert(told)}", "$text-muted")
    )
