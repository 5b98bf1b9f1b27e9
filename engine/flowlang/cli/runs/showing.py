"""`flowlang runs show`: what a run did, step by step."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flowlang.cli.failure import failure_text
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.readable import duration, readable
from flowlang.cli.runs.common import found, journal_at, paint_of, parser, summary_data
from flowlang.cli.runs.tree import SIGNS, tree
from flowlang.cli.runs.when import shown_time
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import Palette, inert, one_line
from flowlang.journal import RecordedRun, RecordedStep, RunSummary
from flowlang.journal.by_hand import by_hand
from flowlang.language.diagnostics import did_you_mean
from flowlang.runtime.paths import address_of
from flowlang.values import plain, to_json

#: How many executions of one step are told in full.
MOST: Final = 20

_ENDINGS: Final = {
    "queued": "is waiting",
    "running": "is running, for",
    "succeeded": "succeeded in",
    "terminated": "ended early after",
    "failed": "failed after",
    "cancelled": "was cancelled after",
    "interrupted": "was interrupted after",
}


def show(arguments: Sequence[str]) -> int:
    """Show a run. Exit code 0, however the run ended."""
    command = parser(
        "show",
        "Show what a run did: its steps with their times, and of a failure everything that is known.",
        "flowlang runs show last --step 'orders[3]/ship' --statements",
    )
    add = command.add_argument
    add("--step", metavar="PATH", help="only this step, in full: `orders[3]/ship`, or `orders/ship` for each iteration")
    add("--statements", action="store_true", help="the statements that were sent to databases")
    add("--events", action="store_true", help="everything that was told, event by event")
    options = command.parse_args(arguments)
    run = found(journal_at(options), options.run)
    steps = run.steps()
    if options.step is not None:
        steps = _at(steps, options.step)
    if options.json:
        told = _data(run, steps)
        print_json(told | {"events": list(_events(run, options.step))} if options.events else told)
        return 0
    palette = Palette(sys.stdout)
    if options.events:
        print_text("\n".join(_event_line(event) for event in _events(run, options.step)) or "nothing was told")
    elif options.step is not None:
        print_text("\n".join(_executions(run, steps, options.statements, palette)))
    else:
        print_text("\n".join(_report(run, steps, options.statements, palette)))
    return 0


def _at(steps: Sequence[RecordedStep], path: str) -> list[RecordedStep]:
    """The executions of a step, by their path, or by an address without numbers of iterations."""
    exact = [step for step in steps if step.path == path]
    meant = exact or [step for step in steps if path in (address_of(step.path), step.step_id)]
    if meant:
        return meant
    ask = did_you_mean(path, {step.path for step in steps} | {address_of(step.path) for step in steps})
    raise UsageError(f"the run came to no step `{path}`{ask}", hint="`flowlang runs show RUN` lists its steps.")


def _report(run: RecordedRun, steps: Sequence[RecordedStep], statements: bool, palette: Palette) -> list[str]:
    summary = run.summary
    lines = [_headline(summary, palette), *(f"  {line}" for line in _about(run))]
    if run.error is not None:
        lines += ["", *failure_text(run.error, palette).split("\n")]
    inputs, defaults = _given(run), _defaults(run)
    if inputs:
        lines += ["", palette.strong("inputs"), *readable(plain(inputs), 2)]
    if defaults:
        lines += ["", palette.strong("inputs that nobody gave"), *readable(defaults, 2)]
    if run.outputs:
        lines += ["", palette.strong("outputs"), *readable(plain(run.outputs), 2)]
    if steps:
        lines += ["", palette.strong("steps"), *(f"  {line}" for line in tree(steps, palette))]
    hands = [f"  {one_line(change.path)}  {one_line(change.words)}" for change in by_hand(run)]
    if hands:
        lines += ["", palette.strong("by hand"), *hands]
    if statements:
        sent = [line for step in steps for line in _sent(step, palette)]
        lines += ["", palette.strong("statements"), *(sent or ["  none were sent"])]
    return lines


def _headline(summary: RunSummary, palette: Palette) -> str:
    ending = f"{_ENDINGS[summary.status]} {duration(summary.duration_ms)}"
    count = "1 step" if summary.steps == 1 else f"{summary.steps} steps"
    paint = paint_of(summary.status, palette)
    return f"{palette.strong(one_line(summary.flow))} {paint(ending)} ({count})"


def _about(run: RecordedRun) -> Iterator[str]:
    summary = run.summary
    yield f"run      {one_line(summary.run_id)}{' · pinned' if summary.pinned else ''}"
    yield f"started  {shown_time(summary.started)}"
    if summary.path is not None:
        yield f"file     {one_line(summary.path)}"
    origin = summary.origin
    if origin is not None:
        where = "" if origin.from_step is None else f" at `{one_line(origin.from_step)}`"
        other = "" if origin.run_id is None else f" from {one_line(origin.run_id)}"
        yield f"origin   {origin.how}{other}{where}{_extent(run)}"
    if summary.sessions > 1:
        yield f"sessions {summary.sessions}"
    if summary.has_unknown:
        yield "unknown  a step was under way when the process died; nobody knows whether it took effect"
    if summary.gap is not None:
        yield f"gap      {one_line(summary.gap)}"
    if summary.status in ("interrupted", "failed", "cancelled"):
        yield f"resume   flowlang runs resume {one_line(summary.run_id)}"


def _given(run: RecordedRun) -> dict[str, Any]:
    """The inputs that were given; those of which nobody keeps the value as they were shown."""
    return {**run.inputs, **{name: run.summary.inputs.get(name) for name in run.masked_inputs}}


def _defaults(run: RecordedRun) -> dict[str, Any]:
    """The inputs that had their defaults, where there is one."""
    given = {*run.inputs, *run.masked_inputs}
    return {name: value for name, value in run.summary.inputs.items() if name not in given and value is not None}


def _extent(run: RecordedRun) -> str:
    """How far a rerun was to go."""
    extent = run.sessions()[0].extent
    if extent is None or extent.until is None:
        return ""
    return ", only that step" if extent.only else f", until `{one_line(extent.until)}`"


def _executions(run: RecordedRun, steps: Sequence[RecordedStep], statements: bool, palette: Palette) -> Iterator[str]:
    yield f"{_headline(run.summary, palette)}"
    for step in steps[:MOST]:
        yield ""
        yield from execution(step, statements, palette)
    if len(steps) > MOST:
        yield ""
        yield f"… and {len(steps) - MOST} more executions; name one as in `{one_line(steps[-1].path)}`"


def execution(step: RecordedStep, statements: bool, palette: Palette) -> Iterator[str]:
    """One execution of a step in full."""
    paint = paint_of(step.status, palette)
    facts = [step.status + (" (handled)" if step.handled else ""), duration(step.duration_ms)]
    if step.attempts > 1:
        facts.append(f"{step.attempts} attempts")
    if step.answered_by is not None:
        facts.append(f"answered by {step.answered_by}")
    if step.branch is not None:
        facts.append(f"took `{one_line(step.branch)}`")
    yield f"{paint(SIGNS.get(step.status, '·'))} {palette.strong(one_line(step.path))}  {', '.join(facts)}"
    yield f"  {palette.faint('at')} {one_line(step.flow)}:{step.line}, {one_line(step.task or step.kind)}"
    if step.inputs and step.error is None:
        yield from _section("inputs", readable(plain(step.inputs), 4), palette)
    if step.outputs is not None:
        yield from _section("output", readable(plain(step.outputs), 4), palette)
    if step.why_not is not None:
        yield f"  {palette.faint('not kept')} {one_line(step.why_not)}"
    for retry in step.retries:
        yield f"  {palette.warn('retried')} {_message(retry.get('error'), retry.get('error_type'))}"
    if step.error is not None:
        yield from (f"  {line}" for line in failure_text(step.error, palette).split("\n"))
    if statements:
        yield from _section("statements", list(_sent(step, palette, named=False)) or ["    none were sent"], palette)
    elif step.statements:
        count = len(step.statements)
        yield f"  {palette.faint('sent')} {count} statement{'s' if count > 1 else ''}; --statements shows them"


def _section(title: str, lines: Iterable[str], palette: Palette) -> Iterator[str]:
    yield f"  {palette.strong(title)}"
    yield from lines


def _sent(step: RecordedStep, palette: Palette, *, named: bool = True) -> Iterator[str]:
    for statement in step.statements:
        facts = [step.path] if named else []
        if statement.get("rows") is not None:
            facts.append(f"{statement['rows']} rows")
        if statement.get("ms") is not None:
            facts.append(duration(statement["ms"]))
        yield f"    {palette.faint(one_line(', '.join(facts)))}"
        yield from (f"      {line}" for line in inert(str(statement.get("text", ""))).strip().split("\n"))
        if statement.get("params"):
            yield f"      {palette.faint(one_line(to_json(statement['params'])))}"
        if statement.get("error"):
            yield f"      {palette.bad(_message(statement['error'], None))}"


def _message(error: Any, kind: str | None) -> str:
    message = error.get("message") if isinstance(error, Mapping) else error
    return one_line(": ".join(str(part) for part in (kind, message) if part))


def _events(run: RecordedRun, path: str | None) -> Iterator[dict[str, Any]]:
    for event in run.events():
        at = event.get("path")
        if path is None or (at is not None and path in (at, address_of(at))):
            yield event


def _event_line(event: Mapping[str, Any]) -> str:
    told = {
        name: value
        for name, value in event.items()
        if name not in ("type", "run_id", "seq", "timestamp", "flow", "path", "step_id", "kind", "line")
        and value is not None
    }
    facts = " ".join(f"{name}={to_json(value)}" for name, value in told.items())
    clock = shown_time(event["timestamp"]).partition(" ")[2] + f"{event['timestamp'] % 1:.3f}"[1:5]
    return one_line(" ".join(part for part in (clock, event["type"], event.get("path"), facts) if part))


def _data(run: RecordedRun, steps: Sequence[RecordedStep]) -> dict[str, Any]:
    return summary_data(run.summary) | {
        "inputs": run.inputs,
        "defaults": _defaults(run),
        "masked_inputs": list(run.masked_inputs),
        "outputs": run.outputs,
        "error": run.error,
        "definition": dict(run.definition),
        "steps": [{name: getattr(step, name) for name in step.__dataclass_fields__} for step in steps],
    }
