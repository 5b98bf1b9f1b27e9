"""`flowlang connection edit`, `remove` and `rotate`: changes to the connections that a project keeps."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flowlang.cli.connection.common import parser
from flowlang.cli.connection.project.common import (
    config_options,
    credential_options,
    described,
    environment_option,
    here,
    known_name,
    name_argument,
    read_config,
    read_password,
    read_pool,
    read_secret,
    read_url,
    shown_place,
    uses_of,
)
from flowlang.cli.connection.project.telling import tell_report
from flowlang.cli.connection.test import tell_stage
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, is_terminal, tell
from flowlang.connections.project_connections import ProjectConnections, in_environment
from flowlang.connections.records import Overlay, ProjectConnection
from flowlang.connections.store import Change
from flowlang.runtime.uses import UsePlace


def edit(arguments: Sequence[str]) -> int:
    """Change a connection. Exit code 1 when a new name would break flows."""
    command = parser(
        "edit",
        "Change a connection of the project: its values, or with --env what is different in one\n"
        "environment, which `flowlang run --env` chooses.",
        "flowlang connection edit 'Production PostgreSQL' --pool-size 5",
        "flowlang connection edit 'Production PostgreSQL' --env dev --url-env DEV_DATABASE_URL",
        plugin=False,
    )
    name_argument(command)
    environment_option(command, "change what is different in this environment")
    command.add_argument("--rename", metavar="NEW", help="give it another name")
    config_options(command)
    command.add_argument("--unset", metavar="KEY", action="append", default=[], help="drop a key of the configuration")
    command.add_argument("--clear", action="store_true", help="with --env: drop all that is different there")
    command.add_argument("--force", action="store_true", help="rename it even if flows use the old name")
    options = command.parse_args(arguments)
    if options.clear and options.env is None:
        raise UsageError("--clear needs --env")
    connections = here()
    name = known_name(connections, options.name)
    change = _change(options, connections)
    if options.rename is not None and not _may_break(connections, name, "renamed", options):
        return 1
    record = connections.update(name, change)
    schema = connections.schema(record.connection_type)
    if options.json:
        print_json(record.masked(schema))
    else:
        changed: Overlay = record if options.env is None else record.environments.get(options.env, Overlay())
        where = "" if options.env is None else f", in {options.env}"
        lines = [f"{record.name} ({record.connection_type}) changed{where}"]
        print_text(inert("\n".join([*lines, *(f"  {line}" for line in described(changed, schema))])))
    return 0


def remove(arguments: Sequence[str]) -> int:
    """Forget a connection. Exit code 1 when that would break flows, or lose what is locked."""
    command = parser(
        "remove",
        "Forget a connection of the project. If flows use it they are listed, and nothing happens\nwithout --force.",
        "flowlang connection remove 'Staging Redis Cache'",
        plugin=False,
    )
    name_argument(command)
    command.add_argument("--force", action="store_true", help="remove it even if flows use it, or if it is locked")
    options = command.parse_args(arguments)
    connections = here()
    name = known_name(connections, options.name)
    state = connections.store.state(name)
    if state == "locked" and not options.force:
        tell(inert(f"flowlang connection remove: `{name}` is locked, and once removed not even its key brings it back"))
        tell("Remove it with --force if the key is lost for good.")
        return 1
    if not _may_break(connections, name, "removed", options):
        return 1
    connections.delete(name)
    if options.json:
        print_json({"removed": name})
    else:
        print_text(inert(f"{name} removed"))
    return 0


def rotate(arguments: Sequence[str]) -> int:
    """Give a connection new credentials after a test. Exit code 1 when it failed, and nothing changed."""
    command = parser(
        "rotate",
        "Give a connection new credentials: they are tested first, and only if that works they take\n"
        "the place of the old ones. Change the password at the server, or make a second user there,\n"
        "before that. The next run uses the new ones.",
        "flowlang connection rotate 'Production PostgreSQL' --password-env NEW_PASSWORD",
        plugin=False,
    )
    name_argument(command)
    environment_option(command, "the environment whose credentials are meant")
    credential_options(command)
    options = command.parse_args(arguments)
    connections = here()
    name = known_name(connections, options.name)
    change = _credentials(options, connections)
    report = asyncio.run(connections.rotate(name, change, options.env, None if options.json else tell_stage))
    return tell_report(name, report, options.json, "has the new credentials" if report.ok else "keeps the old ones")


def _change(options: Namespace, connections: ProjectConnections) -> Change:
    url, password, config, pool = read_url(options), read_password(options), read_config(options), read_pool(options)
    if (url, password, options.rename) == (None, None, None) and not (config or pool or options.unset or options.clear):
        raise UsageError("nothing says what to change", hint="`flowlang connection edit --help` lists what can be.")

    def change(record: ProjectConnection) -> ProjectConnection:
        layer = record if options.env is None else record.environments.get(options.env, Overlay())
        kept = {key: value for key, value in layer.config.items() if key not in options.unset}
        fields: dict[str, Any] = {"config": kept | config, "pool": layer.pool | pool}
        if url is not None:
            fields["connection_url"] = url
        record = in_environment(record, options.env, **fields)
        if password is not None:
            record = connections.new_password(password, options.env)(record)
        if options.clear:
            record = replace(record, environments={k: v for k, v in record.environments.items() if k != options.env})
        return record if options.rename is None else replace(record, name=options.rename)

    return change


def _credentials(options: Namespace, connections: ProjectConnections) -> Change:
    url, password, config = read_url(options), read_password(options), read_config(options)
    if url is None and password is None and not config:
        if not is_terminal(sys.stdin):
            raise UsageError("there are no new credentials: give --password, --url or --set-env")
        password = read_secret("new password")

    def change(record: ProjectConnection) -> ProjectConnection:
        layer = record if options.env is None else record.environments.get(options.env, Overlay())
        fields: dict[str, Any] = {"config": layer.config | config}
        if url is not None:
            fields["connection_url"] = url
        record = in_environment(record, options.env, **fields)
        return record if password is None else connections.new_password(password, options.env)(record)

    return change


def _may_break(connections: ProjectConnections, name: str, done: str, options: Namespace) -> bool:
    """Whether to go on although flows use a connection; tells which if not."""
    places = uses_of(connections, name)
    if options.force or not places:
        return True
    if options.json:
        print_json({"name": name, "done": False, "breaks": [place._asdict() for place in places]})
    tell(inert("\n".join(_broken(name, done, places))))
    return False


def _broken(name: str, done: str, places: Sequence[UsePlace]) -> list[str]:
    flows = len({place.path for place in places})
    which = "a flow, which" if flows == 1 else f"{flows} flows, which"
    first = f"flowlang connection: `{name}` is used by {which} could not run any more:"
    return [first, *(f"  {shown_place(place)}" for place in places), f"With --force it is {done} all the same."]
