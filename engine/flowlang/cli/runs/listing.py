"""`flowlang runs list`: the runs there were."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final, cast, get_args

from flowlang.cli.arguments import pair, seconds, whole_number
from flowlang.cli.columns import Cell, columns
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.readable import duration
from flowlang.cli.runs.common import journal_at, paint_of, parser, short_id, summary_data
from flowlang.cli.runs.when import moment, shown_time
from flowlang.cli.terminal import Palette, cut, inert, is_terminal, one_line
from flowlang.journal import RunQuery, RunSummary
from flowlang.journal.records import How, RunStatus

#: How many cells a line has where nobody says.
_WIDTH: Final = 120
_NUMBERS: Final = frozenset({4, 5})
_TITLES: Final = ("run", "started", "flow", "status", "took", "steps", "what failed")


def list_runs(arguments: Sequence[str]) -> int:
    """List runs, newest first. Exit code 0, also when there is none."""
    command = parser(
        "list",
        "List the recorded runs of the project, the newest first. Conditions are met all at once.",
        "flowlang runs list --flow orders --status failed --since 2d --input region=eu",
        run=False,
    )
    add = command.add_argument
    add("--flow", metavar="FLOW", help="runs of this flow: its name or its file")
    add("--status", choices=get_args(RunStatus), help="runs that ended so, or are under way so")
    add("--step", metavar="STEP", help="runs that came to this step: its id, or its address (`orders/ship`)")
    add("--text", metavar="TEXT", help="runs with this text in an input, an error, a name or the id")
    add("--input", metavar="KEY=VALUE", action="append", default=[], help="runs with this input; may be repeated")
    add("--since", metavar="TIME", help="runs that began later: a date, a time, or `2h`, `3d` for so long ago")
    add("--until", metavar="TIME", help="runs that began earlier")
    add("--longer", metavar="TIME", type=seconds, help="runs that took longer: 500ms, 5s, 2m")
    add("--pinned", action="store_true", help="pinned runs")
    add("--origin", choices=get_args(How), help="runs that are such a part or copy of another, or were asked for so")
    add(
        "--limit",
        metavar="N",
        type=whole_number(0),
        default=20,
        help="how many are shown at most (default: %(default)s; 0: all)",
    )
    options = command.parse_args(arguments)
    query = _query(options)
    journal = journal_at(options)
    runs = journal.runs(query)
    if options.json:
        print_json([summary_data(run) for run in runs])
        return 0
    if not runs:
        any_there = bool(journal.count(RunQuery(limit=1)))
        print_text(_nothing(inert(str(journal.root)), any_there))
        return 0
    lines = _table(runs, Palette(sys.stdout))
    more = journal.count(query) - len(runs)
    if more > 0:
        lines.append(f"… and {more} more; `--limit {len(runs) + more}` shows them all")
    print_text("\n".join(lines))
    return 0


def _query(options: Namespace) -> RunQuery:
    return RunQuery(
        flow=options.flow,
        status=cast("RunStatus | None", options.status),
        step=options.step,
        text=options.text,
        inputs=dict(pair(one, "--input") for one in options.input),
        since=None if options.since is None else moment(options.since, "--since"),
        until=None if options.until is None else moment(options.until, "--until"),
        longer_than_ms=None if options.longer is None else options.longer * 1000,
        pinned=True if options.pinned else None,
        origin=cast("How | None", options.origin),
        limit=options.limit or None,
    )


def _nothing(root: str, any_there: bool) -> str:
    if any_there:
        return "no run meets all of these conditions"
    return f"no run is recorded in {root} yet; `flowlang run FLOW` records every run of a flow of a project"


def _table(runs: Sequence[RunSummary], palette: Palette) -> list[str]:
    rows = [[Cell(title, palette.faint) for title in _TITLES], *(_row(run, palette) for run in runs)]
    room = (os.get_terminal_size(sys.stdout.fileno()).columns if is_terminal(sys.stdout) else 0) or _WIDTH
    before = max(len(line) for line in columns([[*(Cell(cell.text) for cell in row[:-1]), Cell("|")] for row in rows]))
    for row in rows:
        row[-1] = row[-1]._replace(text=cut(row[-1].text, max(room - before, 8)))
    return columns(rows, _NUMBERS)


def _row(run: RunSummary, palette: Palette) -> list[Cell]:
    notes = [note for note, there in (("pinned", run.pinned), (_origin(run), run.origin is not None)) if there]
    status = run.status + ("" if not run.has_unknown else ", unknown step")
    failed = ": ".join(one_line(part) for part in (run.failed_step, run.error) if part)
    return [
        Cell(one_line(short_id(run.run_id)), palette.strong),
        Cell(shown_time(run.started)),
        Cell(cut(one_line(run.flow), 40)),
        Cell(status, paint_of(run.status, palette)),
        Cell(duration(run.duration_ms)),
        Cell(str(run.steps)),
        Cell(" · ".join([*([failed] if failed else []), *notes])),
    ]


def _origin(run: RunSummary) -> str:
    origin = run.origin
    if origin is None or origin.run_id is None:
        return "" if origin is None else origin.how
    return f"{origin.how} from {one_line(short_id(origin.run_id))}"
