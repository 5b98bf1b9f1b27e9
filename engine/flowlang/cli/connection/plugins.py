"""`flowlang connection list` and `info`: which plugins there are, and what they can do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowlang.cli.connection.common import Found, parser, plugin_named, plugins
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.readable import readable
from flowlang.cli.terminal import Palette, inert, one_line
from flowlang.connections.config import is_secret_key
from flowlang.connections.discovery import PluginEntry
from flowlang.connections.scaffolding import PluginFailure, asked
from flowlang.language.catalog import TaskInfo
from flowlang.tasks.signatures import describe
from flowlang.values import plain


def list_plugins(arguments: Sequence[str]) -> int:
    """List every plugin, also those that can't be used. Always exit code 0."""
    command = parser(
        "list",
        "List the plugins that the flows of this folder can use, those that cannot be used\n"
        "with the reason: packages that are missing, or an error in the plugin.",
        "flowlang connection list",
        plugin=False,
    )
    command.add_argument("--project", action="store_true", help="list the connections that the project keeps instead")
    options = command.parse_args(arguments)
    if options.project:
        from flowlang.cli.connection.project.showing import list_project

        return list_project(options.json)
    rows = [_row(entry) for entry in plugins().all()]
    if options.json:
        print_json(rows)
    else:
        print_text("\n".join(_listed(rows, Palette(sys.stdout))))
    return 0


def _row(entry: PluginEntry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "source": entry.source,
        "place": entry.place,
        "usable": False,
        "missing": [],
        "error": entry.error,
    }
    if entry.plugin is None:
        return row
    found = Found(entry, entry.plugin())
    try:
        met, missing = asked(found.plugin, "check_dependencies")
    except PluginFailure as failure:
        return row | {"error": str(failure)}
    plugin = found.plugin
    about = {"description": plugin.description, "version": plugin.version, "category": plugin.category}
    return row | about | {"usable": bool(met), "missing": list(missing), "tasks": list(entry.tasks)}


def _listed(rows: Sequence[Mapping[str, Any]], palette: Palette) -> Iterable[str]:
    widest = max(len(row["name"]) for row in rows)
    for row in rows:
        sign = "✅" if row["usable"] else "❌"
        about = f"{row['description']} ({row['version']})" if "description" in row else row["place"]
        from_where = "" if row["source"] == "built-in" else palette.faint(f" [{row['source']}]")
        yield f"{sign} {palette.strong(one_line(row['name']).ljust(widest))}  {one_line(about)}{from_where}"
        if row["error"] is not None:
            yield f"   {palette.bad(one_line(row['error']))}"
        elif row["missing"]:
            yield f"   needs {one_line(', '.join(row['missing']))}: flowlang connection install {row['name']}"


def info(arguments: Sequence[str]) -> int:
    """Show what a plugin takes and what its tasks do."""
    options = parser(
        "info",
        "Show a plugin: its configuration, and its tasks with their arguments, results and an\nexample.",
        "flowlang connection info sqlite",
    ).parse_args(arguments)
    found = plugin_named(options.plugin)
    about = _about(found)
    if options.json:
        print_json(about)
    else:
        print_text("\n".join(_shown(about, Palette(sys.stdout))))
    return 0


def _about(found: Found) -> dict[str, Any]:
    entry = found.entry
    about: dict[str, Any] = plain(asked(found.plugin, "get_info"))
    met, missing = asked(found.plugin, "check_dependencies")
    tasks = [_task(describe(function, name=name, provider=entry.name)) for name, function in entry.tasks.items()]
    own = {"source": entry.source, "place": entry.place, "usable": bool(met), "missing": list(missing)}
    return about | own | {"tasks": tasks, "example": asked(found.plugin, "scaffold_connection_config").strip("\n")}


def _task(task: TaskInfo) -> dict[str, Any]:
    return {
        "name": task.name,
        "description": task.description,
        "arguments": [parameter._asdict() for parameter in task.parameters],
        "results": None if task.results is None else dict(task.results),
        "example": task.example,
    }


def _shown(about: Mapping[str, Any], palette: Palette) -> Iterable[str]:
    names = [about["name"], *about.get("aliases", ())]
    yield f"{palette.strong(one_line(' = '.join(names)))}  {one_line(about.get('description', ''))}"
    able = [name.replace("_", " ") for name, can in about.get("capabilities", {}).items() if can]
    facts = {
        "version": about.get("version"),
        "category": about.get("category"),
        "from": about["place"],
        "can": ", ".join(able),
        "needs": ", ".join(about.get("dependencies", ())),
        "missing": ", ".join(about["missing"]),
    }
    yield from readable({name: fact for name, fact in facts.items() if fact}, 2)
    yield from ["", palette.strong("Configuration")]
    yield from readable(_keys(about["config_schema"]), 2) or ["  nothing"]
    yield from ["", "  connections:", *(f"  {line}" for line in inert(about["example"]).split("\n"))]
    for task in about["tasks"]:
        yield from ["", f"{palette.strong(one_line(task['name']))}  {one_line(task['description'])}"]
        if task["arguments"]:
            yield from _arguments(task["arguments"])
        for name, meaning in (task["results"] or {}).items():
            yield f"  → {one_line(name)}: {one_line(meaning)}"
        if task["example"]:
            yield from ["", *(f"    {line}" for line in inert(task["example"]).split("\n"))]


def _keys(schema: Mapping[str, Any]) -> dict[str, str]:
    required = schema.get("required", ())
    return {key: _key(key, about, key in required) for key, about in schema.get("properties", {}).items()}


def _key(name: str, about: Mapping[str, Any], required: bool) -> str:
    wanted = about.get("type", "any")
    words = [" or ".join(wanted) if isinstance(wanted, list) else str(wanted)]
    if "enum" in about:
        words.append(f"one of {', '.join(map(str, about['enum']))}")
    if required:
        words.append("required")
    if "default" in about:
        words.append(f"default {readable(about['default'])[0]}")
    if is_secret_key(name, about):
        words.append("secret")
    return f"{about.get('description', '')} ({', '.join(words)})".strip()


def _arguments(arguments: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for argument in arguments:
        kind = argument["type"] or "any"
        default = "" if argument["default"] is None else f" = {readable(argument['default'])[0]}"
        optional = "" if argument["required"] else "?"
        yield f"  {one_line(argument['name'])}{optional} ({kind}{default}): {one_line(argument['description'])}"
