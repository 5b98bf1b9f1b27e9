"""`flowlang runs diff`: what two runs did differently."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from flowlang.cli.columns import Cell, columns
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.readable import duration
from flowlang.cli.runs.common import RUN_HELP, found, journal_at, paint_of, parser, short_id
from flowlang.cli.runs.when import shown_time
from flowlang.cli.terminal import Palette, cut, inert, one_line
from flowlang.journal import RunSummary
from flowlang.journal.compare import Comparison, Difference, Figures, compare
from flowlang.journal.compare_values import Change
from flowlang.values import to_json

_ROOM: Final = 60
#: How many lines each part of the report has at most.
MOST: Final = 100

_FIRST: Final = {
    "inputs": "inputs",
    "branch": "branch",
    "status": "how it ended",
    "result": "result",
    "error": "error",
    "outputs": "outputs",
    "ending": "how the run ended",
}


def diff(arguments: Sequence[str]) -> int:
    """Compare two runs. Exit code 0 when they did the same, 1 when they did not."""
    command = parser(
        "diff",
        "Tell what the second run did differently from the first: the first difference, then values,\n"
        "branches, timings, row counts and the definition.",
        "flowlang runs diff last~1 last",
        exit_codes={
            0: "the runs did the same, whatever time they took",
            1: "they differ",
            2: "the call is invalid",
        },
        run=False,
    )
    command.add_argument("before", metavar="RUN", help=RUN_HELP)
    command.add_argument("after", metavar="RUN", help="the run that is compared with it")
    options = command.parse_args(arguments)
    journal = journal_at(options)
    comparison = compare(found(journal, options.before), found(journal, options.after))
    if options.json:
        print_json(comparison.to_dict())
    else:
        print_text("\n".join(report(comparison, Palette(sys.stdout))))
    return 0 if comparison.same else 1


def report(comparison: Comparison, palette: Palette) -> Iterator[str]:
    """The comparison for a person, line by line; parts without a difference are left out."""
    runs = (("a", comparison.before), ("b", comparison.after))
    yield from columns([_run(name, run, palette) for name, run in runs])
    yield ""
    if comparison.first is None:
        yield palette.good("The runs did the same.")
    else:
        yield palette.strong("first difference")
        yield from (f"  {line}" for line in _first(comparison.first))
    parts = (
        ("by hand", list(_by_hand(comparison))),
        ("inputs", list(_inputs(comparison, palette))),
        ("values", list(_values(comparison, palette))),
        ("outputs", list(_changes(comparison.outputs, palette))),
        ("error", list(_errors(comparison))),
        ("only in a", [one_line(path) for path in comparison.missing]),
        ("only in b", [one_line(path) for path in comparison.added]),
        ("branches", [_arrow(one.path, str(one.before), str(one.after), palette) for one in comparison.branches]),
        ("timings", _figures(comparison.timings, duration, palette)),
        ("rows", _figures(comparison.rows, lambda rows: f"{rows:g}", palette)),
        ("definition", list(_definition(comparison, palette))),
    )
    for title, lines in parts:
        if lines:
            yield ""
            yield palette.strong(title)
            yield from (f"  {line}" for line in lines[:MOST])
            if len(lines) > MOST:
                yield f"  … and {len(lines) - MOST} more lines; --json has all of them"


def _run(name: str, run: RunSummary, palette: Palette) -> list[Cell]:
    return [
        Cell(name, palette.faint),
        Cell(short_id(run.run_id), palette.strong),
        Cell(shown_time(run.started)),
        Cell(one_line(run.flow)),
        Cell(run.status, paint_of(run.status, palette)),
        Cell(duration(run.duration_ms)),
    ]


def _first(first: Difference) -> Iterator[str]:
    if first.what == "missing":
        yield f"step `{one_line(first.path)}`: a came to it, b did not"
        return
    if first.what == "added":
        yield f"step `{one_line(first.path)}`: b came to it, a did not"
        return
    where = f"step `{one_line(first.path)}`, " if first.path else ""
    at = f" at {one_line(first.at)}" if first.at else ""
    yield f"{where}{_FIRST[first.what]}{at}"
    yield f"  a: {_shown(first.before, 400) if first.kind != 'added' else 'nothing'}"
    yield f"  b: {_shown(first.after, 400) if first.kind != 'removed' else 'nothing'}"


def _by_hand(comparison: Comparison) -> Iterator[str]:
    for name, changes in (("a", comparison.by_hand.before), ("b", comparison.by_hand.after)):
        yield from (f"{name}  {one_line(change.path)}  {one_line(change.words)}" for change in changes)


def _inputs(comparison: Comparison, palette: Palette) -> Iterator[str]:
    for change, line in zip(comparison.inputs, _changes(comparison.inputs, palette), strict=True):
        name = re.split(r"[.\[]", change.at, maxsplit=1)[0]
        sides = (("a", comparison.defaults.before), ("b", comparison.defaults.after))
        of_default = " and ".join(side for side, defaults in sides if name in defaults)
        yield f"{line}  {palette.faint(f'({of_default}: the default)')}" if of_default else line


def _values(comparison: Comparison, palette: Palette) -> Iterator[str]:
    for step in comparison.values:
        again = f", time {step.occurrence}" if step.occurrence > 1 else ""
        yield f"{one_line(step.path)}{again}  {palette.faint(f'{one_line(step.flow)}:{step.line}')}"
        if step.status[0] != step.status[1]:
            yield f"  {_arrow('status', *step.status, palette)}"
        for title, changed in (("inputs", step.inputs), ("result", step.outputs), ("error", step.error)):
            yield from (f"  {line}" for line in _changes(changed, palette, title))


def _errors(comparison: Comparison) -> Iterator[str]:
    if comparison.error:
        for name, run in (("a", comparison.before), ("b", comparison.after)):
            step = f", step `{one_line(run.failed_step)}`" if run.failed_step else ""
            yield f"{name}: {one_line(f'{run.error_type}: {run.error}')}{step}" if run.error else f"{name}: none"


def _changes(changed: Sequence[Change], palette: Palette, title: str = "") -> Iterator[str]:
    for change in changed:
        at = f"{title}{'' if change.at.startswith('[') or not title or not change.at else '.'}{change.at}"
        name = one_line(at or "value")
        if change.kind == "changed":
            yield _arrow(name, _shown(change.before), _shown(change.after), palette)
        elif change.kind == "removed":
            yield f"{name}  {palette.bad('−')} {_shown(change.before)}"
        else:
            yield f"{name}  {palette.good('+')} {_shown(change.after)}"


def _arrow(name: str, before: str, after: str, palette: Palette) -> str:
    return f"{name}  {one_line(before)} {palette.faint('→')} {one_line(after)}"


def _figures(figures: Sequence[Figures], shown: Any, palette: Palette) -> list[str]:
    def cell(value: float | None) -> Cell:
        return Cell("–" if value is None else shown(value))

    rows = [
        [Cell(one_line(one.address)), cell(one.before), Cell("→", palette.faint), cell(one.after)] for one in figures
    ]
    return columns(rows, (1, 3))


def _definition(comparison: Comparison, palette: Palette) -> Iterator[str]:
    for file in comparison.definition:
        for line in file.diff:
            paint = {"+": palette.good, "-": palette.bad, "@": palette.faint}.get(line[:1])
            text = one_line(line)
            yield text if paint is None else paint(text)


def _shown(value: Any, room: int = _ROOM) -> str:
    return cut(inert(to_json(value)).replace("\n", " "), room)
