"""Reads `.env` files: `NAME=value` lines, as python-dotenv's documentation describes them.

A line may start with `export`; a comment starts with `#` at the start of a line or after a space. Quoted values
may span lines; in double quotes the escapes of Python's text hold, in single quotes only `\\\\` and `\\'`.
`${NAME}` and `${NAME:-default}` are expanded everywhere but in single quotes; a bare `$NAME` stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Final, NamedTuple

_BLANK: Final = re.compile(r"[ \t]*(?:#.*)?$", re.MULTILINE)
_NAME: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=")
_QUOTED: Final = re.compile(r"[ \t]*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")", re.DOTALL)
_OPENING: Final = re.compile(r"[ \t]*(['\"])")
_COMMENT: Final = re.compile(r"[ \t]+#.*")
_ESCAPE: Final = re.compile(r"\\([\\'\"abfnrtv])")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][\w.-]*)(?::-([^}]*))?\}")

_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Entry(NamedTuple):
    """One variable of a file. An `expands` value still holds its `${…}`."""

    name: str
    value: str
    expands: bool


class Dotenv(NamedTuple):
    """What a file holds. `problems` are sentences, each with its place; none quotes a value."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()

    def add_to(self, values: dict[str, str], base: Mapping[str, str]) -> None:
        """Put the variables into `values`. What they refer to is looked up in `base`, then in `values`."""
        for name, value, expands in self.entries:
            values[name] = _expand(value, base, values) if expands else value


def read_file(path: str | PathLike[str]) -> Dotenv:
    """Read a file; that it cannot be read is a problem of it, that there is none is not."""
    name = fspath(path)
    try:
        with open(name, encoding="utf-8-sig") as file:
            text = file.read()
    except FileNotFoundError:
        return Dotenv()
    except UnicodeDecodeError as error:
        return Dotenv((), (f"{name} is not UTF-8 text (byte {error.start}), so none of it is used",))
    except OSError as error:
        return Dotenv((), (f"{name} cannot be read: {error.strerror}",))
    return parse(text, name)


def parse(text: str, name: str) -> Dotenv:
    """Read the text of the file called `name`."""
    entries: list[Entry] = []
    problems: list[str] = []
    position = 0
    while position < len(text):
        entry, end, problem = _parse_line(text, position)
        if entry is not None:
            entries.append(entry)
        if problem is not None:
            problems.append(f"{name}:{text.count(chr(10), 0, position) + 1}: {problem}")
        position = end + 1
    return Dotenv(tuple(entries), tuple(problems))


def _parse_line(text: str, start: int) -> tuple[Entry | None, int, str | None]:
    """The entry that starts here, where its last line ends, and what is wrong with it."""
    blank = _BLANK.match(text, start)
    if blank is not None:
        return None, blank.end(), None
    end = _end_of_line(text, start)
    head = _NAME.match(text, start, end)
    if head is None:
        return None, end, "this line is not `NAME=value`, so it is left out"
    name = head[1]
    quoted = _QUOTED.match(text, head.end())
    if quoted is not None:
        rest = _BLANK.match(text, quoted.end())
        if rest is None:
            end = _end_of_line(text, quoted.end())
            return None, end, f"text follows the closing quote of {name}, so it is left out"
        return _quoted_entry(name, quoted), rest.end(), None
    if _OPENING.match(text, head.end(), end):
        return None, end, f"the quote that opens the value of {name} is never closed, so it is left out"
    value = _COMMENT.sub("", text[head.end() : end]).strip()
    return Entry(name, value, "${" in value), end, None


def _quoted_entry(name: str, quoted: re.Match[str]) -> Entry:
    single, double = quoted[1], quoted[2]
    if double is None:
        return Entry(name, re.sub(r"\\([\\'])", r"\1", single), False)
    value = _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), double)
    return Entry(name, value, "${" in value)


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _expand(value: str, *places: Mapping[str, str]) -> str:
    def found(variable: re.Match[str]) -> str:
        for place in places:
            if variable[1] in place:
                return place[variable[1]]
        return variable[2] or ""

    return _VARIABLE.sub(found, value)
