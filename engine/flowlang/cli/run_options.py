"""The options that every command takes which runs a flow."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from flowlang.cli.arguments import Parser, seconds
from flowlang.cli.reports import REPORTS
from flowlang.cli.target import UsageError
from flowlang.connections.project import ENVIRONMENTS
from flowlang.runtime.executor import FlowExecutor
from flowlang.tasks.loader import TaskModules
from flowlang.tasks.registry import TaskRegistry

EXIT_CODES: Final = {
    0: "the flow succeeded, or an `exit` ended it well",
    1: "the flow failed",
    2: "the flow, its inputs, its environment or the call are invalid",
    3: "a connection could not be opened",
    130: "cancelled by Ctrl+C or SIGTERM",
}


def add_input_options(parser: Parser) -> None:
    """`--inputs` and `--input`."""
    add = parser.add_argument
    add("--inputs", metavar="FILE", help="a JSON or YAML file with the flow's inputs; `-` reads stdin")
    add(
        "--input",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one input, read as its declared type; may be repeated, and overrides --inputs",
    )


def add_surroundings_options(parser: Parser) -> None:
    """`--tasks-file`, `--env-file` and `--env`: what a flow finds around it."""
    add = parser.add_argument
    add("--tasks-file", metavar="FILE", help="the Python file with the project's tasks (default: flow.py beside it)")
    add("--env-file", metavar="FILE", help="a file of NAME=value lines, read besides .env")
    add("--env", choices=ENVIRONMENTS, help="use the values that the project's stored connections have there")


def add_output_options(parser: Parser) -> None:
    """`--output`, `--output-file` and `--quiet`, and `--timeout` for a whole run."""
    add = parser.add_argument
    add("--output", choices=tuple(REPORTS), help="form of the result (default: text on a terminal, else json)")
    add("--output-file", metavar="FILE", help="write the result to a file instead of stdout")
    add("--timeout", metavar="TIME", type=seconds, help="how long the run may take: 90, 500ms, 10s, 5m, 2h")
    add("--quiet", action="store_true", help="nothing on stderr but errors")


def add_journal_option(parser: Parser, about: str = "do not record the run in the journal") -> None:
    """`--no-journal`."""
    parser.add_argument("--no-journal", action="store_true", help=about)


def inputs_of(options: Namespace, flow: str) -> dict[str, Any]:
    """The inputs that were given for the flow in the file `flow`."""
    if options.inputs is None and not options.input:
        return {}
    from flowlang.cli.inputs import gather

    return gather(options.inputs, options.input, flow)


class Surroundings:
    """What a flow runs in: its tasks and its environment. Raises UsageError for a file that is not there."""

    def __init__(self, options: Namespace, tasks_file: str | None) -> None:
        for path, option in ((tasks_file, "--tasks-file"), (options.env_file, "--env-file")):
            if path is not None and not os.path.isfile(path):
                raise UsageError(f"{option}: there is no file {path}")
        self._tasks_file = None if tasks_file is None else Path(tasks_file).absolute()
        self._env_file: str | None = options.env_file
        self._environment: str | None = options.env

    def executor(self) -> FlowExecutor:
        """An executor there. Raises FlowLangError when the tasks cannot be loaded."""
        tasks = self.task_modules()
        return self.executor_for(None if tasks is None else tasks.load().registry)

    def task_modules(self) -> TaskModules | None:
        """The project's tasks, which can be loaded again and again; None if it has none."""
        return None if self._tasks_file is None else TaskModules(self._tasks_file, required=True)

    def executor_for(self, registry: TaskRegistry | None) -> FlowExecutor:
        """An executor of these tasks there."""
        return FlowExecutor(registry, env_file=self._env_file, environment=self._environment)
