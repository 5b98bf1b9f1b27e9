"""Regular expressions for the lines of a log, which somebody types while the lines come: none may stop the screen.

Python's `re` cannot be interrupted. So patterns that can take exponential time are refused, and those that turn out
slow are given up before they meet a line that is too long for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import perf_counter
from typing import Any, Final

#: A pattern that takes so long for one line, in seconds, is given up.
TOO_SLOW: Final = 0.1

#: Longer lines are searched in parts first, to learn how the pattern behaves: one that repeats something without
#: limit once, and one that does so more often.
LONG: Final = 2048
LONG_FOR_RISKY: Final = 32

#: So many times as long as those a line may be and still be marked.
_MARKED: Final = 8

_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT")


class FilterError(ValueError):
    """What was asked for cannot be searched; the message says why."""


class LinePattern:
    """A regular expression. Raises FilterError if it is wrong, or could search for ever."""

    __slots__ = ("_careful_from", "_pattern")

    def __init__(self, text: str, *, ignore_case: bool) -> None:
        try:
            self._pattern = re.compile(text, re.IGNORECASE if ignore_case else 0)
        except re.error as error:
            place = "" if error.pos is None else f" at character {error.pos + 1}"
            raise FilterError(f"not a regular expression{place}: {error.msg}") from None
        except (RecursionError, OverflowError):
            raise FilterError("this regular expression is too large") from None
        # the parser behind `re`, under the only name it has from 3.11 on
        from re import _parser  # type: ignore[attr-defined]

        repeated = list(_endless(_parser.parse(text)))
        if any(_is_ambiguous(body) for body in repeated):
            raise FilterError("a repetition of a repetition could search for ever; leave out the outer one")
        self._careful_from = LONG if len(repeated) < 2 else LONG_FOR_RISKY

    def matches(self, line: str) -> bool:
        """Whether it is found in a line. Raises FilterError if that takes too long."""
        began = perf_counter()
        if len(line) > self._careful_from:
            self._probe(line)
        found = self._pattern.search(line) is not None
        if perf_counter() - began > TOO_SLOW:
            raise self._too_slow()
        return found

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where it is found in a line; nowhere in one that is too long to look for all places."""
        if len(line) > min(LONG, self._careful_from * _MARKED):
            return []
        return [found.span() for found in self._pattern.finditer(line) if found.end() > found.start()]

    def _probe(self, line: str) -> None:
        """Search longer and longer parts of a line. Raises FilterError when the whole would take too long."""
        size = self._careful_from
        while size < len(line):
            began = perf_counter()
            if self._pattern.search(line, 0, size):
                return
            if perf_counter() - began > TOO_SLOW / 32:
                raise self._too_slow()
            size *= 2

    def _too_slow(self) -> FilterError:
        return FilterError(f"/{self._pattern.pattern}/ takes too long for these lines; ask for less at once")


def _endless(parsed: Any) -> Iterator[Any]:
    """What a pattern repeats without limit."""
    for operator, argument in parsed:
        if str(operator) in _REPEATS and argument[1] > 1000:
            yield argument[2]
        for inner in _inside(argument):
            yield from _endless(inner)


def _is_ambiguous(parsed: Any) -> bool:
    """Whether a pattern can match the same text in several ways."""
    for operator, argument in parsed:
        if str(operator) in _REPEATS and argument[0] != argument[1]:
            return True
        if str(operator) == "BRANCH" and not _starts_differ(argument[1]):
            return True
        if any(_is_ambiguous(inner) for inner in _inside(argument)):
            return True
    return False


def _starts_differ(branches: list[Any]) -> bool:
    starts = [tuple(branch[0]) if len(branch) else None for branch in branches]
    literal = [start for start in starts if start is not None and str(start[0]) == "LITERAL"]
    return len(literal) == len(set(literal)) == len(branches)


def _inside(argument: Any) -> Iterator[Any]:
    """The patterns inside of an operator's argument."""
    if type(argument).__name__ == "SubPattern":
        yield argument
    elif isinstance(argument, (tuple, list)):
        for one in argument:
            yield from _inside(one)
