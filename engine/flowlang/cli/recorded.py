"""The journal of the project to which a flow belongs, for a run on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flowlang.language.lookup import find_root

if TYPE_CHECKING:
    from flowlang.journal import Journal, RunRecorder


def journal_for(flow: str) -> Journal | None:
    """The journal that a run of the flow in this file goes into; None where none is wanted."""
    from flowlang.journal.homes import journal_of

    journal = journal_of(find_root(Path(flow)))
    return journal if journal.is_wanted else None


def resume_command(journal: Journal, recorder: RunRecorder) -> str | None:
    """The command that runs what is left of a run, to be called in the current folder. None for a run not recorded."""
    if recorder.run_id is None or recorder.problem is not None:
        return None
    return command_for(journal, "resume", recorder.run_id)


def command_for(journal: Journal, command: str, run_id: str) -> str:
    """A command about a run, to be called in the current folder."""
    words = f"flowlang runs {command} {run_id}"
    if os.path.samefile(find_root(Path.cwd()), journal.root):
        return words
    from shlex import quote

    return f"{words} --project {quote(os.path.relpath(journal.root))}"
