"""All that the editor keeps for one open file: text, undo history, cursor, scroll position, folds, marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

from textual.geometry import Offset
from textual.widgets.text_area import EditHistory, Location, Selection

from flowlang.language.diagnostics import Diagnostic
from flowlang_tui.widgets.code_editor.document import Change, CodeDocument
from flowlang_tui.widgets.code_editor.folding import head_before, indent_of
from flowlang_tui.widgets.code_editor.languages import TEXT, Language
from flowlang_tui.widgets.code_editor.lexer import Highlighter
from flowlang_tui.widgets.code_editor.view import FoldedNavigator, FoldedView

RunState = Literal["pending", "running", "retrying", "succeeded", "failed", "skipped", "cancelled", "unknown"]

#: What the breakpoint of a line is: plain, one with a condition, one that only logs, or one that is switched off.
BreakpointMark = Literal["plain", "conditional", "log", "off"]

#: Why a line is pointed at: the run that is looked at stands here, another branch does, or it stood here earlier.
Standing = Literal["here", "other", "past"]

_Mark = TypeVar("_Mark")

#: So many undo steps are kept for a file.
_MAX_UNDO = 1000


class Underline(NamedTuple):
    """A problem where it is now, after edits that its check hasn't seen."""

    problem: Diagnostic
    start: Location
    end: Location


class Match(NamedTuple):
    """A place that a search found, within one line."""

    row: int
    start: int
    end: int


class Buffer:
    """One open file in the editor. Rows count from 0 in here."""

    def __init__(self, text: str = "", language: Language = TEXT) -> None:
        self.language = language
        self.document = CodeDocument(text)
        self.view = FoldedView(self.document)
        self.navigator = FoldedNavigator(self.view)
        self.highlighter = Highlighter(language.lexer(), self.document.lines)
        self.history = EditHistory(max_checkpoints=_MAX_UNDO, checkpoint_timer=2.0, checkpoint_max_characters=100)
        self.selection = Selection()
        self.scroll = Offset()
        self.read_only = False
        self.underlines: list[Underline] = []
        self.breakpoints: dict[int, BreakpointMark] = {}
        self.standings: dict[int, Standing] = {}
        self.states: dict[int, RunState] = {}
        self.matches: dict[int, list[Match]] = {}
        self.current_match: Match | None = None
        #: Lines that look different since `take_dirty` was called last; None for all below the first.
        self._dirty: tuple[int, int | None] | None = None
        self.document.changed = self._changed
        self._by_row: dict[int, list[Underline]] = {}

    def set_problems(self, problems: Sequence[Diagnostic]) -> None:
        """The problems that the latest check found; those without a place in the text aren't shown in it."""
        self._set_underlines([_underline(problem) for problem in problems if problem.line > 0])

    def set_breakpoints(self, lines: Mapping[int, BreakpointMark]) -> None:
        """Lines from 1, each with what its breakpoint is."""
        self.breakpoints = {line - 1: mark for line, mark in lines.items()}

    def set_standings(self, lines: Mapping[int, Standing]) -> None:
        """Lines from 1 at which a run stands still."""
        self.standings = {line - 1: standing for line, standing in lines.items()}

    def set_states(self, lines: Mapping[int, RunState]) -> None:
        """Lines from 1, each with what its step did in the run that is shown."""
        self.states = {line - 1: state for line, state in lines.items()}

    def set_matches(self, matches: Sequence[Match], current: Match | None) -> None:
        """What a search found."""
        self.matches = {}
        for match in matches:
            self.matches.setdefault(match.row, []).append(match)
        self.current_match = current

    def underlines_at(self, row: int) -> list[Underline]:
        """The problems that begin in a line, the worst first."""
        return self._by_row.get(row, [])

    def _soil(self, first: int, last: int | None) -> None:
        if self._dirty is not None:
            first = min(first, self._dirty[0])
            last = None if last is None or self._dirty[1] is None else max(last, self._dirty[1])
        self._dirty = first, last

    def _set_underlines(self, underlines: list[Underline]) -> None:
        self.underlines = sorted(underlines, key=lambda underline: underline.start)
        self._by_row = {}
        for underline in self.underlines:
            self._by_row.setdefault(underline.start[0], []).append(underline)
        for found in self._by_row.values():
            found.sort(key=lambda underline: ("error", "warning", "info").index(underline.problem.severity))

    def take_dirty(self) -> tuple[int, int | None] | None:
        """The first and the last line that look different since the last call, None for a last that is not known."""
        dirty, self._dirty = self._dirty, None
        return dirty

    def _changed(self, change: Change) -> None:
        first, old_last, new_last = change.top[0], change.bottom[0], change.end[0]
        last = self.highlighter.edited(first, old_last, new_last)
        if self.matches:
            self._soil(0, None)
        in_line = first == old_last == new_last and change.top[1] > indent_of(self.document.lines[first]) + 1
        above = first if in_line else head_before(self.document.lines, first)
        self._soil(above, last if new_last == old_last else None)
        self.view.folds.edited(first, old_last, new_last)
        self.matches = {}
        self.current_match = None
        if self.underlines:
            moved = [
                (problem, moved_by(change, start), moved_by(change, end)) for problem, start, end in self.underlines
            ]
            self._set_underlines([Underline(*each) for each in moved if each[1] < each[2]])
        if new_last != old_last:
            self.breakpoints = _moved_rows(change, self.breakpoints)
            self.states = _moved_rows(change, self.states)
            self.standings = _moved_rows(change, self.standings)


def moved_by(change: Change, location: Location) -> Location:
    """Where a location is after a change; what was inside of the replaced text is at its end."""
    top, bottom, end = change
    if location <= top:
        return location
    if location < bottom:
        return end
    row, column = location
    return row + end[0] - bottom[0], column + end[1] - bottom[1] if row == bottom[0] else column


def _moved_rows(change: Change, marks: Mapping[int, _Mark]) -> dict[int, _Mark]:
    """Marks of lines, moved with their lines; those of lines that are gone are dropped."""
    top, bottom, end = change
    pushed_down = top == bottom and top[1] == 0
    moved = {}
    for row, mark in marks.items():
        if row < top[0] or (row == top[0] and not pushed_down):
            moved[row] = mark
        elif row >= bottom[0]:
            moved.setdefault(row + end[0] - bottom[0], mark)
    return moved


def _underline(problem: Diagnostic) -> Underline:
    line, column, end_line, end_column = problem.span
    start = (line - 1, max(0, column - 1))
    end = (end_line - 1, end_column - 1)
    return Underline(problem, start, end if end > start else (start[0], start[1] + 1))
