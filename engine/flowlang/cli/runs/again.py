"""`flowlang runs resume` and `rerun`: a recorded run goes on, or a part of it runs again."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowlang.cli.arguments import Parser
from flowlang.cli.run_options import EXIT_CODES, add_input_options, add_output_options, add_surroundings_options
from flowlang.cli.runs.common import found, journal_at, parser
from flowlang.cli.runs.continued import can_ask, flow_of, given_inputs, perform, values_of
from flowlang.cli.runs.showing import execution
from flowlang.cli.standing_in import add_options
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import Palette, inert, tell
from flowlang.journal import Journal, RecordedRun, RecordedStep, RunQuery
from flowlang.journal.homes import journal_of
from flowlang.journal.problems import Choice, Choices
from flowlang.project import Project
from flowlang.runtime.paths import address_of

#: As a step: every one that nobody named.
_EVERY: Final = ("all", "*")


def resume(arguments: Sequence[str]) -> int:
    """Run what is left of a run, and give back the exit code of `flowlang run`."""
    command = parser(
        "resume",
        "Go on with a run that was interrupted, cancelled or failed: what it completed is taken from the\n"
        "journal, the rest runs, under the same id. A step that was under way when the process died runs\n"
        "again by itself only if it says `idempotent: true` or `exactly_once: true`.",
        "flowlang runs resume last --retry charge",
        exit_codes=EXIT_CODES,
    )
    add = command.add_argument
    for choice, about in (
        ("retry", "run this step again that was under way when the process died; `all`: each of them"),
        ("skip", "leave this step out, its result is null"),
        ("verify", "look at this step first, and choose then"),
    ):
        add(f"--{choice}", metavar="STEP", action="append", default=[], help=about)
    _add_common(command)
    options = command.parse_args(arguments)
    _set_form(options)
    journal = journal_at(options)
    return _resume(options, journal, found(journal, options.run), "flowlang runs resume")


def resume_of_flow(options: Namespace, project: Project, prog: str) -> int:
    """Go on with a run of one flow: what `flowlang run FLOW --resume RUN` does."""
    main = os.path.realpath(project.main)
    journal = journal_of(Path(project.root))
    run = found(journal, options.resume, RunQuery(flow=os.path.relpath(main, os.path.realpath(journal.root))))
    if os.path.realpath(flow_of(journal, run)) != main:
        raise UsageError(
            f"{run.run_id} is a run of `{run.summary.flow}`, not of the flow in {project.main}",
            hint=f"flowlang runs resume {run.run_id}",
        )
    if options.no_journal:
        raise UsageError("--no-journal does not go with --resume: what is done is recorded as part of the run")
    options.as_it_was = options.dry_run = False
    return _resume(options, journal, run, prog)


def _resume(options: Namespace, journal: Journal, run: RecordedRun, prog: str) -> int:
    from flowlang.journal.resuming import Resumption

    resumption = Resumption(
        journal,
        run.run_id,
        inputs=given_inputs(options, journal, run),
        on_unknown=_choices(options),
        as_it_was=options.as_it_was,
    )
    if options.sandbox and not options.quiet:
        tell("for trial: nothing of it is recorded, and the run can be resumed as before")
    return perform(resumption, options, prog)


def rerun(arguments: Sequence[str]) -> int:
    """Run a part of a run again, and give back the exit code of `flowlang run`."""
    command = parser(
        "rerun",
        "Run again from a step of a run, as a new run: what came before the step is taken from the journal,\n"
        "so that none of it takes effect again. In a loop name the iteration: `orders[3]/ship`.",
        "flowlang runs rerun last --from charge --set 'fetch={\"rows\": []}'",
        exit_codes=EXIT_CODES,
    )
    add = command.add_argument
    add("--from", dest="from_step", metavar="STEP", help="the step to begin with")
    add("--only", action="store_true", help="run that step and end")
    add("--until", metavar="STEP", help="end after this step; without --from all runs up to there")
    add("--set", metavar="STEP=JSON", action="append", default=[], help="a result instead of the recorded one")
    _add_common(command)
    options = command.parse_args(arguments)
    if options.from_step is None and options.until is None:
        raise UsageError("--from or --until is missing", hint="`flowlang run FLOW` runs all of a flow.")
    if options.only and (options.from_step is None or options.until is not None):
        raise UsageError("--only belongs to --from alone")
    from flowlang.journal.rerun import Rerun

    _set_form(options)
    journal = journal_at(options)
    run = found(journal, options.run)
    again = Rerun(
        journal,
        run.run_id,
        from_step=options.from_step,
        only=options.only,
        until=options.until,
        outputs=values_of(options.set, "--set"),
        as_it_was=options.as_it_was,
        inputs=given_inputs(options, journal, run),
    )
    return perform(again, options, "flowlang runs rerun")


def _add_common(command: Parser) -> None:
    add = command.add_argument
    add("--as-it-was", action="store_true", help="with the text of the flow that ran (default: the file as it is now)")
    add("--dry-run", action="store_true", help="only tell what would run, and what stands in the way")
    add_input_options(command)
    add_surroundings_options(command)
    add_output_options(command)
    add_options(command)


def _set_form(options: Namespace) -> None:
    """`--json` is another name of `--output json` here."""
    if options.json:
        options.output = "json"


def _choices(options: Namespace) -> Choices | None:
    """What becomes of steps of which nobody knows whether they took effect."""
    named: dict[str, Choice] = {}
    choices: tuple[Choice, ...] = ("retry", "skip", "verify")
    for choice in choices:
        for step in getattr(options, choice, []):
            named["*" if step in _EVERY else step] = choice
    if named == {"*": "retry"}:
        return "retry"

    def choose(step: RecordedStep) -> Choice | None:
        chosen = named.get(step.path) or named.get(address_of(step.path)) or named.get(step.step_id) or named.get("*")
        if chosen in ("retry", "skip"):
            return chosen
        return _asked(step) if chosen == "verify" or can_ask() else None

    return choose


def _asked(step: RecordedStep) -> Choice | None:
    """Show what is known of a step, and ask, where somebody can answer."""
    tell("\n".join(execution(step, statements=True, palette=Palette(sys.stderr))))
    while can_ask():
        tell(inert(f"Nobody knows whether `{step.path}` took effect. [r]un it again, [s]kip it, or [e]nd here?"))
        answer = sys.stdin.readline().strip().lower()
        if answer in ("r", "run", "retry"):
            return "retry"
        if answer in ("s", "skip"):
            return "skip"
        if answer in ("", "e", "end"):
            break
    return None
