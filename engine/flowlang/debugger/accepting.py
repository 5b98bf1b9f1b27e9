"""Writing what was changed by hand into the flow's text."""

from __future__ import annotations

from flowlang.debugger.changes import Change
from flowlang.debugger.errors import DebuggerError
from flowlang.language.assist.edits import TextEdit


def accept(change: Change, text: str) -> list[TextEdit]:
    """The smallest edits that write a change into the text. Raises DebuggerError where it has no place there."""
    raise DebuggerError(f"`{change.what}` has no place in the text", hint="pin the step's output instead")
