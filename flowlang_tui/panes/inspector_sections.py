"""What the inspector tells of a step, a call of it, or a whole run: sections, as nodes of a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import localtime, strftime
from typing import Any, Final

from flowlang.cli.readable import duration
from flowlang_tui.copying import error_text, statement_text, value_text
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import Attempt, Statement, StepCall, StepRecord
from flowlang_tui.widgets.value_nodes import Node

#: Tables of up to so many rows are open at once.
OPEN_ROWS: Final = 20


def of_call(record: StepRecord, call: StepCall | None) -> list[Node]:
    """The sections of a step, with what one call of it got and left."""
    if call is None:
        return _timing(record, None)
    sections = _error(call.error)
    sections += _values("Inputs", call.inputs)
    if call.status == "succeeded":
        sections += _values("Output", call.outputs, always=True)
    return [*sections, *_statements(call), *_attempts(call), *_timing(record, call)]


def of_text(written: Mapping[str, Any], last: StepCall | None) -> list[Node]:
    """The sections of a step that has not run: its arguments as the text has them, and what its last run had."""
    sections = _values("As written", dict(written)) if written else []
    if last is not None:
        inside = _error(last.error) + _values("Inputs", last.inputs)
        if last.status == "succeeded":
            inside += _values("Output", last.outputs, always=True)
        sections.append(_section("Last run", inside, note=f"{last.status}, {duration(last.duration_ms)}"))
    return sections


def of_run(record: RunRecord) -> list[Node]:
    """The sections of a run."""
    sections = _error(record.error)
    sections += _values("Inputs", record.inputs, always=True)
    if record.status in ("succeeded", "terminated"):
        sections += _values("Outputs", record.outputs, always=True)
    if record.connections:
        sections += _values("Connections", dict(record.connections))
    if record.sandbox is not None:
        sections.append(_section("Sandbox", [_words("undone", "\n".join(record.sandbox_lines()))]))
    return sections


def of_answer(text: str, value: Any, error: str | None) -> Node:
    """What an expression came to."""
    if error is not None:
        return _section(f"= {text}", [_words("error", error)], note="")
    return _section(f"= {text}", [Node("value", value, is_open=True)])


def place_of(node: Node) -> tuple[str | None, int] | None:
    """The file and line that a row leads to; the file is None if it is the shown flow's."""
    place = node.value
    return (place[0], place[1]) if node.role == "place" else None


def _section(label: str, children: list[Node], *, note: str = "", is_open: bool = True) -> Node:
    return Node(label, None, role="section", note=note, children=children, is_open=is_open)


def _values(label: str, value: Any, *, always: bool = False) -> list[Node]:
    if value is None and not always:
        return []
    if value is None or value in ({}, [], ""):
        return [Node(label, value, role="section", note="none" if value is None else "empty")]
    if isinstance(value, dict):
        inside = Node(label, value).children(80) if len(value) <= 100 else [Node("values", value, is_open=True)]
        for child in inside:
            child.is_open = child.can_be_table and len(child.value) <= OPEN_ROWS
        section = _section(label, inside)
    else:
        section = _section(label, [Node("value", value, is_open=True)])
    section.copied = lambda: (value_text(value), "value")
    return [section]


def _words(label: str, text: str) -> Node:
    return Node(label, text, is_open=True, copied=_plainly(text, label))


def _plainly(text: str, what: str) -> Callable[[], tuple[str, str]]:
    return lambda: (text, what)


def _error(error: Mapping[str, Any] | None) -> list[Node]:
    if not error:
        return []
    parts = [_words("message", str(error.get("message", "")))]
    for name in ("hint", "cause"):
        if error.get(name):
            parts.append(_words(name, str(error[name])))
    line = error.get("line")
    if isinstance(line, int):
        file = error.get("file")
        short = f"{file}:{line}".rpartition("/")[2] if file else f"line {line}"
        parts.append(Node("place", (file, line), role="place", note=f"{short}  (enter goes there)"))
    if error.get("statement"):
        parts.append(_words("statement", str(error["statement"])))
    for number, other in enumerate(error.get("others") or (), 1):
        parts.append(_words(f"then {number}", f"{other['step']}: {other['type']}: {other['message']}"))
    section = _section("Error", parts, note=str(error.get("type", "")))
    section.copied = lambda: (error_text(error), "error")
    return [section]


def _statements(call: StepCall) -> list[Node]:
    if not call.statements:
        return []
    kept = snapshot(call.statements)
    first = call.statement_count - len(kept) + 1
    nodes = [_statement(number, one) for number, one in enumerate(kept, first)]
    note = f", the last {len(nodes)} of them here" if first > 1 else ""
    return [_section("Statements", nodes, note=f"{call.statement_count:,}{note}", is_open=len(nodes) <= 5)]


def _statement(number: int, statement: Statement) -> Node:
    parts = [Node("text", statement.text, is_open=True, copied=_plainly(statement.text, "statement"))]
    if statement.params is not None:
        parts.append(Node("params", statement.params, is_open=True))
    if statement.error is not None:
        parts.append(_words("error", str(statement.error)))
    rows = "" if statement.rows is None else f"{statement.rows:,} row{'' if statement.rows == 1 else 's'}, "
    failed = "✗ " if statement.error is not None else ""
    note = f"{failed}{statement.connection}  {rows}{duration(statement.ms)}  {' '.join(statement.text[:200].split())}"
    return Node(f"{number}", None, note=note, children=parts, copied=lambda: (statement_text(statement), "statement"))


def _attempts(call: StepCall) -> list[Node]:
    if not call.retries:
        return []
    return [_section("Attempts", [_attempt(one) for one in snapshot(call.retries)], note=f"{call.attempts}")]


def _attempt(attempt: Attempt) -> Node:
    error = attempt.error if isinstance(attempt.error, Mapping) else {"message": attempt.error}
    words = f"✗ {attempt.error_type}: {error.get('message', '')}"
    label = f"{attempt.number} of {attempt.of}"
    parts = _error(error)
    note = f"{words}, then a wait of {duration(attempt.delay * 1000)}"
    return Node(label, None, note=note, children=parts, copied=lambda: (error_text(error), "error"))


def _timing(record: StepRecord, call: StepCall | None) -> list[Node]:
    facts: list[tuple[str, str]] = []
    if call is not None:
        facts.append(("started", _clock(call.started)))
        if call.ended is not None:
            facts.append(("ended", _clock(call.ended)))
        facts.append(("took", duration(call.duration_ms)))
    if record.runs > 1:
        average = duration(record.total_ms / record.runs)
        facts += [("calls", f"{record.runs:,}, {average} each"), ("in all", duration(record.total_ms))]
    if record.failed:
        facts.append(("failed", f"{record.failed:,}"))
    if record.skipped:
        facts.append(("skipped", f"{record.skipped:,} times"))
    if record.branch is not None:
        facts.append(("branch", record.branch))
    if record.iterations_total is not None or record.iterations_done:
        of = "" if record.iterations_total is None else f" of {record.iterations_total:,}"
        facts.append(("iterations", f"{record.iterations_done:,}{of}"))
    rows = [Node(name, text, note=text, copied=_plainly(text, "time")) for name, text in facts]
    return [_section("Timing", rows)] if rows else []


def _clock(time: float) -> str:
    return f"{strftime('%H:%M:%S', localtime(time))}.{int(time * 1000) % 1000:03}"
