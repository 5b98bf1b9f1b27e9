"""Gathers what the picture of a line depends on: text, folds, marks, and what lies over the text."""

from __future__ import annotations

from typing import Final, NamedTuple

from textual.widgets.text_area import Location, Selection

from flowlang_tui.widgets.code_editor.buffer import BreakpointMark, Buffer, RunState, Standing, Underline
from flowlang_tui.widgets.code_editor.folding import is_head
from flowlang_tui.widgets.code_editor.painting import Ground, Layer, Look, Sign

_STATE_SIGNS: Final[dict[RunState, Sign]] = {
    "running": Sign("▶", "running"),
    "retrying": Sign("↻", "running"),
    "failed": Sign("✗", "failed"),
    "cancelled": Sign("■", "failed"),
    "unknown": Sign("?", "failed"),
    "succeeded": Sign("✓", "succeeded"),
    "skipped": Sign("⊘", "skipped"),
}
_PROBLEM_SIGNS: Final = {
    "error": Sign("✗", "error-sign"),
    "warning": Sign("!", "warning-sign"),
    "info": Sign("i", "info-sign"),
}
_BREAKPOINT_SIGNS: Final[dict[BreakpointMark, Sign]] = {
    "plain": Sign("●", "breakpoint"),
    "conditional": Sign("◆", "breakpoint"),
    "log": Sign("◇", "breakpoint"),
    "off": Sign("○", "skipped"),
}
_STANDING_SIGNS: Final[dict[Standing, Sign]] = {
    "here": Sign("➤", "stopped"),
    "other": Sign("➤", "stopped"),
    "past": Sign("↶", "stopped"),
}
_NO_SIGN: Final = Sign()


class Shown(NamedTuple):
    """How a buffer is shown: selection, cursor and the part of the lines that is on the screen."""

    selection: Selection
    bracket: Location | None
    has_focus: bool
    marks_cursor_line: bool
    number_width: int
    scroll: int
    width: int


def look_of(buffer: Buffer, row: int, shown: Shown) -> Look:
    """The look of a line; rows count from 0."""
    text = buffer.document.lines[row]
    folded = buffer.view.folds.folded(row)
    last = row if folded is None else folded.last
    layers, beyond = _layers(buffer, row, len(text), shown)
    return Look(
        text,
        (buffer.language.name, buffer.highlighter.state(row)),
        f"{row + 1:>{shown.number_width}}",
        (_breakpoint(buffer, row), _mark(buffer, row, last), _fold(buffer, row, folded is not None)),
        _ground(buffer, row, shown),
        layers,
        beyond,
        "" if folded is None else f" ⋯ {last - row} line{'s' * (last - row > 1)}",
        shown.scroll,
        shown.width,
    )


def _ground(buffer: Buffer, row: int, shown: Shown) -> Ground:
    """What lies under a line: where a run stands counts more than where the cursor is."""
    if buffer.standings.get(row) in ("here", "past"):
        return "stopped"
    return "cursor" if shown.marks_cursor_line and row == shown.selection.end[0] else ""


def _breakpoint(buffer: Buffer, row: int) -> Sign:
    mark = buffer.breakpoints.get(row)
    return _NO_SIGN if mark is None else _BREAKPOINT_SIGNS[mark]


def _fold(buffer: Buffer, row: int, folded: bool) -> Sign:
    if folded:
        return Sign("▸", "operator")
    return Sign("▾", "fold") if is_head(buffer.document.lines, row) else _NO_SIGN


def _mark(buffer: Buffer, row: int, last: int) -> Sign:
    """Where a run stands, an error, what the step did, or a lesser problem; those that are folded away count too."""
    standing = buffer.standings.get(row)
    if standing is not None:
        return _STANDING_SIGNS[standing]
    underlines = buffer.underlines_at(row)
    if last > row:
        underlines = [each for each in buffer.underlines if row <= each.start[0] <= last]
    problem = _worst(underlines)
    state = buffer.states.get(row)
    if problem == _PROBLEM_SIGNS["error"] or state is None:
        return problem
    return _STATE_SIGNS.get(state, problem)


def _worst(underlines: list[Underline]) -> Sign:
    severities = {underline.problem.severity for underline in underlines}
    return next((sign for severity, sign in _PROBLEM_SIGNS.items() if severity in severities), _NO_SIGN)


def _layers(buffer: Buffer, row: int, length: int, shown: Shown) -> tuple[tuple[Layer, ...], str]:
    """What lies over the tokens of a line, and the style of the cell behind it."""
    layers: list[Layer] = []
    for problem, start, end in reversed(buffer.underlines_at(row)):
        layers.append((problem.severity, start[1], end[1] if end[0] == row else length))
    for match in buffer.matches.get(row, ()):
        layers.append(("current-match" if match == buffer.current_match else "match", match.start, match.end))
    beyond = ""
    selection, cursor = shown.selection, shown.selection.end
    (top_row, top), (bottom_row, bottom) = sorted(selection)
    if top_row <= row <= bottom_row and not selection.is_empty:
        layers.append(("selection", top if row == top_row else 0, bottom if row == bottom_row else length))
        beyond = "selection" if row < bottom_row else ""
    if shown.bracket is not None and selection.is_empty:
        layers += [("bracket", column, column + 1) for at, column in (shown.bracket, cursor) if at == row]
    if shown.has_focus and row == cursor[0]:
        layers.append(("cursor", cursor[1], cursor[1] + 1))
        beyond = "cursor" if cursor[1] >= length else beyond
    return tuple(layers), beyond
