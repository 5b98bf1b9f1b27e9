"""What is copied: the true text of what is shown, with secrets as masked as they came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.message import Message

from flowlang.values import to_json
from flowlang_tui.session.log_store import LogLine
from flowlang_tui.session.step_records import Statement


class CopyAsked(Message):
    """`text` is to be copied; `what` it is, for the person who asked, as in "a statement"."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what


def line_text(line: LogLine) -> str:
    """A line of a log without the sign in front."""
    return line.text[2:]


def value_text(value: Any) -> str:
    """A value as JSON."""
    return to_json(value, indent=2)


def statement_text(statement: Statement) -> str:
    """A statement as it was sent, its parameters after it as a comment where it has any."""
    if statement.params is None:
        return statement.text
    return f"{statement.text}\n-- parameters: {to_json(statement.params)}"


def error_text(error: Mapping[str, Any]) -> str:
    """Everything that an error says, a line for each part."""
    parts = [f"{error.get('type', 'error')}: {error.get('message', '')}"]
    if error.get("hint"):
        parts.append(f"hint: {error['hint']}")
    if error.get("cause"):
        parts += [f"caused by {line}" for line in str(error["cause"]).splitlines()]
    if error.get("file"):
        parts.append(f"at {error['file']}:{error.get('line')}:{error.get('column')}")
    if error.get("step"):
        parts.append(f"in step {error['step']}, attempt {error.get('attempts')}")
    if error.get("statement"):
        parts.append(f"statement: {error['statement']}")
    if error.get("inputs") is not None:
        parts.append(f"inputs: {to_json(error['inputs'])}")
    return "\n".join(parts)
