"""Diagnostics as text, JSON, and annotations of GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from flowlang.cli.excerpt import excerpt, lines_of
from flowlang.cli.failure import from_here, shown_path
from flowlang.cli.terminal import Palette, inert
from flowlang.errors import FlowLangError, FlowValidationError
from flowlang.language.diagnostics import NOWHERE, Diagnostic, Span
from flowlang.tasks.loader import TaskLoadError
from flowlang.values import to_json

#: Code of a tasks file that cannot be loaded.
TASKS_FILE: Final = "tasks-file"

_GITHUB_LEVELS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def problems_of(error: FlowLangError) -> Sequence[Diagnostic]:
    """The problems of files that keep a flow from running; none for an error of another kind."""
    if isinstance(error, FlowValidationError):
        return error.diagnostics
    if isinstance(error, TaskLoadError):
        place = ":".join(str(part) for part in (error.file, error.line, error.column) if part is not None)
        message = str(error).removeprefix(f"{place}: ") + (f"\n{error.hint}" if error.hint else "")
        line, column = error.line or 0, error.column or 1
        span = Span(line, column, line + 1, 1) if line else NOWHERE
        return (Diagnostic("error", TASKS_FILE, message, span, path=str(error.file)),)
    return ()


def as_text(problems: Iterable[Diagnostic], palette: Palette) -> str:
    """Every problem with its place in the text underlined."""
    blocks = []
    for path, group in groupby(problems, key=lambda problem: problem.path):
        lines = [] if path is None else lines_of(path)
        blocks += ["\n".join(_block(problem, lines, palette)) for problem in group]
    return "\n\n".join(blocks)


def _block(problem: Diagnostic, lines: Sequence[str], palette: Palette) -> list[str]:
    paint = palette.bad if problem.severity == "error" else palette.warn
    place = shown_path(problem.path)
    if problem.line:
        place += f":{problem.line}:{problem.column}"
    sentence = inert(problem.sentence).replace("\n", "\n  ")
    told = [f"{palette.strong(place)}: {paint(problem.severity)}: {sentence} {palette.faint(f'[{problem.code}]')}"]
    told += excerpt(lines, problem.span, palette)
    for message, span in problem.related:
        told.append(f"  {inert(message)}: line {span.line}, column {span.column}")
        told += excerpt(lines, span, palette)
    return told


def as_json(problems: Iterable[Diagnostic]) -> str:
    """Every problem as an object, in one list."""
    return to_json([problem.to_dict() for problem in problems], indent=2)


def as_github(problems: Iterable[Diagnostic]) -> str:
    """Every problem as a workflow command, which GitHub shows beside the line of a pull request."""
    return "\n".join(_annotation(problem) for problem in problems)


def _annotation(problem: Diagnostic) -> str:
    facts: dict[str, str | int] = {"file": from_here(problem.path), "line": problem.line, "col": problem.column}
    if problem.end_line:
        facts |= {"endLine": problem.end_line, "endColumn": problem.end_column}
    about = ",".join(f"{name}={_property(fact)}" for name, fact in facts.items() if fact)
    return f"::{_GITHUB_LEVELS[problem.severity]} {about},title={_property(problem.code)}::{_message(problem.sentence)}"


def _message(text: str) -> str:
    return inert(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(value: str | int) -> str:
    return _message(str(value)).replace(":", "%3A").replace(",", "%2C")


def count_of(problems: Sequence[Diagnostic], files: int) -> str:
    """The closing line: how much of what was found."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    found = [_counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    return f"{' and '.join(found) or 'no problems'} in {_counted(files, 'flow')}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
