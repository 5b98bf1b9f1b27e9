"""The journal: every run of a project written down while it happens, kept, found, compared and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal as Journal
    from flowlang.journal.problems import (
        ReplayError as ReplayError,
    )
    from flowlang.journal.problems import (
        ReplayProblem as ReplayProblem,
    )
    from flowlang.journal.recording import RunRecorder as RunRecorder
    from flowlang.journal.records import (
        Origin as Origin,
    )
    from flowlang.journal.records import (
        RecordedRun as RecordedRun,
    )
    from flowlang.journal.records import (
        RecordedStep as RecordedStep,
    )
    from flowlang.journal.records import (
        RunQuery as RunQuery,
    )
    from flowlang.journal.records import (
        RunSummary as RunSummary,
    )
    from flowlang.journal.rerun import Rerun as Rerun
    from flowlang.journal.resuming import Resumption as Resumption

_HOMES = {
    "Journal": "journal",
    "Origin": "records",
    "RecordedRun": "records",
    "RecordedStep": "records",
    "ReplayError": "problems",
    "ReplayProblem": "problems",
    "Rerun": "rerun",
    "Resumption": "resuming",
    "RunQuery": "records",
    "RunRecorder": "recording",
    "RunSummary": "records",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'flowlang.journal' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"flowlang.journal.{home}"), name)
    globals()[name] = value
    return value
