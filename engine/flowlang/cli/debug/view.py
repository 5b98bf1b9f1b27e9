"""What the prompt shows: the source around a stop, the stack, the names with their values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from time import time
from typing import Any, Final

from flowlang.cli.columns import Cell, columns
from flowlang.cli.excerpt import lines_of
from flowlang.cli.failure import shown_path
from flowlang.cli.readable import readable
from flowlang.cli.terminal import Palette, cut, inert, one_line, width
from flowlang.debugger import Breakpoint, Change, Past, QueryAnswer, Scope, StackFrame, Stop
from flowlang.values import to_json

#: How many lines before and after the current one are shown at a stop.
AROUND: Final = 3

#: How many cells a line has at most, and where no terminal says.
_WIDEST: Final = 120
_UNKNOWN: Final = 100
_WHEN: Final = {
    "before": "before it runs",
    "after": "after it ran",
    "error": "where it failed",
    "statement": "between its statements",
}


class Sources:
    """The texts of the flows, as they were when they were first shown."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def of(self, file: str | None) -> list[str]:
        """The lines of a file; none of a flow without one."""
        if file is None:
            return []
        if file not in self._lines:
            self._lines[file] = lines_of(file)
        return self._lines[file]

    def forget(self, file: str) -> None:
        """The run takes the file as it is now."""
        self._lines.pop(file, None)


def source(
    lines: list[str], first: int, last: int, current: int | None, marked: Iterable[int], palette: Palette
) -> Iterator[str]:
    """The lines from `first` to `last` with their numbers; the current one and those with a breakpoint have a sign."""
    first, last = max(first, 1), min(last, len(lines))
    room = len(str(last))
    points = set(marked)
    for number in range(first, last + 1):
        text = cut(one_line(lines[number - 1]), cells() - room - 4)
        sign = palette.bad("●") if number in points else " "
        arrow = palette.strong("→") if number == current else " "
        shown = palette.strong(text) if number == current else text
        yield f"{sign}{arrow} {palette.faint(str(number).rjust(room))} {shown}".rstrip()


def stop_line(stop: Stop, palette: Palette) -> str:
    """Where the run stands, and why."""
    why = {"pause": "paused", "error": "an error", "step": ""}.get(stop.reason, stop.reason)
    if stop.breakpoint is not None and stop.breakpoint.condition is not None:
        why += f" if {one_line(stop.breakpoint.condition)}"
    facts = [_WHEN[stop.when], *([f"attempt {stop.attempt}"] if stop.attempt > 1 else []), *([why] if why else [])]
    place = f"{shown_path(stop.file)}:{stop.line}"
    return f"{palette.faint(place)} {palette.strong(one_line(stop.path))}  {', '.join(facts)}"


def stop_lines(stop: Stop, palette: Palette) -> Iterator[str]:
    """Where the run stands, why, and what is known there."""
    yield stop_line(stop, palette)
    if stop.transaction is not None:
        yield from _transaction(stop.transaction, stop.deadline, palette)
    elif stop.when == "statement" and stop.statement:
        yield f"  {palette.faint('statement')} {_one(stop.statement)}"
        if stop.params:
            yield f"  {palette.faint('with')} {_json(stop.params)}"
    if stop.problem is not None:
        yield f"  {palette.bad('its inputs')} {_one(stop.problem)}"
    elif stop.inputs:
        yield f"  {palette.faint('inputs')} {_json(stop.inputs)}"
    if stop.when == "after":
        yield f"  {palette.faint('gave')} {_json(stop.result)}"
    if stop.error is not None:
        yield f"  {palette.bad(_one(str(stop.error.get('type'))))} {_one(str(stop.error.get('message')))}"


def past_lines(past: Past, length: int, palette: Palette) -> Iterator[str]:
    """An earlier step, and what became of it."""
    record = past.record
    place = f"{shown_path(past.file)}:{past.line}"
    number = palette.warn(f"step {past.position + 1} of {length}")
    yield f"{palette.faint(place)} {palette.strong(one_line(past.path))}  {number}, {record.status}"
    if past.inputs:
        yield f"  {palette.faint('inputs')} {_json(past.inputs)}"
    if record.error is not None:
        yield f"  {palette.bad(_one(str(record.error.get('type'))))} {_one(str(record.error.get('message')))}"
    elif past.result is not None:
        yield f"  {palette.faint('gave')} {_json(past.result)}"


def _transaction(transaction: Mapping[str, Any], deadline: float | None, palette: Palette) -> Iterator[str]:
    of = "" if transaction["total"] is None else f" of {transaction['total']}"
    where = f"before statement {transaction['number']}{of}" if transaction["statement"] else "before the commit"
    left = "" if deadline is None else f", rolled back in {max(0, deadline - time()):.0f} s unless you go on"
    yield f"  {palette.warn('open transaction')} {where}{left}"
    if transaction["statement"]:
        yield f"  {palette.faint('next')} {_one(transaction['statement'])}"
        if transaction["params"]:
            yield f"  {palette.faint('with')} {_json(transaction['params'])}"


def stack_lines(stack: Iterable[StackFrame], calls: int, palette: Palette) -> list[str]:
    """The stack, the stopped step first; the flow that is looked at has a sign."""
    rows = []
    for frame in stack:
        iteration = ""
        if frame.index is not None:
            iteration = f"[{frame.index}]" if frame.length is None else f"{frame.index + 1} of {frame.length}"
        rows.append(
            [
                Cell("→" if frame.call == calls else " "),
                Cell(one_line(frame.step_id), palette.strong),
                Cell(frame.kind),
                Cell(iteration),
                Cell(f"{shown_path(frame.file)}:{frame.line}", palette.faint),
            ]
        )
    return columns(rows)


def scope_lines(scope: Scope, palette: Palette) -> Iterator[str]:
    """The names that can be read, in their groups, each with its value in a line."""
    for group in scope.groups:
        if not group.variables:
            continue
        yield palette.strong(one_line(group.title))
        room = cells() - max(width(one_line(variable.name)) for variable in group.variables) - 4
        rows = []
        for variable in group.variables:
            status = "" if variable.status in (None, "succeeded") else f"({variable.status})"
            value = cut(one_line(to_json(variable.value)), room - len(status) - 2 if status else room)
            rows.append([Cell(f"  {one_line(variable.name)}"), Cell(value), Cell(status, palette.faint)])
        yield from columns(rows)


def breakpoint_lines(points: Iterable[tuple[Breakpoint, str]], palette: Palette) -> list[str]:
    """Breakpoints with their numbers, each with what is to be known of it."""
    from flowlang.cli.debug.breaking import described

    rows = [
        [Cell(str(number), palette.strong), Cell(one_line(described(point))), Cell(note, palette.faint)]
        for number, (point, note) in enumerate(points, 1)
    ]
    return columns(rows, (0,))


def change_lines(changes: Iterable[Change], palette: Palette) -> list[str]:
    """What was done by hand, with numbers."""
    rows = [
        [
            Cell(str(number), palette.strong),
            Cell(change.kind),
            Cell(one_line(change.path)),
            Cell(cut(one_line(change.what), 60)),
        ]
        for number, change in enumerate(changes, 1)
    ]
    return columns(rows, (0,))


def answer_lines(answer: QueryAnswer, palette: Palette) -> Iterator[str]:
    """What a query gave, and where it was sent."""
    if answer.rows:
        yield from readable(answer.rows)
    elif answer.result is not None:
        yield from readable(answer.result)
    facts = [] if answer.row_count is None else ["1 row" if answer.row_count == 1 else f"{answer.row_count} rows"]
    yield palette.faint(", ".join([*facts, answer.where]))


def cells() -> int:
    """How many cells a line may take."""
    try:
        columns = os.get_terminal_size(1).columns
    except OSError:
        columns = 0
    # a terminal that was never told its size says nothing
    return min(columns, _WIDEST) if columns else _UNKNOWN


def _json(value: Any) -> str:
    """A value behind a word that says what it is, in the rest of a line."""
    return cut(one_line(to_json(value)), cells() - len("  inputs "))


def _one(text: str) -> str:
    return cut(one_line(" ".join(inert(text).split())), 200)
