"""W16: what recording a run adds to its steps, how much room it takes, and how soon runs are found among 100,000."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks import loop, sequence
from benchmarks.databases import SQLite, flow
from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang import FlowExecutor, Journal, RunQuery, TaskRegistry
from flowlang.journal.sealing import Packed, put
from flowlang.journal.tally import Tally

RUNS = 100_000
LOOKUPS = 400
MANY = "SELECT name, price FROM things"
LONG = 10_000


async def steps(folder: Path) -> list[Figure]:
    """What the journal adds to a step of W1 and W3 while it runs, and what taking the run into the database takes."""
    registry = TaskRegistry()
    registry.register(sequence.add)
    executor = FlowExecutor(registry)
    journal = Journal(folder)
    shapes = (
        ("a step in sequence", sequence.flow(), {"start": 0}, sequence.STEPS, 60),
        ("an iteration of a one-step loop", loop.FLOW, {"numbers": list(range(loop.ITEMS))}, loop.ITEMS, 15),
    )
    figures = []
    for name, text, inputs, count, rounds in shapes:

        async def run(
            listener: bool,
            recorded: bool,
            text: str = text,
            inputs: dict[str, object] = inputs,  # type: ignore[assignment]
        ) -> None:
            recorder = journal.recorder() if recorded else None
            listen = sequence.listen if listener else None
            assert (await executor.execute_flow(text, inputs, listen, recorder=recorder)).success
            assert recorder is None or recorder.problem is None

        taken: list[float] = []

        async def take_in(taken: list[float] = taken) -> None:
            waiting = bool(os.listdir(folder / ".flowlang" / "running")) if journal.home.is_dir() else False
            started = perf_counter()
            journal.count()
            if waiting:
                taken.append(perf_counter() - started)

        times = await in_turns(
            lambda run=run: run(False, False),
            lambda run=run: run(False, True),
            lambda run=run: run(True, False),
            lambda run=run: run(True, True),
            rounds=rounds,
            before=take_in,
        )
        alone, recorded, heard, both = (best(each) / count * 1e6 for each in times)
        figures.append(Figure("W16", f"what the journal adds to {name}", "us", None, recorded - alone, 8, "us"))
        figures.append(Figure("W16", "the same with a subscriber", "us", None, both - heard, 8, "us"))
        if taken:
            figures.append(
                Figure("W16", "taking it into the database afterwards", "us", None, best(taken) / count * 1e6)
            )
    journal.count()
    [latest, *_] = journal.runs()
    started = perf_counter()
    assert len(journal.run(latest.run_id).steps()) == LONG + 1
    figures.append(Figure("W16", f"the {LONG:,} steps of a run, read", "ms", None, (perf_counter() - started) * 1e3))
    journal.prune(keep=1)
    with journal._store.reading() as database:
        [[size]] = database.execute("SELECT sum(length(content)) FROM chunks").fetchall()
    figures.append(Figure("W16", "a small step in the database", "bytes", None, size / LONG, 300, "bytes"))
    journal.close()
    return figures


async def queries(folder: Path) -> list[Figure]:
    """What it adds to steps that ask SQLite for something: by a key, and what takes a millisecond or so."""
    database = SQLite(str(folder / "things.db"))
    await database.open()
    await database.fill()
    await database.close()
    executor, journal = FlowExecutor(), Journal(folder)
    figures = []
    for name, query, bar in (
        ("`sqlite_query` by a key", "SELECT id, name FROM things WHERE id = ?", None),
        ("`sqlite_query` of a sum", f"SELECT ? AS id, sum(length(hex(name || price))) AS size FROM ({MANY})", 1.05),
    ):
        step = {"sqlite_query": {"id": "found", "connection": "db", "query": query, "params": ["${key}"]}}
        loop_of = {"id": "each", "for_each": "${inputs.keys}", "as": "key", "do": [step]}
        text = flow(database, loop_of, {"last": "${found.rows[0].id}"})
        keys = list(range(LOOKUPS))

        async def run(recorded: bool, text: str = text, keys: list[int] = keys) -> None:
            recorder = journal.recorder() if recorded else None
            result = await executor.execute_flow(text, {"keys": keys}, sequence.listen, recorder=recorder)
            assert result["last"] == LOOKUPS - 1, result.error

        async def take_in() -> None:
            await asyncio.to_thread(journal.count)

        times = await in_turns(
            lambda run=run: run(False), lambda run=run: run(True), rounds=8, warm_up=1, before=take_in
        )
        alone, recorded = (best(each) / LOOKUPS * 1e6 for each in times)
        figures.append(Figure("W16", f"{name}, recorded", "us", alone, recorded, bar))
    journal.close()
    return figures


def fill(journal: Journal) -> None:
    """Put many runs into a journal, of flows that fail now and then."""
    chance = random.Random(16)
    (journal.home / "running").mkdir(parents=True)
    with journal._store.writing() as database:
        for number in range(RUNS):
            put(database, made_up(number, chance))


def made_up(number: int, chance: random.Random) -> Packed:
    """A run that never was."""
    name = chance.choice(["orders", "billing", "import", "reports", "cleanup"])
    tally = Tally()
    tally.header = {
        "run_id": f"20260101-{number:06d}-{chance.getrandbits(32):08x}",
        "session": 1,
        "flow": name,
        "path": f"{name}/flow.yaml",
        "started": 1_790_000_000.0 + number * 30,
        "origin": None,
    }
    tally.steps = [(name, f"{name}_{step}", "Task", "task", step) for step in range(10)]
    tally.calls = [int(chance.random() < 0.9) for _ in range(10)]
    tally.inputs = {"customer": chance.randrange(10_000), "region": chance.choice(["north", "south"]), "note": "x" * 80}
    tally.duration_ms = chance.expovariate(1 / 2000)
    tally.ended = tally.header["started"] + tally.duration_ms / 1000
    tally.status = "succeeded"
    if chance.random() < 0.05:
        tally.status, tally.failed_step = "failed", f"{name}_3"
        tally.error, tally.error_type = f"customer {number} has no address", "ValueError"
    return Packed(tally, [os.urandom(300)], name.encode(), {})


def searches() -> list[Figure]:
    """How soon runs are found among many."""
    figures = []
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        fill(journal)
        asked: list[tuple[str, RunQuery, float]] = [
            ("the first 200", RunQuery(limit=200), 300),
            ("the last 200", RunQuery(limit=200, offset=RUNS - 200), 300),
            ("those of a step", RunQuery(step="billing_7", limit=200), 1000),
            ("those that failed", RunQuery(status="failed", flow="orders", limit=200), 1000),
            ("those with an error's words", RunQuery(text=f"customer {RUNS // 2} has", limit=200), 1000),
            ("those with an input", RunQuery(inputs={"customer": "77", "region": "north"}), 1000),
            ("long ones of a day", RunQuery(longer_than_ms=9000, since=1_792_000_000, until=1_792_086_400), 1000),
        ]
        for name, query, bar in asked:
            taken = min(milliseconds(lambda query=query: journal.runs(query)) for _ in range(3))
            figures.append(Figure("W16", f"of {RUNS:,} runs {name}", "ms", None, taken, bar, "ms"))
        counted = min(milliseconds(lambda: journal.count(RunQuery(text="no address"))) for _ in range(3))
        figures.append(Figure("W16", f"of {RUNS:,} runs, how many have a text", "ms", None, counted, 1000, "ms"))
        journal.close()
    return figures


def milliseconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1e3


async def measure() -> list[Figure]:
    assert sqlite3.sqlite_version_info  # loaded before anything is timed, as it is in a process that runs for long
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        return [*await steps(Path(one)), *await queries(Path(other)), *searches()]


if __name__ == "__main__":
    show(asyncio.run(measure()))
