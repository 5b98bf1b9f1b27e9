"""What the session tells whoever shows it: one small type for each thing that can change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from flowlang.language.diagnostics import Diagnostic
from flowlang_tui.session.checking import Checked
from flowlang_tui.session.documents import Document
from flowlang_tui.session.records import RunRecord


class FilesChanged(NamedTuple):
    """Files came, went, or changed their kind."""


class DocumentOpened(NamedTuple):
    """A file was opened, or asked for again."""

    document: Document


class DocumentClosed(NamedTuple):
    """A file is not open any more."""

    path: Path


class DocumentChanged(NamedTuple):
    """A document has another text, from elsewhere than the editor; or was saved."""

    document: Document


class DocumentConflict(NamedTuple):
    """The file of a document with changes was changed by somebody else."""

    document: Document


class FlowChecked(NamedTuple):
    """A flow was checked."""

    checked: Checked


class TasksChanged(NamedTuple):
    """Task files were loaded again, or failed to."""


class RunStarted(NamedTuple):
    """A run was begun."""

    record: RunRecord


class RunEnded(NamedTuple):
    """A run is over."""

    record: RunRecord


class RunRefused(NamedTuple):
    """A flow cannot run as it is: `message` says why, and `problems` where, if its text is to blame."""

    path: Path
    message: str
    problems: tuple[Diagnostic, ...] = ()


class WatchChanged(NamedTuple):
    """Watch mode was switched."""

    on: bool


class StopsChanged(NamedTuple):
    """The run stands elsewhere, goes on, or another of its stops was chosen; or what is seen there changed."""


class BreakpointsChanged(NamedTuple):
    """Breakpoints came, went, or stop at something else."""


class Told(NamedTuple):
    """Something to tell in a line."""

    message: str
    severity: Literal["information", "warning", "error"] = "information"


Notice = (
    FilesChanged
    | DocumentOpened
    | DocumentClosed
    | DocumentChanged
    | DocumentConflict
    | FlowChecked
    | TasksChanged
    | RunStarted
    | RunEnded
    | RunRefused
    | WatchChanged
    | StopsChanged
    | BreakpointsChanged
    | Told
)

#: Brings a call into the screen's thread.
Post = Callable[[Callable[[], object]], object]
#: Is told of every change.
Listener = Callable[[Notice], None]
