"""Reads a file: text becomes nodes that know their place, or diagnostics. Nothing here raises for a bad text."""

from __future__ import annotations

import os
from collections.abc import Mapping as MappingType
from itertools import count
from stat import S_ISREG
from typing import Any, Final

from flowlang.errors import FlowValidationError
from flowlang.language.composer import MAX_DEPTH, Composer
from flowlang.language.diagnostics import NOWHERE, Diagnostic, Problems, Span
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.shield import Shield

MAX_BYTES: Final = 5_000_000
MAX_VALUES: Final = 1_000_000

_MAX_READINGS: Final = 10
#: Above this size a text with a syntax error is not read again to find more.
_REREAD_BELOW: Final = 200_000


class Source:
    """A text that was read. `root` is None if there was nothing in it.

    `complete` is false when some of the text could not be read, so that what is missing in `root` may well stand in
    the text. `broken_lines` are the lines, from 1, of which something was left out.
    """

    __slots__ = ("broken_lines", "complete", "path", "root", "text")

    def __init__(
        self,
        text: str = "",
        root: Node | None = None,
        path: str | None = None,
        complete: bool = True,
        broken_lines: frozenset[int] = frozenset(),
    ) -> None:
        self.text = text
        self.root = root
        self.path = path
        self.complete = complete
        self.broken_lines = broken_lines

    def span_of(self, scalar: Scalar, start: int, end: int) -> Span:
        """Where `scalar.value[start:end]` stands in the text."""
        if scalar.start is None or scalar.end is None:
            return NOWHERE
        from flowlang.language.placement import stretch  # only a problem needs it

        return stretch(self.text, scalar, start, end)


def read_text(text: str | bytes, problems: Problems, path: str | None = None) -> Source:
    """Read a text; whatever is wrong with it goes to `problems`."""
    decoded = _decoded(text, problems)
    if decoded is None:
        return Source(path=path, complete=False)
    broken: set[int] = set()
    attempt = decoded
    for reading in count(1):
        found = Problems(problems.path)
        composer = Composer(Shield(attempt), found)
        composer.read()
        if composer.error is None:
            break
        from flowlang.language.syntax import explain  # only a broken text needs it

        complaint = explain(composer.error, attempt, composer.innermost)
        if complaint.span.line not in broken:
            broken.add(complaint.span.line)
            problems.error(complaint.code, complaint.message, complaint.span)
        broken.add(attempt.count("\n", 0, complaint.blank_from) + 1)
        shorter = _without(attempt, complaint.blank_from)
        if shorter == attempt or reading == _MAX_READINGS or len(attempt) > _REREAD_BELOW:
            break
        attempt = shorter
    problems.found.extend(found.found)
    return Source(decoded, composer.root, path, not broken and not composer.refused, frozenset(broken))


def read_file(path: str | os.PathLike[str], problems: Problems) -> Source:
    """Read a file; that it can't be read is one of the problems."""
    name = os.fspath(path)
    try:
        status = os.stat(name)
        if not S_ISREG(status.st_mode):
            problems.error("unreadable", f"`{name}` is not a file", NOWHERE)
            return Source(path=name, complete=False)
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1) if status.st_size <= MAX_BYTES else None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.error("unreadable", f"`{name}` can't be read: {reason}", NOWHERE)
        return Source(path=name, complete=False)
    if data is None:
        _too_large(problems)
        return Source(path=name, complete=False)
    return read_text(data, problems, name)


def from_data(value: object) -> Node:
    """A flow that was given as Python data, as nodes without places.

    Raises FlowValidationError for data that nests too deep (or contains itself) or holds too many values.
    """
    budget = count(1)

    def convert(value: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _refused("too-deep", f"the flow nests deeper than {MAX_DEPTH} levels, or contains itself")
        if next(budget) > MAX_VALUES:
            raise _refused("too-large", f"the flow has more than {MAX_VALUES:,} values")
        if isinstance(value, MappingType):
            pairs = ((_key(key), convert(item, depth + 1)) for key, item in value.items())
            return Mapping({key: (Scalar(key), item) for key, item in pairs})
        if isinstance(value, (list, tuple)):
            return Sequence([convert(item, depth + 1) for item in value])
        return Scalar(value)

    return convert(value, 0)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    return str(key).lower() if isinstance(key, bool) else "null" if key is None else str(key)


def _refused(code: str, message: str) -> FlowValidationError:
    return FlowValidationError([Diagnostic("error", code, message)])


def _decoded(text: str | bytes, problems: Problems) -> str | None:
    try:
        if isinstance(text, bytes):
            size = len(text)
            text = text.decode("utf-8") if size <= MAX_BYTES else ""
        else:
            size = len(text)
            if size <= MAX_BYTES and not text.isascii():
                size = len(text.encode("utf-8"))
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        message = f"the byte 0x{error.object[error.start]:02X} here is not valid UTF-8; save the file as UTF-8"
        problems.error("invalid-utf8", message, _after(before))
        return None
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair stands here, which is not valid text; remove it"
        problems.error("invalid-utf8", message, _after(error.object[: error.start]))
        return None
    if size > MAX_BYTES:
        _too_large(problems)
        return None
    return text.removeprefix("\ufeff")


def _after(before: str) -> Span:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Span(line, column, line, column + 1)


def _too_large(problems: Problems) -> None:
    message = f"the text has more than {MAX_BYTES // 1_000_000} MB"
    problems.error("too-large", message, Span(1, 1, 1, 1))


def _without(text: str, start: int) -> str:
    """`text` of the same length, with the line of `start` blank from there on."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return text[:start] + " " * (end - start) + text[end:]
