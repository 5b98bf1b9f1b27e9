"""Where the run stands: the steps that have stopped, and what the chosen one stands in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.message import Message

from flowlang_tui.graph.states import KINDS, STOPPED
from flowlang_tui.inert import inert
from flowlang_tui.panes.debug_list import ListPane
from flowlang_tui.session.debugging import Sight
from flowlang_tui.session.debugging_past import Moment
from flowlang_tui.widgets.line_view import Piece

if TYPE_CHECKING:
    from flowlang.debugger import StackFrame

    Row = Sight | StackFrame

#: Why a step stands, in a word.
_REASONS: Final = {
    "breakpoint": "breakpoint",
    "step": "",
    "pause": "paused",
    "error": "error",
    "statement": "",
}


class StackPane(ListPane["Row"]):
    """The stops, and below the chosen one its stack: the step itself, the loops, branches and calls around it."""

    title = "Stack"

    class StopChosen(Message):
        """Another stop was chosen."""

        def __init__(self, sight: Sight) -> None:
            super().__init__()
            self.sight = sight

    class CallChosen(Message):
        """The values that a step of the stack sees are asked for, so many calls of subflows further up."""

        def __init__(self, calls: int) -> None:
            super().__init__()
            self.calls = calls

    def __init__(self, *, id: str = "stack") -> None:
        super().__init__(id=id)
        self._runs = False
        self._reads = False

    def show(self, sights: Iterable[Sight], chosen: Sight | None, *, runs: bool) -> None:
        """Show where the run stands. `runs` says whether there is one that goes on."""
        self._runs, self._reads = runs, False
        rows: list[tuple[Row | None, list[Piece]]] = []
        selected = None
        for sight in sights:
            here = chosen is not None and sight.stop.id == chosen.stop.id
            if here:
                selected = len(rows)
            rows.append((sight, _stop_line(sight, here)))
            if here:
                rows.append((None, [(f"  {_why(sight)}", "muted")]))
                rows += [(frame, _frame_line(frame)) for frame in sight.stop.stack[1:]]
        before = self.current
        stays = isinstance(before, Sight) and chosen is not None and before.stop.id == chosen.stop.id
        self.show_rows(rows, None if stays else selected)

    def show_reading(self) -> None:
        """Show that a recorded run is being read."""
        self._reads = True
        self.show_rows([])

    def show_past(self, moment: Moment) -> None:
        """Show where the run stood earlier."""
        rows: list[tuple[Row | None, list[Piece]]] = []
        for at, frame in enumerate(moment.stack):
            pieces = _frame_line(frame)
            rows.append((frame, [("↶ ", "stopped"), (inert(moment.past.path), "stopped")] if at == 0 else pieces))
            if at == 0:
                rows.append((None, [(f"  as it was, step {moment.position + 1:,} of {moment.total:,}", "muted")]))
        self.show_rows(rows, 0)

    def empty(self) -> str:
        if self._reads:
            return "Reading what the run did…"
        if self._runs:
            return "The run goes on.\n\np  stops it at the next step\n^t  cancels it"
        return "Nothing runs.\n\n^r  runs the flow\n^b  b  sets a breakpoint\n^b  d  stops at the start"

    def about(self, row: Row) -> tuple[str, str]:
        return (row.stop.path if isinstance(row, Sight) else row.path), "the path of a step"

    def action_debug_open(self) -> None:
        row = self.current
        if isinstance(row, Sight):
            self.post_message(self.StopChosen(row))
            self.post_message(self.PlaceAsked(row.stop.file, row.stop.line))
        elif row is not None:
            self.post_message(self.CallChosen(row.call))
            self.post_message(self.PlaceAsked(row.file, row.line))


def _stop_line(sight: Sight, chosen: bool) -> list[Piece]:
    path = inert(sight.stop.path)
    if chosen:
        return [(f"{STOPPED} ", "stopped"), (path, "stopped")]
    return [("‖ ", "stopped"), (path, "stopped"), (f"  {_why(sight)}", "muted")]


def _why(sight: Sight) -> str:
    return ", ".join(word for word in (sight.when, _REASONS[sight.stop.reason]) if word)


def _frame_line(frame: StackFrame) -> list[Piece]:
    sign = KINDS.get(frame.kind, "·")
    of = "" if frame.length is None else f" of {frame.length}"
    turn = "" if frame.index is None else f"  {frame.index + 1}{of}"
    file = "" if frame.file is None else Path(frame.file).name
    place = f"  {file}:{frame.line}" if frame.call else f"  :{frame.line}"
    return [(f"  {sign} ", "muted"), (inert(frame.step_id), "plain"), (turn, "accent"), (inert(place), "muted")]
