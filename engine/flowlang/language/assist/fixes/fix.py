"""One way to mend a problem."""

from __future__ import annotations

from typing import Literal, NamedTuple

from flowlang.language.assist.edits import TextEdit


class Fix(NamedTuple):
    """One way to mend a problem. Where an edit of this text is not enough, `action` says what to do instead, or too.

    Actions are `create-task` and `open-task` with the name of the task, `create-flow` with that of the flow.
    """

    title: str
    edits: list[TextEdit]
    action: tuple[Literal["create-task", "open-task", "create-flow"], str] | None = None
