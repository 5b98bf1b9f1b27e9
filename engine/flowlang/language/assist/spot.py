"""Where in a flow a place of its text is, told by the layout of the lines, so that a half-typed text has it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from flowlang.language.assist.braces import open_expression, opened_at
from flowlang.language.assist.rows import Row, indent_of, read_row

Role = Literal["key", "value", "item", "text", "comment"]
#: The way from a map to something inside it: a key, then None for each list that is entered.
Way = tuple[str | None, ...]


class Entry(NamedTuple):
    """A key of a map with what stands behind it in its line. The line counts from 0."""

    line: int
    value: str


@dataclass(slots=True)
class Level:
    """A map around the place. `way` leads to it from the map around it; `line` is where it begins, from 0."""

    way: Way
    line: int
    column: int
    lines: Sequence[str] = ()
    in_braces: bool = False
    found: dict[str, Entry] | None = None

    @property
    def entries(self) -> dict[str, Entry]:
        """Its keys, also those below the place."""
        if self.found is None:
            self.found = _entries(self.lines, self.line, self.column)
        return self.found

    def value(self, key: str) -> str:
        """What stands behind a key, without quotes; empty if there is none."""
        entry = self.entries.get(key)
        return "" if entry is None else _unquoted(entry.value)


@dataclass(slots=True)
class Spot:
    """A place of a text.

    `levels` are the maps around it, the flow first. With the `role` `key` a key of the last of them is (or would be)
    written there; with `value` the value to which `way` leads; with `item` an item of a list, which may become a map;
    `text` is inside a block of text. The token that is written there begins in column `start` (from 0) and goes on to
    `end`; `word` is what of it stands before the place. `expression` is what stands before the place inside a `${`.
    """

    levels: list[Level]
    role: Role
    line: int
    column: int
    way: Way = ()
    start: int = 0
    end: int = 0
    word: str = ""
    has_colon: bool = False
    dashed: bool = False
    quote: str = ""
    expression: str | None = None

    @property
    def level(self) -> Level:
        """The innermost map."""
        return self.levels[-1]


class _Link(NamedTuple):
    """One part of the way: a key of a map, or the dash of an item (then `key` is None)."""

    key: str | None
    line: int
    column: int


def locate(lines: Sequence[str], line: int, column: int) -> Spot:
    """The place at a line and column, both from 1."""
    index = max(min(line - 1, len(lines) - 1), 0)
    text = lines[index] if lines else ""
    cursor = max(min(column - 1, len(text)), 0)
    row = read_row(text)
    if not text.strip():
        row = Row(cursor, (), cursor, None, cursor, cursor, text)
    links = _climb(lines, index, row)
    opener = _opener(lines, links, index, cursor)
    if opener is not None:
        links = links[links.index(opener) :]
        return _continued(lines, links, index, cursor)
    return _in_row(lines, links, row, index, cursor)


def _climb(lines: Sequence[str], index: int, row: Row) -> list[_Link]:
    """The keys and dashes around a row, the innermost first."""
    links = [_Link(None, index, dash) for dash in reversed(row.dashes)]
    limit = row.dashes[0] if row.dashes else row.column
    in_list = bool(row.dashes)
    deeper = _deeper(limit, in_list)
    while index > 0 and (limit > 0 or in_list):
        index -= 1
        line = lines[index]
        if line.startswith(deeper):
            continue
        indent = indent_of(line)
        if indent is None or indent > limit or (in_list and indent == limit and line[limit] == "-"):
            continue
        above = read_row(line)
        if indent == limit and not in_list:
            # items at this column: the row lacks its dash, or stands in the map in which their list does
            in_list = not links and bool(above.dashes)
            deeper = _deeper(limit, in_list)
            continue
        if in_list and not links and above.column == limit and not above.dashes:
            in_list = False
            deeper = _deeper(limit, in_list)
            continue
        if in_list or not above.dashes or above.column < limit:
            if above.key is None and not above.dashes:
                continue
            if above.key is not None:
                links.append(_Link(above.key, index, above.column))
        links += [_Link(None, index, dash) for dash in reversed(above.dashes)]
        limit = above.dashes[0] if above.dashes else above.column
        in_list = bool(above.dashes)
        deeper = _deeper(limit, in_list)
    return links


def _deeper(column: int, in_list: bool) -> tuple[str, ...]:
    """How lines begin that cannot be around one at a column: with more blanks, or as other items of its list."""
    margin = " " * column
    return (f"{margin} ", f"{margin}-") if in_list else (f"{margin} ",)


def _opener(lines: Sequence[str], links: list[_Link], index: int, cursor: int) -> _Link | None:
    """The outermost key around the place whose value was begun above and still goes on there."""
    for link in reversed(links):
        if link.line == index or link.key is None:
            continue
        row = read_row(lines[link.line])
        value = row.value
        if row.opens_text:
            return link
        if value[:1] in ("[", "{", '"', "'"):
            opened = opened_at(*_joined(lines, link.line, row.value_at, index, cursor))
            if opened.brackets or opened.quote:
                return link
        elif value:
            return link
    return None


def _joined(lines: Sequence[str], first: int, start: int, last: int, cursor: int) -> tuple[str, int]:
    """The text from a place on to the end of a later line, and where in it the cursor is."""
    if first == last:
        return lines[first][start:], cursor - start
    above = "\n".join((lines[first][start:], *lines[first + 1 : last], ""))
    return above + lines[last], len(above) + cursor


def _levels(lines: Sequence[str], links: list[_Link]) -> tuple[list[Level], Way, int]:
    """The maps that the links lead through, the way that is left from the last of them, and where that leads."""
    levels = [Level((), 0, 0, lines)]
    way: list[str | None] = []
    begins = 0
    for link in reversed(links):
        if link.key is None:
            way.append(None)
            begins = link.line
            continue
        if way:
            levels.append(Level(tuple(way), begins, link.column, lines))
        way = [link.key]
        begins = link.line + 1
    return levels, tuple(way), begins


def _continued(lines: Sequence[str], links: list[_Link], index: int, cursor: int) -> Spot:
    """A place inside a value that was begun in a line above."""
    levels, way, _ = _levels(lines, links)
    link = links[0]
    row = read_row(lines[link.line])
    text, offset = _joined(lines, link.line, row.value_at, index, cursor)
    if not row.opens_text and row.value[:1] in ("[", "{"):
        return _braced(levels, way, text, offset, index, cursor)
    spot = Spot(levels, "text", index, cursor, way)
    spot.expression = _expression(text[:offset])
    return _with_token(spot, lines[index])


def _in_row(lines: Sequence[str], links: list[_Link], row: Row, index: int, cursor: int) -> Spot:
    levels, way, begins = _levels(lines, links)
    if cursor < row.column and row.text.strip():
        return Spot(levels, "comment", index, cursor)
    if row.key is None and row.dashes:
        return _value(levels, way, "item", row, index, cursor)
    if way:
        levels.append(Level(way, begins, row.column, lines))
    if row.key is not None and cursor > row.key_end:
        return _value(levels, (row.key,), "value", row, index, cursor)
    if row.key is None and row.text[row.column : row.column + 1] in ("$", "{", "[", '"', "'"):
        if way:
            levels.pop()
        if way or row.text[row.column] in "{[":
            return _value(levels, way, "value", row, index, cursor)
        return Spot(levels, "comment", index, cursor)
    if row.text[row.column : row.column + 1] == "#":
        return Spot(levels, "comment", index, cursor)
    spot = Spot(levels, "key", index, cursor, start=row.column, end=row.key_end, word=row.text[row.column : cursor])
    spot.has_colon = row.key is not None
    if row.key is None:
        spot.end = max(len(row.text.rstrip()), cursor)
    return spot


def _value(levels: list[Level], way: Way, role: Role, row: Row, index: int, cursor: int) -> Spot:
    """A place in what stands behind a key or a dash."""
    text, offset = row.text[row.value_at :], max(cursor - row.value_at, 0)
    expression = _expression(text[:offset])
    if expression is None and _in_comment(text, offset):
        return Spot(levels, "comment", index, cursor)
    if text[:1] in ("[", "{"):
        return _braced(levels, way, text, offset, index, cursor)
    spot = Spot(levels, role, index, cursor, way, expression=expression, dashed=bool(row.dashes))
    if expression is not None or text[:1] in ('"', "'"):
        spot.quote = text[:1] if text[:1] in ('"', "'") else ""
        spot = _with_token(spot, row.text)
        if expression is None:
            spot.start, spot.word = row.value_at + 1, text[1:offset]
            spot.end = row.value_at + (text.find(spot.quote, 1) if text.find(spot.quote, 1) >= offset else offset)
        return spot
    spot.start = min(row.value_at, cursor)
    spot.word = row.text[spot.start : cursor]
    spot.end = max(row.value_at + len(_without_comment(text)), cursor)
    return spot


def _braced(levels: list[Level], way: Way, text: str, offset: int, index: int, cursor: int) -> Spot:
    """A place inside `[…]` or `{…}`."""
    opened = opened_at(text, offset)
    for bracket in opened.brackets:
        if bracket.sign == "[":
            way = (*way, None)
            continue
        entries = {key: Entry(index, value) for key, value in bracket.keys.items()}
        inner = Level(way, index, cursor, (), True, entries)
        levels = [*levels, inner] if way else [*levels[:-1], inner]
        way = () if bracket.key is None else (bracket.key,)
    if not opened.brackets:
        return Spot(levels, "comment", index, cursor)
    start = opened.start + len(text[opened.start : offset]) - len(text[opened.start : offset].lstrip())
    word = text[start:offset]
    end = offset + len(text[offset:]) - len(text[offset:].lstrip(_WORD))
    role: Role = "item" if opened.brackets[-1].sign == "[" else "value" if way else "key"
    spot = Spot(levels, role, index, cursor, way, cursor - len(word), cursor + end - offset, word)
    spot.expression = _expression(text[:offset])
    spot.has_colon = text[end : end + 1] == ":"
    if opened.quote:
        spot.quote, spot.start, spot.word = opened.quote, spot.start + 1, word[1:]
    if spot.role == "key" and not spot.has_colon and spot.word:
        level = levels[-1].entries
        token = text[start:end]
        if level.get(token) == Entry(index, ""):
            del level[token]
    return spot


def _with_token(spot: Spot, text: str) -> Spot:
    """The spot with the word of letters that the cursor stands in."""
    start = spot.column - len(text[: spot.column]) + len(text[: spot.column].rstrip(_WORD))
    rest = text[spot.column :]
    spot.start = start
    spot.end = spot.column + len(rest) - len(rest.lstrip(_WORD))
    spot.word = text[start : spot.column]
    return spot


_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


def _expression(before: str) -> str | None:
    start = open_expression(before)
    return None if start is None else before[start:]


def _in_comment(text: str, offset: int) -> bool:
    return len(_without_comment(text)) < offset and "#" in text[:offset] and _comment_start(text) < offset


def _without_comment(text: str) -> str:
    return text[: _comment_start(text)].rstrip()


def _comment_start(text: str) -> int:
    """Where a comment begins; the length of the text without one."""
    if text.startswith("#"):
        return 0
    position = 0
    closing = text[:1] if text[:1] in ('"', "'") else ""
    if closing:
        position = text.find(closing, 1) + 1 or len(text)
    while (found := text.find(" #", position)) >= 0:
        if _expression(text[:found]) is None:
            return found + 1
        position = found + 2
    return len(text)


def _entries(lines: Sequence[str], first: int, column: int) -> dict[str, Entry]:
    """The keys of the map that begins in a line, at a column."""
    found: dict[str, Entry] = {}
    for index in range(first, len(lines)):
        line = lines[index]
        indent = indent_of(line)
        if indent is None or indent > column or (indent == column and line[column] == "-"):
            continue
        if indent < column and index > first:
            break
        row = read_row(line)
        if row.key is not None and row.column == column:
            found.setdefault(row.key, Entry(index, row.value))
    return found


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0] else value
