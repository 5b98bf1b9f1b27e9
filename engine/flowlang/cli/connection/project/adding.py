"""`flowlang connection add`, `duplicate` and `import`: new connections for the project."""

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
    described,
    environment,
    here,
    known_name,
    name_argument,
    read_config,
    read_password,
    read_pool,
    read_secret,
    read_url,
)
from flowlang.cli.connection.project.telling import tell_report
from flowlang.cli.connection.test import tell_stage
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import Palette, inert, is_terminal, tell
from flowlang.connections.importing import Candidate, found_in
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.connections.templates import TEMPLATES, Template, from_template, template_named
from flowlang.connections.urls import with_password
from flowlang.errors import ConfigurationError


def add(arguments: Sequence[str]) -> int:
    """Keep a new connection. Exit code 1 when it was to be tested first and the test failed."""
    command = parser(
        "add",
        "Keep a connection in the project, encrypted, for all of its flows. The URL says the type;\n"
        "without a URL give the type and the keys of its configuration, or a template.",
        "flowlang connection add 'Production PostgreSQL' --url-env DATABASE_URL --test",
        "flowlang connection add Cache --template upstash-redis --set host=eu1-x.upstash.io --password -",
        "flowlang connection add --templates",
        plugin=False,
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="its name, such as 'Production PostgreSQL'")
    command.add_argument("--type", metavar="TYPE", help="the connection type, as `type` in a flow names it")
    command.add_argument("--template", metavar="SERVICE", help="a common service, whose fields --set gives")
    command.add_argument("--templates", action="store_true", help="list the templates with their fields")
    config_options(command)
    command.add_argument(
        "--test", action="store_true", help="test the connection first, and keep it only if that works"
    )
    options = command.parse_args(arguments)
    if options.templates:
        return _list_templates(options.json)
    if options.name is None:
        raise UsageError("a connection needs a NAME, such as 'Production PostgreSQL'")
    connections = here()
    record = connections.checked(_new_record(options, connections))
    if options.test:
        report = asyncio.run(connections.probe(record, on_stage=None if options.json else tell_stage))
        if not report.ok:
            return tell_report(record.name, report, options.json, "was not added")
    is_first = not connections.store.path.exists()
    _tell_kept(connections, connections.create(record), "added", options.json)
    if is_first:
        tell(
            f"What the project keeps is in {inert(str(connections.store.path))}, its key in "
            f"{inert(connections.store.key_source())}: without the key nobody can read it, you included."
        )
    return 0


def duplicate(arguments: Sequence[str]) -> int:
    """Keep a copy of a connection under another name."""
    command = parser(
        "duplicate",
        "Keep a copy of a connection of the project under another name, to change it afterwards.",
        "flowlang connection duplicate 'Production PostgreSQL' 'Staging PostgreSQL'",
        plugin=False,
    )
    name_argument(command)
    command.add_argument("new_name", metavar="NEW", help="the name of the copy")
    options = command.parse_args(arguments)
    connections = here()
    record = connections.duplicate(known_name(connections, options.name), options.new_name)
    _tell_kept(connections, record, "added", options.json)
    return 0


def import_(arguments: Sequence[str]) -> int:
    """Keep the connections that the environment describes. Exit code 1 when there is none, or one cannot be."""
    command = parser(
        "import",
        "Keep the connections that variables of the environment, or of `.env`, describe: those with\n"
        "a connection URL (DATABASE_URL, REDIS_URL, MONGODB_URI …), and PGHOST, MYSQL_HOST and\n"
        "REDIS_HOST with their kin. A name that the project has already is passed over.",
        "flowlang connection import --dry-run",
        "flowlang connection import DATABASE_URL --name 'Production PostgreSQL'",
        plugin=False,
    )
    command.add_argument(
        "variables", metavar="VARIABLE", nargs="*", help="only these variables (default: all there are)"
    )
    command.add_argument("--name", help="the connection's name, where a single one is imported")
    command.add_argument("--dry-run", action="store_true", help="only tell what would be imported")
    options = command.parse_args(arguments)
    connections = here()
    found = _chosen(options, connections)
    rows = [_import(candidate, connections, options.dry_run) for candidate in found]
    if options.json:
        print_json(rows)
    else:
        print_text("\n".join(map(_import_line, rows)) or "no variable describes a connection")
    return int(not rows or any(row["problem"] for row in rows))


def _new_record(options: Namespace, connections: ProjectConnections) -> ProjectConnection:
    config, password, pool = read_config(options), read_password(options), read_pool(options)
    if options.template is not None:
        template = template_named(options.template)
        record = from_template(template, options.name, _fields(template, options, config, password))
        return replace(record, pool=record.pool | pool)
    url = read_url(options)
    if url is None and not config and is_terminal(sys.stdin):
        url = read_secret("connection URL")
    if url is None and options.type is None:
        raise UsageError(
            f"nothing says what `{inert(options.name)}` is",
            hint="Give --url, --url-env, --template, or --type with --set for each key.",
        )
    if password is not None and url is not None:
        url = with_password(url, password)
    elif password is not None:
        config["password"] = password
    if options.type is None and url is not None:
        record = connections.record_of_url(options.name, url)
    else:
        record = ProjectConnection(connection_type=options.type, name=options.name, connection_url=url)
    return replace(record, config=config, pool=pool)


def _fields(template: Template, options: Namespace, config: dict[str, Any], password: str | None) -> dict[str, str]:
    """The values of a template's fields; a secret that was not given is asked for."""
    values = {key: str(value) for key, value in config.items()}
    names = {field.name for field in template.fields}
    if password is not None:
        values["password"] = password
    if "url" in names and (url := read_url(options)) is not None:
        values["url"] = url
    for field in template.fields:
        if field.secret and field.name not in values and is_terminal(sys.stdin):
            values[field.name] = read_secret(field.name)
    return values


def _chosen(options: Namespace, connections: ProjectConnections) -> list[Candidate]:
    env = environment()
    found = found_in(env, connections.plugins.names())
    for name in options.variables:
        if name not in env:
            raise UsageError(f"the environment has no `{inert(name)}`")
        if not any(name in candidate.variables for candidate in found):
            raise UsageError(f"`{inert(name)}` describes no connection of a type that there is a plugin for")
    if options.variables:
        found = [one for one in found if set(options.variables) & set(one.variables)]
    if options.name is not None:
        if len(found) != 1:
            raise UsageError(f"--name is for one connection, and the environment describes {len(found)}")
        found = [Candidate(replace(found[0].record, name=options.name), found[0].variables)]
    return found


def _import(candidate: Candidate, connections: ProjectConnections, dry_run: bool) -> dict[str, Any]:
    record, problem = candidate.record, None
    known = any(name.lower() == record.name.lower() for name in connections.store.names())
    if not known:
        try:
            record = connections.checked(record) if dry_run else connections.create(record)
        except ConfigurationError as error:
            problem = str(error)
    return {
        "name": record.name,
        "type": record.connection_type,
        "from": list(candidate.variables),
        "imported": not (known or dry_run or problem),
        "exists": known,
        "problem": problem,
    }


def _import_line(row: dict[str, Any]) -> str:
    outcome = row["problem"] or "found"
    if row["imported"]:
        outcome = "imported"
    elif row["exists"]:
        outcome = "passed over, the project has one of this name"
    return inert(f"{row['name']}  ({row['type']}, from {', '.join(row['from'])}): {outcome}")


def _list_templates(as_json: bool) -> int:
    if as_json:
        print_json(
            {
                name: template._asdict() | {"fields": [field._asdict() for field in template.fields]}
                for name, template in TEMPLATES.items()
            }
        )
        return 0
    palette = Palette(sys.stdout)
    lines = []
    for name, template in TEMPLATES.items():
        lines.append(f"{palette.strong(name)}  {template.title} ({template.type})")
        for field in template.fields:
            default = "" if field.default is None else f" (default: {field.default})"
            lines.append(f"  {field.name:10} {field.description}{default}")
    print_text("\n".join(lines))
    return 0


def _tell_kept(connections: ProjectConnections, record: ProjectConnection, done: str, as_json: bool) -> None:
    schema = connections.schema(record.connection_type)
    if as_json:
        print_json(record.masked(schema))
        return
    lines = [f"{record.name} ({record.connection_type}) {done}", *(f"  {line}" for line in described(record, schema))]
    print_text(inert("\n".join([*lines, f"in a flow: `connection: {record.name}`"])))
