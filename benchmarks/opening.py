"""W10: the connections of a run to five databases, opened at once; the floor is the slowest of them alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from benchmarks.databases import Database, databases
from benchmarks.figures import Figure, show
from benchmarks.measure import in_turns, typical
from flowlang.connections.discovery import Plugins
from flowlang.connections.manager import ConnectionSpec, OpenConnections, open_connections

ROUNDS = 31


async def measure(found: Sequence[Database]) -> list[Figure]:
    specs = [specification(database, Plugins()) for database in found]
    held: list[OpenConnections] = []

    async def open_all(*wanted: ConnectionSpec) -> None:
        held.append(await open_connections(wanted))

    async def close() -> None:
        while held:
            await held.pop().close()

    works = [lambda spec=spec: open_all(spec) for spec in specs]
    times = await in_turns(*works, lambda: open_all(*specs), rounds=ROUNDS, before=close)
    await close()
    *alone, together = (typical(each) * 1000 for each in times)
    slowest = max(alone)
    name = found[alone.index(slowest)].name
    for database, each in zip(found, alone, strict=True):
        print(f"{database.name}: {each:.1f} ms", file=sys.stderr)
    return [Figure("W10", f"{len(found)} connections opened, beside {name} alone", "ms", slowest, together, 1.2)]


def specification(database: Database, plugins: Plugins) -> ConnectionSpec:
    entry = plugins.get(database.name)
    assert entry is not None, f"{database.name} is in the box"
    assert entry.plugin is not None, entry.error
    return ConnectionSpec(database.name, database.name, entry.plugin, database.config())


def main() -> None:
    with databases() as found:
        show(asyncio.run(measure(found)))


if __name__ == "__main__":
    main()
