"""`flowlang runs prune`, `pin` and `unpin`: which runs stay."""

from __future__ import annotations

from collections.abc import Sequence

from flowlang.cli.arguments import whole_number
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.runs.common import found, journal_at, parser, short_id, summary_data
from flowlang.cli.runs.when import age, shown_time
from flowlang.cli.terminal import one_line


def prune(arguments: Sequence[str]) -> int:
    """Forget old runs."""
    command = parser(
        "prune",
        "Forget old runs. Without --keep and --older-than, those that the project's settings don't keep.\n"
        "Pinned runs and those that are running stay.",
        "flowlang runs prune --older-than 30d --dry-run",
        run=False,
    )
    add = command.add_argument
    add("--keep", metavar="N", type=whole_number(0), help="keep only the latest N runs")
    add("--older-than", metavar="AGE", help="forget what began longer ago: 12h, 30d, 8w")
    add("--dry-run", action="store_true", help="only tell which runs would be forgotten")
    options = command.parse_args(arguments)
    older_than = None if options.older_than is None else age(options.older_than, "--older-than")
    gone = journal_at(options).prune(options.keep, older_than, dry_run=options.dry_run)
    if options.json:
        print_json({"dry_run": options.dry_run, "forgotten": [summary_data(run) for run in gone]})
        return 0
    count = "1 run" if len(gone) == 1 else f"{len(gone)} runs"
    lines = [f"{'would forget' if options.dry_run else 'forgot'} {count if gone else 'nothing'}"]
    if options.dry_run:
        lines += [f"  {short_id(run.run_id)}  {shown_time(run.started)}  {one_line(run.flow)}" for run in gone]
    print_text("\n".join(lines))
    return 0


def pin(arguments: Sequence[str]) -> int:
    """Keep a run for good."""
    return _set_pinned(arguments, "pin", "Keep a run, whatever its age, until it is unpinned.", pinned=True)


def unpin(arguments: Sequence[str]) -> int:
    """Let a run be forgotten in its time."""
    return _set_pinned(arguments, "unpin", "Let a run be forgotten when its time is over.", pinned=False)


def _set_pinned(arguments: Sequence[str], name: str, about: str, *, pinned: bool) -> int:
    options = parser(name, about, f"flowlang runs {name} last").parse_args(arguments)
    journal = journal_at(options)
    run_id = found(journal, options.run).run_id
    (journal.pin if pinned else journal.unpin)(run_id)
    if options.json:
        print_json(summary_data(journal.run(run_id).summary))
    else:
        print_text(f"{one_line(run_id)} is {'kept for good' if pinned else 'kept no longer than others'}")
    return 0
