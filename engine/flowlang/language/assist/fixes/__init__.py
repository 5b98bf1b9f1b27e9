"""Ways to mend a problem of a flow, as edits of its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit
from flowlang.language.assist.fixes.arguments import missing_argument
from flowlang.language.assist.fixes.connections import missing_connection, unknown_connection, wrong_connection
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.assist.fixes.inputs import undeclared_input, unknown_input
from flowlang.language.assist.fixes.keys import missing_key, needless_key
from flowlang.language.assist.fixes.names import duplicate_id, stub_task, unknown_step, unknown_subflow, unknown_task
from flowlang.language.diagnostics import Diagnostic

__all__ = ["Fix", "quick_fixes"]


def quick_fixes(analysis: Analysis, diagnostic: Diagnostic) -> list[Fix]:
    """The ways to mend a problem of the analysed text, the likeliest first."""
    if not diagnostic.span.line or diagnostic.path not in (None, analysis.flow.path):
        return []
    fixes = list(_suggested(analysis, diagnostic))
    mend = _BY_CODE.get(diagnostic.code)
    if mend is not None:
        fixes += mend(analysis, diagnostic)
    return fixes


def _suggested(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    if problem.suggestion is not None and analysis.offsets.slice(problem.span).strip():
        yield Fix(f"Replace by `{problem.suggestion}`", [TextEdit(problem.span, problem.suggestion)])


_BY_CODE: Final[dict[str, Callable[[Analysis, Diagnostic], Iterator[Fix]]]] = {
    "missing-key": missing_key,
    "missing-argument": missing_argument,
    "missing-input": missing_argument,
    "unknown-key": needless_key,
    "unknown-argument": needless_key,
    "duplicate-key": needless_key,
    "conflicting-keys": needless_key,
    "undeclared-input": undeclared_input,
    "unknown-input": unknown_input,
    "unknown-connection": unknown_connection,
    "missing-connection": missing_connection,
    "wrong-connection-type": wrong_connection,
    "unknown-task": unknown_task,
    "stub-task": stub_task,
    "unknown-subflow": unknown_subflow,
    "unknown-step": unknown_step,
    "duplicate-id": duplicate_id,
}
