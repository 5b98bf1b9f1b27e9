"""What the commands about recorded runs have in common: the journal, and how a run is named."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flowlang.cli.arguments import Parser
from flowlang.cli.runs.when import iso_time
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import Palette
from flowlang.journal import Journal, RecordedRun, RunQuery, RunSummary
from flowlang.project import Project

_LAST: Final = re.compile(r"last(-failed)?(?:~([0-9]{1,9}))?")

#: How a run's id is explained wherever it is asked for.
RUN_HELP: Final = "an id or its beginning, the short id that `list` shows, `last`, `last~1`, `last-failed`"


def parser(
    command: str,
    description: str,
    *examples: str,
    exit_codes: Mapping[int, str] | None = None,
    run: bool = True,
) -> Parser:
    """The parser of one of the commands, which all take `--project` and `--json`."""
    made = Parser(f"flowlang runs {command}", description, *examples, exit_codes=exit_codes)
    if run:
        made.add_argument("run", metavar="RUN", help=RUN_HELP)
    made.add_argument(
        "--project", metavar="PATH", default=os.curdir, help="the project's folder (default: the current one's)"
    )
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def journal_at(options: Namespace) -> Journal:
    """The journal of the project that the options name."""
    from flowlang.journal.homes import journal_of

    return journal_of(Path(Project(options.project).root))


def found(journal: Journal, reference: str, among: RunQuery | None = None) -> RecordedRun:
    """The run that a person means; `last` is that of `among`. Raises RunNotFoundError, or UsageError for `last`."""
    last = _LAST.fullmatch(reference)
    if last is None:
        return journal.run(reference)
    failed, back = last[1] is not None, int(last[2] or 0)
    query = replace(among or RunQuery(), limit=1, offset=back)
    if failed:
        query = replace(query, status="failed")
    summaries = journal.runs(query)
    if summaries:
        return journal.run(summaries[0].run_id)
    kind = "run that failed" if failed else "run"
    there = journal.count(query)
    raise UsageError(
        f"{reference}: only {there} such runs are recorded in {journal.root}"
        if there
        else f"{reference}: no {kind} is recorded in {journal.root}",
        hint="`flowlang runs list` shows what is there.",
    )


def short_id(run_id: str) -> str:
    """The end of an id, by which a person can name the run."""
    return run_id.rpartition("-")[2]


def summary_data(summary: RunSummary) -> dict[str, Any]:
    """A run's summary for programs; `started` and `ended` are ISO 8601 text."""
    origin = summary.origin
    return {name: getattr(summary, name) for name in summary.__dataclass_fields__} | {
        "started": iso_time(summary.started),
        "ended": None if summary.ended is None else iso_time(summary.ended),
        "origin": None if origin is None else {name: getattr(origin, name) for name in origin.__dataclass_fields__},
    }


def paint_of(status: str, palette: Palette) -> Callable[[str], str]:
    """The colour of a run's or a step's status."""
    if status in ("succeeded", "terminated"):
        return palette.good
    if status in ("failed", "unknown"):
        return palette.bad
    return palette.faint if status == "skipped" else palette.warn
