"""A run of the journal, opened: its sessions, from the database and from the file of one that is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from json import loads
from time import time
from typing import Any
from zlib import decompress

from flowlang.journal.finding import summary_of, under_way
from flowlang.journal.reading import Ending, SessionReading
from flowlang.journal.records import RecordedRun, RecordedStep, RunSummary, Session
from flowlang.journal.store import Store


def opened_run(store: Store | None, run_id: str, live: Sequence[SessionReading]) -> RecordedRun:
    """The run with this id. `live` are its sessions that are not in the database."""
    sessions = _Sessions(store, run_id, live)
    summary = _summary(store, run_id, live)
    last = sessions.readings[-1]
    outputs, _ = last.outputs()
    return RecordedRun(
        summary,
        sessions,
        definition=last.definition["flows"],
        tasks=last.definition["tasks"],
        inputs=_inputs(sessions.readings[0]),
        masked_inputs=tuple(sessions.readings[0].header["masked"]),
        outputs=outputs,
        error=last.error(),
    )


def stored_sessions(store: Store, run_id: str) -> list[SessionReading]:
    """The sessions of a run that are in the database, in order."""
    query = (
        "SELECT session, complete, chunks.content, definitions.content FROM chunks JOIN runs ON chunks.run = runs.id "
        "JOIN sessions ON sessions.run = runs.id AND sessions.number = session "
        "JOIN definitions ON definitions.key = definition WHERE run_id = ? ORDER BY session, chunks.number"
    )
    with store.reading() as database:
        rows = database.execute(query, (run_id,)).fetchall()
    found = []
    for number in dict.fromkeys(row[0] for row in rows):
        ours = [row for row in rows if row[0] == number]
        _, complete, _, definition = ours[0]
        content = b"".join(decompress(row[2]) for row in ours)
        ending: Ending = "complete" if complete else "dead"
        found.append(SessionReading(content, ending, lambda key: _blob(store, key), loads(decompress(definition))))
    return found


def _blob(store: Store, key: str) -> str | None:
    with store.reading() as database:
        row = database.execute("SELECT content FROM blobs WHERE key = ?", (key,)).fetchone()
    return None if row is None else decompress(row[0]).decode("ascii")


class _Sessions:
    """The sessions of one run, each read once."""

    def __init__(self, store: Store | None, run_id: str, live: Sequence[SessionReading]) -> None:
        stored = [] if store is None else stored_sessions(store, run_id)
        self.readings = [*stored, *sorted(live, key=lambda one: one.number)]

    def sessions(self) -> list[Session]:
        return [reading.session for reading in self.readings]

    def events(self, session: int | None = None) -> Iterator[dict[str, Any]]:
        seq = 0
        for reading in self.readings:
            if session in (None, reading.number):
                for event in reading.events(seq):
                    yield event
                    seq = event["seq"]

    def steps(self, session: int | None = None) -> list[RecordedStep]:
        return [step for one in self.readings if session in (None, one.number) for step in one.steps()]


def _summary(store: Store | None, run_id: str, live: Sequence[SessionReading]) -> RunSummary:
    if live:
        return under_way(live[-1], time())
    assert store is not None, "a run is under way or in the database"
    with store.reading() as database:
        return summary_of(database, run_id)


def _inputs(reading: SessionReading) -> dict[str, Any]:
    from flowlang.exact import decode

    return {
        name: decode(value).value if is_tagged else value
        for name, (value, is_tagged) in reading.header["inputs"].items()
    }
