"""`flowlang run`, which is `flowlang-tui --run` too: runs a flow and prints its result."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowlang.cli.arguments import FLOW_HELP, Parser
from flowlang.cli.headless import Headless, Listener
from flowlang.cli.recorded import command_for, journal_for, resume_command
from flowlang.cli.run_options import (
    EXIT_CODES,
    Surroundings,
    add_input_options,
    add_journal_option,
    add_output_options,
    add_surroundings_options,
    inputs_of,
)
from flowlang.cli.standing_in import add_options, interceptors_of
from flowlang.project import Project
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.executor import FlowExecutor
from flowlang.runtime.result import FlowResult

if TYPE_CHECKING:
    from flowlang.journal import RecordedRun
    from flowlang.runtime.interception import Interceptor


def main(arguments: Sequence[str], prog: str = "flowlang run", *, as_option: bool = False) -> int:
    """Run the flow that `arguments` name. With `as_option` the flow is the value of `--run`."""
    options = _parser(prog, as_option).parse_args(arguments)
    project = Project(options.flow)
    if options.resume is not None:
        from flowlang.cli.runs.again import resume_of_flow

        return resume_of_flow(options, project, prog)
    return Headless(Call(project.main, project, options), options, prog).perform()


class Call:
    """One run as it was asked for on the command line. Runs of a project go into its journal."""

    def __init__(
        self, flow: str, project: Project, options: Namespace, interceptors: Sequence[Interceptor] = ()
    ) -> None:
        self.flow = os.path.abspath(flow)
        self._surroundings = Surroundings(options, options.tasks_file or project.tasks_file)
        self._inputs = inputs_of(options, flow)
        self._timeout: float | None = options.timeout
        self._options = options
        self._interceptors = interceptors
        self._executor: FlowExecutor | None = None
        self._journal = None if options.no_journal else journal_for(self.flow)
        self._recorder = None if self._journal is None else self._journal.recorder()

    @property
    def resume(self) -> str | None:
        """The command that runs what is left of the run; None if it is not recorded, or was undone in a sandbox."""
        if self._journal is None or self._recorder is None or self._options.sandbox:
            return None
        return resume_command(self._journal, self._recorder)

    @property
    def executor(self) -> FlowExecutor:
        """What runs the flow. Raises FlowLangError when its tasks cannot be loaded."""
        if self._executor is None:
            self._executor = self._surroundings.executor()
        return self._executor

    def command(self, name: str) -> str | None:
        """The command of `flowlang runs` with this name, about this run; None if it is not recorded."""
        if self._journal is None or self._recorder is None or self._recorder.run_id is None:
            return None
        return command_for(self._journal, name, self._recorder.run_id)

    def recorded(self) -> tuple[RecordedRun, Path] | None:
        """The run as far as it is recorded, and its project's folder; None if it is not."""
        if self._journal is None or self._recorder is None or self._recorder.run_id is None:
            return None
        journal = type(self._journal)(self._journal.root, self._journal.home)
        return journal.run(self._recorder.run_id), journal.root

    async def run(self, listener: Listener | None, token: CancellationToken) -> FlowResult:
        """Run the flow to its end."""
        return await self.executor.execute_flow(
            Path(self.flow),
            self._inputs,
            listener,
            token,
            timeout=self._timeout,
            recorder=self._recorder,
            interceptors=[*self._interceptors, *interceptors_of(self._options, self.flow, self.executor)],
        )


def _parser(prog: str, as_option: bool) -> Parser:
    flow = "--run FLOW" if as_option else "FLOW"
    parser = Parser(
        prog,
        "Run a flow and print its result on stdout; everything else goes to stderr.",
        f"{prog.removesuffix(' --run')} {flow.replace('FLOW', 'orders.yaml')} --input day=2024-05-01 --output json",
        exit_codes=EXIT_CODES,
    )
    if as_option:
        parser.add_argument("--run", dest="flow", metavar="FLOW", required=True, help=FLOW_HELP)
    else:
        parser.add_argument("flow", metavar="FLOW", help=FLOW_HELP)
    add_input_options(parser)
    add_surroundings_options(parser)
    add_output_options(parser)
    add_journal_option(parser)
    about = "go on with a recorded run of this flow, as `flowlang runs resume` does"
    parser.add_argument("--resume", metavar="RUN", help=about)
    add_options(parser)
    return parser
