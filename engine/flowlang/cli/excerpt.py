"""A line of a file with the place of a problem underlined."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowlang.cli.terminal import Palette, one_line, width
from flowlang.language.diagnostics import Span

#: How many cells of a long line are shown.
ROOM = 100

_BEFORE = 40

#: What libyaml counts as the end of a line.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def lines_of(path: str) -> list[str]:
    """The lines of a file as the reader counts them; none if it cannot be read any more."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return _LINE_END.split(file.read().removeprefix("\ufeff"))
    except OSError:
        return []


def excerpt(lines: Sequence[str], span: Span, palette: Palette) -> list[str]:
    """The first line of `span` with carets under it. Wide characters and tabs keep the carets in place."""
    if not 0 < span.line <= len(lines):
        return []
    line = lines[span.line - 1]
    start = min(max(span.column - 1, 0), len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    end = min(max(end, start + 1), max(len(line), start + 1))
    before, marked, after = one_line(line[:start]), one_line(line[start:end]), one_line(line[end : end + ROOM])
    if width(before) > _BEFORE and width(before) + width(marked) > ROOM:
        before = "…" + _last_cells(before, _BEFORE)
    room = ROOM - width(before)
    if width(marked) > room:
        marked, after = _first_cells(marked, room) + "…", ""
    elif width(marked) + width(after) > room:
        after = _first_cells(after, room - width(marked)) + "…"
    number = str(span.line)
    bar = palette.faint("│")
    return [
        f"  {palette.faint(number)} {bar} {before}{marked}{after}".rstrip(),
        f"  {' ' * len(number)} {bar} {' ' * width(before)}{palette.bad('^' * max(width(marked), 1))}",
    ]


def _first_cells(text: str, cells: int) -> str:
    shown = text[: max(cells, 0)]
    while width(shown) > cells:
        shown = shown[:-1]
    return shown


def _last_cells(text: str, cells: int) -> str:
    shown = text[-cells:]
    while width(shown) > cells:
        shown = shown[1:]
    return shown
