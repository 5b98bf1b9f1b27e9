"""`flowlang connection list --project`, `show`, `used-by` and `health`: what a project keeps, and how that fares."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from flowlang.cli.connection.common import parser
from flowlang.cli.connection.project.common import (
    described,
    environment_option,
    here,
    known_name,
    name_argument,
    names_of,
    shown_place,
    step_of,
    uses_of,
)
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.readable import duration, readable
from flowlang.cli.terminal import Palette, inert, tell
from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import state_of
from flowlang.errors import ConfigurationError


def list_project(as_json: bool) -> int:
    """List the connections that the project keeps, also those that are locked."""
    connections = here()
    rows = [_row(connections, name) for name in connections.store.names()]
    if as_json:
        print_json(rows)
    elif not rows:
        print_text("the project keeps no connections; `flowlang connection add NAME` adds one")
    else:
        columns = ("name", "type", "target", "state", "last_used", "last_test")
        print_text("\n".join(readable([{column: row[column] or "" for column in columns} for row in rows])))
        shut = next((row for row in rows if row["problem"] is not None), None)
        if shut is not None:
            tell(inert(f"{shut['problem']}\n{shut['hint']}"))
    return 0


def show(arguments: Sequence[str]) -> int:
    """Show a connection, its secrets masked. Exit code 1 when it cannot be read."""
    command = parser(
        "show",
        "Show a connection of the project: its values with the secrets masked, and what became of it.",
        "flowlang connection show 'Production PostgreSQL'",
        plugin=False,
    )
    name_argument(command)
    command.add_argument("--reveal", action="store_true", help="show its secrets too")
    options = command.parse_args(arguments)
    connections = here()
    name = known_name(connections, options.name)
    try:
        record = connections.store.get(name)
    except ConfigurationError:
        return _tell_shut(_row(connections, name), options.json)
    schema = connections.schema(record.connection_type)
    about = record.to_dict() if options.reveal else record.masked(schema)
    about |= _history(connections, record.id)
    if options.json:
        print_json(about)
    else:
        print_text("\n".join(readable(about) if options.reveal else _shown(record, schema, about)))
    return 0


def used_by(arguments: Sequence[str]) -> int:
    """Tell which steps use a connection, and when they last did."""
    command = parser(
        "used-by",
        "Tell which steps of the project's flows use a connection, and when a run last opened it for\n"
        "them. A task that asks for a connection in Python is known only after it ran as a step.",
        "flowlang connection used-by 'Production PostgreSQL'",
        plugin=False,
    )
    name_argument(command)
    options = command.parse_args(arguments)
    connections = here()
    name = known_name(connections, options.name)
    entry = connections.store.entry(name)
    used = {} if entry is None else {(use.flow, use.step): use.last_used for use in connections.activity.uses(entry.id)}
    rows = []
    for place in uses_of(connections, name):
        last = used.pop((place.path, place.step or ""), None)
        rows.append({**place._asdict(), "last_used": last, "place": shown_place(place)})
    for (flow, step), last in used.items():
        # only the task of the step knew that it uses the connection, or the step is gone
        asked = step_of(connections, flow, step)
        known = {"path": flow, "flow": None, "step": step, "line": None} if asked is None else asked._asdict()
        shown = f"{flow}  step {step}" if asked is None else shown_place(asked)
        rows.append({**known, "last_used": last, "place": shown})
    if options.json:
        print_json([{key: value for key, value in row.items() if key != "place"} for row in rows])
        return 0
    lines = [f"{row['place']}{_last(row)}" for row in rows]
    print_text(inert("\n".join(lines) or f"no flow of the project uses {name}"))
    return 0


def health(arguments: Sequence[str]) -> int:
    """Tell how the last tests of connections ended. Exit code 1 when the last one of any failed."""
    command = parser(
        "health",
        "Tell how the last tests of the project's connections ended; with --check test them now.",
        "flowlang connection health --check",
        plugin=False,
    )
    command.add_argument(
        "names", metavar="NAME", nargs="*", help="only these connections (default: all of the project)"
    )
    command.add_argument("--check", action="store_true", help="test them now, all at once")
    environment_option(command, "with --check: the environment whose values are tested")
    options = command.parse_args(arguments)
    connections = here()
    names = names_of(options.names, connections)
    refused = asyncio.run(_check(connections, names, options.env)) if options.check else {}
    rows = [_health(connections, name, refused.get(name)) for name in names]
    if options.json:
        print_json(rows)
    else:
        palette = Palette(sys.stdout)
        print_text("\n".join(line for row in rows for line in _health_lines(row, palette)) or "nothing to test")
    return int(any(row["ok"] is False for row in rows))


async def _check(connections: ProjectConnections, names: Sequence[str], environment: str | None) -> dict[str, str]:
    """Test connections at once; gives back why some could not even be tested."""
    outcomes = await asyncio.gather(*(connections.test(name, environment) for name in names), return_exceptions=True)
    refused = {}
    for name, outcome in zip(names, outcomes, strict=True):
        if isinstance(outcome, ConfigurationError):
            refused[name] = str(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    return refused


def _row(connections: ProjectConnections, name: str) -> dict[str, Any]:
    entry = connections.store.entry(name)
    assert entry is not None, "names come from the entries"
    row: dict[str, Any] = {"id": entry.id, "name": name, "type": entry.type, "target": None, "environments": []}
    try:
        record = connections.store.get(name)
        row |= {
            "target": record.target(),
            "environments": sorted(record.environments),
            "state": "open",
            "problem": None,
        }
    except ConfigurationError as error:
        row |= {"state": state_of(error), "problem": str(error), "hint": error.hint}
    history = _history(connections, entry.id)
    test = history["last_test"]
    return row | {
        "last_used": history["last_used"],
        "last_test": None if test is None else f"{'ok' if test['ok'] else test['stage']} {test['at']}",
    }


def _tell_shut(row: Mapping[str, Any], as_json: bool) -> int:
    """What is known of a connection that cannot be read, and the way out."""
    if as_json:
        print_json(row)
    else:
        print_text(inert(f"{row['name']} ({row['type']}): {row['state']}"))
        tell(inert(f"{row['problem']}\n{row['hint']}"))
    return 1


def _history(connections: ProjectConnections, id: str) -> dict[str, Any]:
    uses, tests = connections.activity.uses(id), connections.activity.tests(id)
    return {
        "last_used": uses[0].last_used if uses else None,
        "last_test": tests[0]._asdict() if tests else None,
    }


def _shown(record: ProjectConnection, schema: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    palette = Palette(sys.stdout)
    lines = [f"{palette.strong(inert(record.name))} ({record.connection_type})"]
    lines += [f"  {inert(line)}" for line in described(record, schema)]
    for name, overlay in record.environments.items():
        lines += [f"  in {name}:", *(f"    {inert(line)}" for line in described(overlay, schema))]
    lines.append(f"  made by {inert(record.created_by)} at {record.created_at}, changed at {record.updated_at}")
    if about["last_used"] is not None:
        lines.append(f"  last used at {about['last_used']}")
    if about["last_test"] is not None:
        lines.append(f"  last test {inert(_test_words(ProbeOutcome(**about['last_test'])))}")
    return lines


def _last(row: Mapping[str, Any]) -> str:
    if row["last_used"] is None:
        return ""
    gone = " (not in the flow any more)" if row["line"] is None else ""
    return f"  last used at {row['last_used']}{gone}"


def _health(connections: ProjectConnections, name: str, refused: str | None) -> dict[str, Any]:
    entry = connections.store.entry(name)
    assert entry is not None, "names come from the entries"
    tests = connections.activity.tests(entry.id)
    ok = False if refused is not None else tests[0].ok if tests else None
    return {"name": name, "ok": ok, "problem": refused, "tests": [test._asdict() for test in tests]}


def _health_lines(row: Mapping[str, Any], palette: Palette) -> list[str]:
    sign = {True: "✅", False: "❌", None: "➖"}[row["ok"]]
    lines = [f"{sign} {palette.strong(inert(row['name']))}"]
    if row["problem"] is not None:
        lines.append(f"   {inert(row['problem'])}")
    elif not row["tests"]:
        lines.append("   never tested")
    return lines + [f"   {inert(_test_words(ProbeOutcome(**test)))}" for test in row["tests"][:5]]


def _test_words(test: ProbeOutcome) -> str:
    where = "" if test.environment is None else f" in {test.environment}"
    took = f"ok in {duration(test.ms)}" if test.ok else f"{test.stage} failed: {test.message}"
    return f"{test.at}{where}: {took}"
