"""`flowlang serve`: the flows of a project as an API."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowlang.cli.arguments import Parser, seconds, whole_number
from flowlang.cli.run_options import add_journal_option
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, one_line, tell
from flowlang.connections.project import ENVIRONMENTS
from flowlang.project import Project

#: The variable that holds the token of the server.
TOKEN: Final = "FLOWLANG_SERVER_TOKEN"


def main(arguments: Sequence[str], prog: str = "flowlang serve") -> int:
    """Serve the flows that `arguments` name, until Ctrl+C."""
    options = _parser(prog).parse_args(arguments)
    try:
        from flowlang.server.security import check_address
        from flowlang.server.serving import application, serve
    except ModuleNotFoundError as error:
        hint = "pip install 'flowlang-tui[server]'"
        raise UsageError(f"the server needs {error.name}, which is not installed", hint=hint) from error
    token = os.environ.get(TOKEN) or None
    check_address(options.host, token)
    project = Project(options.path)
    flow = None if os.path.isdir(options.path) else Path(project.main).absolute()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    app = application(
        Path(project.folder).absolute(),
        flow=flow,
        env_file=options.env_file,
        environment=options.env,
        token=token,
        limit=options.limit,
        timeout=options.timeout,
        grace=options.grace,
        reload=options.reload,
        journal=not options.no_journal,
    )
    hosting = app.state.hosting
    for path, problem in hosting.problems.items():
        tell(inert(f"{path} cannot run:\n{problem}"))
    history = app.state.executions.history
    for problem in () if history is None else history.problems:
        tell(inert(f"runs are not recorded: {problem}"))
    if not hosting.flows and not hosting.problems and not options.reload:
        raise UsageError(f"there is no flow in {options.path}", hint="`flowlang init` begins a project")
    names = ", ".join(one_line(name) for name in hosting.flows) or "no flow that can run"
    host = f"[{options.host}]" if ":" in options.host else options.host

    def begun(port: int) -> None:
        tell(f"Serving {names} on http://{host}:{port}; documentation at /docs. Ctrl+C ends.")

    serve(app, options.host, options.port, token=token, grace=options.grace, tell=begun)
    return 0


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog,
        "Offer the flows of a project over HTTP: run them, follow them, start them by webhooks and schedules.",
        f"{prog} . --port 8000",
        "curl -X POST http://127.0.0.1:8000/flows/UserProfile/execute \\\n"
        "     -H 'Content-Type: application/json' -d '{\"inputs\": {\"user_id\": 1}}'",
        more=(
            f"With {TOKEN} in the environment each request has to carry it: `Authorization: Bearer\n"
            "<token>`. Without it the server listens on this machine only."
        ),
    )
    add = parser.add_argument
    add(
        "path", metavar="PROJECT", nargs="?", default=os.curdir, help="a folder with flows, or one flow (default: here)"
    )
    add("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    add("--port", type=int, default=8000, help="the port, or 0 for a free one (default: %(default)s)")
    add("--reload", action="store_true", help="load flows and tasks anew when they are saved")
    add(
        "--limit",
        type=whole_number(1),
        default=1000,
        metavar="N",
        help="how many flows may run at once (default: %(default)s)",
    )
    add("--timeout", type=seconds, metavar="TIME", help="how long each run may take: 90, 500ms, 10s, 5m")
    add("--grace", type=seconds, default=10.0, metavar="TIME", help="what runs get to end at a stop (default: 10s)")
    add("--env-file", metavar="FILE", help="a file of NAME=value lines, read besides .env")
    add("--env", choices=ENVIRONMENTS, help="use the values that the project's stored connections have there")
    add_journal_option(parser, "do not record runs in the journal")
    return parser
