"""Several changes of a text put together to one, so that one undo step takes them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.widgets.text_area import DocumentBase, Location

from flowlang_tui.widgets.code_editor.document import Change

#: The text between two locations becomes another one.
Piece = tuple[Location, Location, str]


class Splice(NamedTuple):
    """One replacement. `parts` are the changes it is made of, each in the text before any of them, first to last."""

    start: Location
    end: Location
    text: str
    parts: list[Change]


def merged(document: DocumentBase, pieces: Sequence[Piece]) -> Splice | None:
    """All replacements as one; None if there are none. Raises ValueError if two of them overlap."""
    text = ""
    parts: list[Change] = []
    for start, end, new in sorted(pieces):
        if parts:
            if start < parts[-1].bottom:
                raise ValueError(f"two edits overlap at line {start[0] + 1}, column {start[1] + 1}")
            text += document.get_text_range(parts[-1].bottom, start).replace(document.newline, "\n")
        text += new
        parts.append(Change(start, end, _end_of(start, new)))
    return Splice(parts[0].top, parts[-1].bottom, text, parts) if parts else None


def shortest(document: DocumentBase, text: str) -> Splice | None:
    """What makes the document's text another one, without the lines that are equal at its start and end."""
    old = document.lines
    new = text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if document.newline != "\n" else text.split("\n")
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    if first == len(old) == len(new):
        return None
    same = 0
    while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
        same += 1
    return _between(old, new[first : len(new) - same], first, len(old) - same)


def _between(old: Sequence[str], new: Sequence[str], first: int, after: int) -> Splice:
    """The lines from `first` to before `after` become `new`, with a line end that belongs to them."""
    if first < after and new:
        start, end, text = (first, 0), (after - 1, len(old[after - 1])), "\n".join(new)
    elif after < len(old):
        start, end, text = (first, 0), (after, 0), "".join(f"{line}\n" for line in new)
    else:
        start = (first - 1, len(old[first - 1]))
        end, text = (after - 1, len(old[after - 1])), "".join(f"\n{line}" for line in new)
    return Splice(start, end, text, [Change(start, end, _end_of(start, text))])


def _end_of(start: Location, text: str) -> Location:
    rows = text.count("\n")
    return start[0] + rows, len(text) - text.rfind("\n") - 1 + (0 if rows else start[1])
