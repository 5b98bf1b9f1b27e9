"""`flowlang runs export` and `import`: a run as a file that another person can open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowlang.cli.printing import print_json, print_text
from flowlang.cli.runs.common import found, journal_at, parser, summary_data
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import one_line


def export(arguments: Sequence[str]) -> int:
    """Write a run to a file."""
    command = parser(
        "export",
        "Write a run to a file: its definition, what was told while it ran, its values. Secrets are masked in\n"
        "it, and it names no folder of this machine.",
        "flowlang runs export last-failed failed.zip",
    )
    command.add_argument("file", metavar="FILE", help="the file to write")
    options = command.parse_args(arguments)
    if Path(options.file).is_dir():
        raise UsageError(f"{options.file} is a folder, not a file to write to")
    if not Path(options.file).absolute().parent.is_dir():
        raise UsageError(f"{options.file}: there is no such folder")
    journal = journal_at(options)
    run = found(journal, options.run)
    path = journal.export(run.run_id, Path(options.file))
    if options.json:
        print_json(summary_data(run.summary) | {"file": str(path)})
    else:
        print_text(f"{one_line(run.run_id)} is in {one_line(str(path))}; `flowlang runs import` takes it in")
    return 0


def import_(arguments: Sequence[str]) -> int:
    """Take in a run from a file."""
    command = parser(
        "import",
        "Take in a run that was exported, so that it can be shown, compared and run again.",
        "flowlang runs import failed.zip",
        run=False,
    )
    command.add_argument("file", metavar="FILE", help="a file that `flowlang runs export` wrote")
    options = command.parse_args(arguments)
    if not Path(options.file).is_file():
        raise UsageError(f"there is no file {options.file}")
    summary = journal_at(options).import_bundle(Path(options.file))
    if options.json:
        print_json(summary_data(summary))
    else:
        print_text(f"{one_line(summary.run_id)}: a run of {one_line(summary.flow)}, which {summary.status}")
    return 0
