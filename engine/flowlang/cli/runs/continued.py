"""What is left of a recorded run, or a part of it, run on the command line."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowlang.cli.arguments import pair
from flowlang.cli.headless import Headless, Listener
from flowlang.cli.recorded import resume_command
from flowlang.cli.run_options import Surroundings, inputs_of
from flowlang.cli.standing_in import interceptors_of
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, is_terminal, tell
from flowlang.journal import Journal, RecordedRun
from flowlang.project import TASKS_FILE
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.result import FlowResult

if TYPE_CHECKING:
    from flowlang.journal.continuing import Continuation


def flow_of(journal: Journal, run: RecordedRun) -> str:
    """The file of the flow that a run ran; the project's folder for one that had no file."""
    path = run.summary.path
    return str(journal.root.absolute() if path is None else (journal.root / path).absolute())


def given_inputs(options: Namespace, journal: Journal, run: RecordedRun) -> dict[str, Any]:
    """The inputs on the command line, and on a terminal the secret ones that are asked for."""
    given = inputs_of(options, flow_of(journal, run))
    missing = [name for name in run.masked_inputs if name not in given]
    if missing and can_ask():
        from getpass import getpass

        for name in missing:
            given[name] = getpass(inert(f"{name} (secret): "))
    return given


class Continued:
    """A continuation as something to run without a screen."""

    def __init__(self, continuation: Continuation, options: Namespace) -> None:
        self.flow = flow_of(continuation.journal, continuation.run)
        self._continuation = continuation
        beside = os.path.join(os.path.dirname(self.flow), TASKS_FILE)
        tasks_file = options.tasks_file or (beside if os.path.isfile(beside) else None)
        self._surroundings = Surroundings(options, tasks_file)
        self._options = options

    @property
    def resume(self) -> str | None:
        """The command that runs what is left of it then."""
        recorder = self._continuation.recorder
        return None if recorder is None else resume_command(self._continuation.journal, recorder)

    async def run(self, listener: Listener | None, token: CancellationToken) -> FlowResult:
        """Run it to its end."""
        executor = self._surroundings.executor()
        return await self._continuation.execute(
            executor,
            listener,
            token,
            interceptors=interceptors_of(self._options, self.flow, self._continuation.prepared(executor)),
            timeout=self._options.timeout,
        )


def perform(continuation: Continuation, options: Namespace, prog: str) -> int:
    """Tell what stands in the way and what is about to happen, then let it happen. Raises UsageError for a problem."""
    problems = continuation.problems
    blocking = [problem for problem in problems if problem.blocking]
    if blocking:
        told = [f"  {problem}" for problem in blocking]
        raise UsageError("\n".join(["this stands in the way:", *told]))
    if not options.quiet:
        for problem in problems:
            tell(inert(f"note: {problem}"))
        tell(inert(continuation.summary))
    return 0 if options.dry_run else Headless(Continued(continuation, options), options, prog).perform()


def values_of(pairs: list[str], option: str) -> Mapping[str, Any]:
    """The results in `STEP=JSON`. Raises UsageError for anything else."""
    from json import loads

    found = {}
    for one in pairs:
        path, text = pair(one, option, "STEP=JSON")
        try:
            found[path] = loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{option} {path}: that is no JSON: {text}") from error
    return found


def can_ask() -> bool:
    """Whether somebody sits before the terminal who could answer."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)
