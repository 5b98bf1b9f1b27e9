"""Edits that add a key to a map, or take one out, in the style in which the map is written."""

from __future__ import annotations

from flowlang.language.assist.edits import Offsets, TextEdit, insertion
from flowlang.language.assist.rows import indent_of, read_row
from flowlang.language.diagnostics import Span
from flowlang.language.nodes import Mapping, Node, Scalar


def add_entry(offsets: Offsets, mapping: Mapping, entry: str, in_braces: str, after: str | None = None) -> TextEdit:
    """The edit that adds an entry behind the one of the key `after`, else behind the last.

    `entry` may have several lines, with indentation as it would stand at the margin; `in_braces` is the same in one
    line, for a map that is written in braces. The map must have an entry, or braces.
    """
    text = offsets.text
    start, _ = _extent(mapping)
    key, value = mapping.entries[after] if after in mapping.entries else _last(mapping)
    if text.startswith("{", start):
        if not mapping.entries:
            return _insert(offsets, start + 1, in_braces)
        return _insert(offsets, end_of(text, key, value), f", {in_braces}")
    first = next(iter(mapping.entries.values()))[0]
    assert first.start is not None
    return add_below(offsets, end_of(text, key, value), first.start.column, entry)


def add_below(offsets: Offsets, position: int, column: int, entry: str) -> TextEdit:
    """The edit that adds lines below the line of a position, indented to a column (from 0)."""
    text = offsets.text
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    if text[end - 1 : end] == "\r":
        end -= 1
    margin = " " * column
    lines = "".join(f"\n{margin}{line}" for line in entry.split("\n"))
    return _insert(offsets, end, lines.replace("\n", "\r\n") if "\r\n" in text else lines)


def remove_entry(offsets: Offsets, key: Span) -> TextEdit | None:
    """The edit that takes out the entry of a block map whose key is at a span; None if it is written otherwise."""
    lines = offsets.text.split("\n")
    index, column = key.line - 1, key.column - 1
    row = read_row(lines[index])
    if row.column != column or row.key is None:
        return None
    after = index + 1
    end = index + 1
    while after < len(lines):
        indent = indent_of(lines[after])
        if indent is not None:
            if indent < column or (indent == column and lines[after][column] != "-"):
                break
            end = after + 1
        after += 1
    if not row.dashes:
        return TextEdit(_lines(lines, index, end), "")
    following = read_row(lines[end]) if end < len(lines) else None
    if following is not None and following.key is not None and not following.dashes and following.column == column:
        return TextEdit(Span(key.line, key.column, end + 1, column + 1), "")
    last = lines[end - 1].rstrip("\r")
    return TextEdit(Span(key.line, key.column, end, len(last) + 1), "{}")


def _lines(lines: list[str], first: int, end: int) -> Span:
    """Whole lines; with the line break before them if there is none behind."""
    if end < len(lines):
        return Span(first + 1, 1, end + 1, 1)
    before = len(lines[first - 1]) + 1 if first else 1
    return Span(max(first, 1), before, end, len(lines[end - 1]) + 1)


def _last(mapping: Mapping) -> tuple[Scalar, Node]:
    return next(reversed(mapping.entries.values()), (Scalar(None), Scalar(None)))


def end_of(text: str, key: Scalar, value: Node) -> int:
    """Where an entry ends, without the white space behind it."""
    key_start, key_end = _extent(key)
    end = value.end.index if value.end is not None else key_end
    end = key_start + len(text[key_start:end].rstrip())
    return max(end, key_end + 1) if end <= key_end else end


def _extent(node: Node) -> tuple[int, int]:
    assert node.start is not None
    assert node.end is not None
    return node.start.index, node.end.index


def _insert(offsets: Offsets, position: int, text: str) -> TextEdit:
    return insertion(*offsets.place(position), text)
