"""`flowlang connection verify`: puts a plugin through the contract for plugins."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from flowlang.cli.arguments import pair
from flowlang.cli.connection.common import parser, plugin_named
from flowlang.cli.printing import print_json
from flowlang.cli.readable import duration
from flowlang.cli.target import UsageError, write_result
from flowlang.cli.terminal import Palette, one_line
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.contract import CheckResult, verify
from flowlang.language.scalars import resolve
from flowlang.runtime.executor import FlowExecutor

_SIGNS: Final = {"ok": "✅", "failed": "❌", "skipped": "➖"}


def main(arguments: Sequence[str]) -> int:
    """Run every check. Exit code 0 when the plugin passes, 1 when a check failed."""
    command = parser(
        "verify",
        "Put a plugin through the contract that every plugin keeps: its schema, its errors, its\n"
        "tasks and what is told of them, its scaffolds; with a server also the life of its\n"
        "connections and a run of its example.",
        "flowlang connection verify sqlite --url sqlite:////tmp/verify.db",
        exit_codes={0: "the plugin passes", 1: "a check failed", 2: "the call is invalid"},
    )
    command.add_argument(
        "--url", metavar="URL", help="a server to try things on: its data may change; `-` reads it from stdin"
    )
    command.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="more of the configuration")
    command.add_argument("--live", action="store_true", help="what --set gives leads to a server to try things on")
    options = command.parse_args(arguments)
    plugin = type(plugin_named(options.plugin).plugin)
    url = sys.stdin.readline().strip() if options.url == "-" else options.url
    if url is not None and "://" not in url:
        raise UsageError("--url takes a URL, such as sqlite:////tmp/verify.db")
    live = options.live or url is not None
    results = asyncio.run(
        _verified(plugin, url, dict(map(_resolved, options.set)), live, None if options.json else _tell)
    )
    count = Counter[str](result.status for result in results)
    if options.json:
        checks = [result._asdict() for result in results]
        print_json({"plugin": plugin.name, "ok": not count["failed"], "counts": dict(count), "checks": checks})
    else:
        write_result(None, _closing(plugin.name, count, live) + "\n")
    return int(count["failed"] > 0)


async def _verified(
    plugin: type[ConnectionPlugin],
    url: str | None,
    config: dict[str, Any],
    live: bool,
    tell: Callable[[CheckResult], object] | None,
) -> list[CheckResult]:
    executor = FlowExecutor(folder=os.curdir)
    try:
        return await verify(plugin, url, tell, config=config, live=live, run=executor.execute_flow)
    finally:
        await executor.close()


def _tell(result: CheckResult) -> None:
    palette = Palette(sys.stdout)
    took = palette.faint(f" ({duration(result.ms)})") if result.ms > 500 else ""
    lines = [f"{_SIGNS[result.status]} {result.name}{took}"]
    if result.status == "failed":
        lines.append(f"   {palette.bad(one_line(result.message))}")
    elif result.status == "skipped":
        lines.append(f"   {palette.faint(one_line(result.message))}")
    write_result(None, "\n".join(lines) + "\n")


def _closing(name: str, count: Counter[str], live: bool) -> str:
    palette = Palette(sys.stdout)
    numbers = f"{count['ok']} passed, {count['failed']} failed, {count['skipped']} skipped"
    more = "" if live else "; --url URL adds those that need a server"
    told = f"{name}: {numbers}{more}"
    return palette.bad(told) if count["failed"] else palette.good(told)


def _resolved(text: str) -> tuple[str, Any]:
    key, value = pair(text, "--set")
    try:
        return key, resolve(value)
    except ValueError:
        return key, value
