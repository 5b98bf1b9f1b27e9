"""What the commands about a project's connections have in common: the project, options, and how secrets come in."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flowlang.cli.arguments import Parser, pair
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import inert, is_terminal, tell
from flowlang.connections.project import ENVIRONMENTS
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import Overlay, masked_layer
from flowlang.connections.urls import url_secrets
from flowlang.language.diagnostics import did_you_mean
from flowlang.project import Project
from flowlang.redaction import is_secret_name
from flowlang.runtime.prepare import Preparer
from flowlang.runtime.uses import UsePlace, places_using
from flowlang.tasks.registry import TaskRegistry


def here() -> ProjectConnections:
    """The connections of the project that the current folder belongs to."""
    return ProjectConnections(Path(Project(os.curdir).root))


def known_name(connections: ProjectConnections, name: str) -> str:
    """`name`, if the project keeps a connection of that name. Raises UsageError if not."""
    names = connections.store.names()
    if name in names:
        return name
    there_are = f"There are {', '.join(names)}." if names else "`flowlang connection add NAME` adds one."
    raise UsageError(f"the project keeps no connection `{name}`{did_you_mean(name, names)}", hint=there_are)


def uses_of(connections: ProjectConnections, name: str) -> list[UsePlace]:
    """Where the project's flows use a connection; paths are relative to the project."""
    found = places_using(name, [flow.path for flow in Project(str(connections.root)).flows])
    return [place._replace(path=os.path.relpath(place.path, connections.root)) for place in found]


def step_of(connections: ProjectConnections, flow: str, step: str) -> UsePlace | None:
    """Where a flow has a step, by its path in the project; None if it has none any more."""
    path = connections.root / flow
    if not path.is_file():
        return None
    found = Preparer(TaskRegistry(), tasks_known=False).load(path, path.parent).flow
    return next((UsePlace(flow, found.name, step, one.line) for one in found.walk() if one.id == step), None)


def shown_place(place: UsePlace) -> str:
    """A place in a flow, for people."""
    return f"{place.path}:{place.line}" + ("" if place.step is None else f"  step {place.step}")


def name_argument(parser: Parser) -> None:
    """The connection that a command is about."""
    parser.add_argument("name", metavar="NAME", help="a connection of the project, such as 'Production PostgreSQL'")


def environment_option(parser: Parser, about: str) -> None:
    """`--env`, for commands that concern one environment."""
    parser.add_argument("--env", choices=ENVIRONMENTS, help=about)


def credential_options(parser: Parser) -> None:
    """The ways in which a URL, a password and single keys can be given."""
    add = parser.add_argument
    add("--url", metavar="URL", help="the connection URL; `-` asks for it, or reads a line of stdin")
    add("--url-env", metavar="VARIABLE", help="take the connection URL from a variable of the environment")
    add("--password", metavar="-", type=_dash, help="ask for the password, or read it from a line of stdin")
    add("--password-env", metavar="VARIABLE", help="take the password from a variable of the environment")
    add("--set-env", metavar="KEY=VARIABLE", action="append", default=[], help="take a key from the environment")


def config_options(parser: Parser) -> None:
    """Everything that a record of a connection can be given."""
    credential_options(parser)
    add = parser.add_argument
    add("--set", metavar="KEY=VALUE", action="append", default=[], help="a key of the configuration; may be repeated")
    add("--pool-size", metavar="N", type=int, help="how many sessions the pool may have")
    add("--min-pool-size", metavar="N", type=int, help="how many sessions the pool keeps open")


def read_url(options: Namespace) -> str | None:
    """The URL that was given, or None."""
    if options.url is not None and options.url_env is not None:
        raise UsageError("--url and --url-env exclude each other")
    if options.url == "-":
        return read_secret("connection URL")
    if options.url_env is not None:
        return variable(options.url_env)
    if options.url is not None and url_secrets(options.url):
        _warn("`--url -` and `--url-env`")
    url: str | None = options.url
    return url


def read_password(options: Namespace) -> str | None:
    """The password that was given, or None."""
    if options.password is not None and options.password_env is not None:
        raise UsageError("--password and --password-env exclude each other")
    if options.password is not None:
        return read_secret("password")
    return None if options.password_env is None else variable(options.password_env)


def read_config(options: Namespace) -> dict[str, Any]:
    """The keys that were given one by one."""
    config = {key: _value(text) for key, text in (pair(one, "--set") for one in getattr(options, "set", ()))}
    if any(map(is_secret_name, config)):
        _warn("`--password -` and `--set-env`")
    config |= {key: variable(name) for key, name in (pair(one, "--set-env", "KEY=VARIABLE") for one in options.set_env)}
    return config


def read_pool(options: Namespace) -> dict[str, int]:
    """The settings of the pool that were given."""
    given = {"size": options.pool_size, "min_size": options.min_pool_size}
    return {key: value for key, value in given.items() if value is not None}


def read_secret(what: str) -> str:
    """A secret from whoever sits at the terminal, unseen, or a line of stdin. Raises UsageError for an empty one."""
    if is_terminal(sys.stdin):
        from getpass import getpass

        secret = getpass(f"{what}: ")
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if not secret.strip():
        raise UsageError(f"no {what} was given")
    return secret


def variable(name: str) -> str:
    """A variable of the environment, or of the project's `.env`. Raises UsageError if it isn't set."""
    value = environment().get(name)
    if value:
        return value
    raise UsageError(f"the environment has no `{inert(name)}`")


def environment() -> Mapping[str, str]:
    """The environment of the process, with the variables of `.env` here and at the project's root."""
    from flowlang.environment import Environment

    return Environment.load(os.curdir, Project(os.curdir).root)


def described(overlay: Overlay, schema: Mapping[str, Any]) -> list[str]:
    """The keys of a record's configuration as lines, its secrets masked."""
    shown = masked_layer(overlay, schema)
    lines = [] if shown["connection_url"] is None else [f"url: {shown['connection_url']}"]
    lines += [
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in shown["config"].items()
    ]
    return lines + [f"pool {key.replace('_', ' ')}: {value}" for key, value in shown["pool"].items()]


def _warn(better: str) -> None:
    tell(
        "flowlang connection: a secret in an argument shows in the list of processes and in the shell's history; "
        f"{better} keep it out of both"
    )


def _dash(text: str) -> str:
    if text != "-":
        raise ArgumentTypeError("takes only `-`: a password in an argument could be seen by others")
    return text


def _value(text: str) -> Any:
    """Lists and maps are JSON; the plugin's schema makes numbers of text where it wants them."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def names_of(words: Sequence[str], connections: ProjectConnections) -> list[str]:
    """The connections that were named; all of the project's if none was."""
    return [known_name(connections, word) for word in words] or connections.store.names()
