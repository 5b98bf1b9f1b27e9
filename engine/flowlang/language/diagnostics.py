"""What is wrong with a flow, and where: the one form in which every problem of a file is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Span(NamedTuple):
    """A stretch of text. Lines and columns count from 1, in characters; the end is exclusive.

    A flow that was given as Python data has no text: its spans are `NOWHERE`, with line 0.
    """

    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE = Span(0, 0, 0, 0)


class Diagnostic(NamedTuple):
    """One problem of a file.

    `suggestion` is text that could stand at the span instead ("did you mean …"). `related` names other
    places that belong to the problem, such as the first of two equal keys.
    """

    severity: Severity
    code: str
    message: str
    span: Span = NOWHERE
    suggestion: str | None = None
    related: tuple[tuple[str, Span], ...] = ()
    path: str | None = None

    @property
    def line(self) -> int:
        """Line of the problem, from 1; 0 without text."""
        return self.span.line

    @property
    def column(self) -> int:
        """Column of the problem in characters, from 1; 0 without text."""
        return self.span.column

    @property
    def end_line(self) -> int:
        """Line where the problem ends."""
        return self.span.end_line

    @property
    def end_column(self) -> int:
        """Column after the last character of the problem."""
        return self.span.end_column

    @property
    def sentence(self) -> str:
        """The message, with the suggestion as a question after it."""
        if self.suggestion is None:
            return self.message
        return f"{self.message}; did you mean `{self.suggestion}`?"

    def __str__(self) -> str:
        place = f"{self.path or '<flow>'}:{self.line}:{self.column}"
        return f"{place}: {self.severity}: {self.sentence} [{self.code}]"

    def to_dict(self) -> dict[str, Any]:
        """The problem as plain data, for JSON."""
        return {
            "path": self.path,
            "line": self.span.line,
            "column": self.span.column,
            "end_line": self.span.end_line,
            "end_column": self.span.end_column,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "suggestion": self.suggestion,
            "related": [{"message": message, "line": at.line, "column": at.column} for message, at in self.related],
        }


class Problems:
    """Collects the diagnostics of one file while it is read and checked."""

    __slots__ = ("found", "path")

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.found: list[Diagnostic] = []

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        suggestion: str | None = None,
        related: tuple[tuple[str, Span], ...] = (),
    ) -> None:
        """Add a problem that keeps the flow from running."""
        self.found.append(Diagnostic("error", code, message, span, suggestion, related, self.path))

    def warning(self, code: str, message: str, span: Span, *, suggestion: str | None = None) -> None:
        """Add a problem that the flow can run with."""
        self.found.append(Diagnostic("warning", code, message, span, suggestion, (), self.path))

    @property
    def fatal(self) -> bool:
        """Whether any of the problems keeps the flow from running."""
        return any(problem.severity == "error" for problem in self.found)

    def in_order(self) -> list[Diagnostic]:
        """All problems, by their place in the text."""
        return sorted(self.found, key=lambda problem: (problem.span.line, problem.span.column))


#: Longer words are no typing errors, and comparing them takes long.
MAX_WORD: Final = 100


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` was most likely meant to be, or None."""
    if len(word) > MAX_WORD:
        return None
    from difflib import get_close_matches  # a misspelt word is the exception: keep it off the start-up path

    names = list(known)
    by_case = {name.lower(): name for name in names}
    if word.lower() in by_case:
        return by_case[word.lower()]
    found = get_close_matches(word, names, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: `; did you mean …?` with the nearest of `known`, or nothing."""
    near = nearest(word, known)
    return f"; did you mean `{near}`?" if near else ""
