"""What editing commands make of lines: no widget, only text and locations in, text and locations out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from flowlang_tui.widgets.code_editor.languages import Language

Location = tuple[int, int]
_Change = Callable[[str], str]


class LineEdit(NamedTuple):
    """Lines `first` to `last` become `lines`; the selection afterwards."""

    first: int
    last: int
    lines: list[str]
    start: Location
    end: Location


class Insertion(NamedTuple):
    """Text to put in place of the selection; `cursor` is how far in it the cursor comes to stand."""

    text: str
    cursor: int


_PAIRS: Final = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_OPENING: Final = "([{"
#: Closing something is offered only before these, so that it never gets in the way of a word.
_BEFORE: Final = frozenset(" \t)]},:")


def selected_rows(start: Location, end: Location) -> tuple[int, int]:
    """The lines that a selection has characters of."""
    (first, _), (last, column) = sorted((start, end))
    return first, last - 1 if last > first and column == 0 else last


def indented(lines: Sequence[str], start: Location, end: Location, width: int) -> LineEdit:
    """The selected lines, one step further in; empty ones stay empty."""
    return _each_line(lines, start, end, lambda line: " " * width + line if line else line)


def outdented(lines: Sequence[str], start: Location, end: Location, width: int) -> LineEdit:
    """The selected lines, one step further out."""
    return _each_line(lines, start, end, lambda line: line[1:] if line[:1] == "\t" else line[_spaces(line, width) :])


def commented(lines: Sequence[str], start: Location, end: Location, mark: str) -> LineEdit:
    """The selected lines as comments, or if they all are comments as what they were."""
    first, last = selected_rows(start, end)
    written = [line for line in lines[first : last + 1] if line.strip()]
    if written and all(line.lstrip().startswith(mark) for line in written):
        return _each_line(lines, start, end, lambda line: _uncommented(line, mark))
    column = min((_indent(line) for line in written), default=0)
    return _each_line(lines, start, end, lambda line: line and f"{line[:column]}{mark} {line[column:]}")


def duplicated(lines: Sequence[str], start: Location, end: Location) -> LineEdit:
    """The selected lines twice; the selection is on the second."""
    first, last = selected_rows(start, end)
    block = list(lines[first : last + 1])
    rows = last - first + 1
    return LineEdit(first, last, block + block, (start[0] + rows, start[1]), (end[0] + rows, end[1]))


def moved(lines: Sequence[str], start: Location, end: Location, by: int) -> LineEdit | None:
    """The selected lines one up (-1) or down (1), with the selection; None at the edge of the text."""
    first, last = selected_rows(start, end)
    if first + by < 0 or last + by >= len(lines):
        return None
    block = list(lines[first : last + 1])
    other = lines[first - 1] if by < 0 else lines[last + 1]
    together = [*block, other] if by < 0 else [other, *block]
    return LineEdit(
        min(first, first + by), max(last, last + by), together, (start[0] + by, start[1]), (end[0] + by, end[1])
    )


def new_line(line: str, column: int, language: Language) -> str:
    """The white space that a line starts with when Enter is pressed at a column of `line`."""
    before = line[:column]
    indent = before[: _indent(before)]
    rest = before[len(indent) :].rstrip()
    if rest.startswith("#"):
        return indent
    if language.name == "yaml":
        while rest.startswith("- "):
            inner = rest[2:].lstrip()
            indent += " " * (len(rest) - len(inner))
            rest = inner
    code = rest.split(" #")[0].rstrip()
    return indent + " " * language.indent if code.endswith(language.opens) and language.opens else indent


def typed(character: str, before: str, after: str, selected: str) -> Insertion | None:
    """What is put in when a character is typed between `before` and `after` of a line; None for just the character.

    Brackets and quotes are closed where nothing follows, and put around what is selected. A closing one that stands
    there already is stepped over.
    """
    closing = _PAIRS.get(character)
    if selected:
        return (
            None
            if closing is None or "\n" in selected
            else Insertion(character + selected + closing, len(selected) + 2)
        )
    if after[:1] == character and _closes(character, before):
        return Insertion("", 1)
    if closing is None or (after and after[0] not in _BEFORE):
        return None
    if character == "{" and before.endswith("$"):
        return Insertion("{}", 1)
    if character not in _OPENING and ((before and before[-1] not in " \t([{,=") or _open(character, before)):
        return None
    return Insertion(character + closing, 1)


def between_pair(before: str, after: str) -> bool:
    """Whether the cursor is between a bracket or quote and the one that closes it."""
    return bool(before and after) and _PAIRS.get(before[-1]) == after[0]


def _closes(character: str, before: str) -> bool:
    if character in "\"'":
        return _open(character, before)
    opening = {")": "(", "]": "[", "}": "{"}.get(character)
    return opening is not None and before.count(opening) > before.count(character)


def _open(quote: str, before: str) -> bool:
    return before.count(quote) % 2 == 1


def _each_line(lines: Sequence[str], start: Location, end: Location, change: _Change) -> LineEdit:
    first, last = selected_rows(start, end)
    new = [change(line) for line in lines[first : last + 1]]

    def kept(location: Location) -> Location:
        row, column = location
        if not first <= row <= last:
            return location
        return row, max(0, column + len(new[row - first]) - len(lines[row])) if column else 0

    return LineEdit(first, last, new, kept(start), kept(end))


def _uncommented(line: str, mark: str) -> str:
    column = _indent(line)
    after = column + len(mark)
    return line[:column] + line[after + (line[after : after + 1] == " ") :] if line.strip() else line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _spaces(line: str, most: int) -> int:
    return min(most, len(line) - len(line.lstrip(" ")))
