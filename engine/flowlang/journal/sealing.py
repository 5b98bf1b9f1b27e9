"""From a run's file into the database, all of it or nothing.

Nothing is lost by a death on the way: the file goes only once the transaction is committed, and what is found there
again is taken in again as if for the first time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import sha256
from json import dumps, loads
from typing import Any, Final, NamedTuple
from zlib import compress, decompress

from flowlang.journal.reading import SessionReading
from flowlang.journal.tally import Tally
from flowlang.plainly import to_text

#: Lines are kept together up to so many bytes.
CHUNK: Final = 1_000_000
_LEVEL: Final = 1

#: Where a line has its value, by its letter.
_SLOTS: Final = {"s": 4, "c": 5, "C": 5, "g": 4, "e": 2}


class Packed(NamedTuple):
    """What the database gets of one session."""

    tally: Tally
    chunks: list[bytes]
    definition: bytes
    blobs: dict[str, bytes]

    @property
    def complete(self) -> bool:
        """Whether the run came to its end in it."""
        return self.tally.status is not None


def pack(content: bytes, tally: Tally, *, inline_limit: int) -> Packed:
    """Compress the lines of a session, its definition aside. Values over `inline_limit` bytes become blobs."""
    blobs: dict[str, bytes] = {}
    head, _, rest = content.partition(b"\n")
    line, _, rest = rest.partition(b"\n")
    definition = line[len(b'["f",') : -1]
    content = head + b"\n" + rest
    if tally.has_large:
        content = b"\n".join(_without_large(content.split(b"\n"), inline_limit, blobs))
    return Packed(tally, [compress(chunk, _LEVEL) for chunk in _chunks(content)], definition, blobs)


def put(database: sqlite3.Connection, packed: Packed) -> None:
    """Write a session, in the transaction that is open. One that is there already was written before a death."""
    tally = packed.tally
    number = tally.header["session"]
    known = database.execute(f"SELECT {', '.join(_KNOWN)} FROM runs WHERE run_id = ?", (tally.header["run_id"],))
    before = known.fetchone()
    if before is not None:
        sealed = "SELECT 1 FROM sessions WHERE run = ? AND number = ?"
        if database.execute(sealed, (before[0], number)).fetchone():
            return
    run = _put_run(database, packed, None if before is None else dict(zip(_KNOWN, before, strict=True)))
    key = sha256(packed.definition).hexdigest()
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (run, number, key, packed.complete))
    rows = ((run, number, place, chunk) for place, chunk in enumerate(packed.chunks))
    database.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)
    if not database.execute("SELECT 1 FROM definitions WHERE key = ?", (key,)).fetchone():
        database.execute("INSERT INTO definitions VALUES (?, ?)", (key, compress(packed.definition, _LEVEL)))
    database.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", packed.blobs.items())
    database.executemany("INSERT OR IGNORE INTO run_blobs VALUES (?, ?)", ((run, key) for key in packed.blobs))


_KNOWN: Final = ("id", "sessions", "steps", "unknown", "origin_run", "origin_how", "origin_step", "started", "step_set")


def _put_run(database: sqlite3.Connection, packed: Packed, before: dict[str, Any] | None) -> int:
    tally, head = packed.tally, packed.tally.header
    origin = head.get("origin") or (None, None, None)
    unknown = set(tally.unknown)
    steps = tally.ran
    values: dict[str, Any] = {
        "run_id": head["run_id"],
        "flow": head["flow"],
        "path": head["path"],
        "status": tally.status or "interrupted",
        "started": head["started"],
        "ended": tally.ended,
        "duration_ms": tally.duration_ms or max(0.0, ((tally.ended or head["started"]) - head["started"]) * 1000),
        "steps": sum(tally.calls),
        "failed_step": tally.failed_step,
        "error": tally.error,
        "error_type": tally.error_type,
        "inputs": to_text(tally.inputs),
        "origin_run": origin[0],
        "origin_how": origin[1],
        "origin_step": origin[2],
        "sessions": head["session"],
        "gap": tally.gap,
    }
    if before is not None:
        unknown |= set(loads(before["unknown"] or "[]")) - _ended_paths(packed)
        values["sessions"] = max(values["sessions"], before["sessions"])
        values["steps"] += before["steps"]
        steps += _step_names(database, before["step_set"])
        values |= {name: before[name] for name in ("started", "origin_run", "origin_how", "origin_step")}
    values["step_set"] = _step_set(database, steps)
    values["unknown"] = dumps(sorted(unknown)) if unknown else None
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name != "run_id")
    [[run]] = database.execute(
        f"INSERT INTO runs ({names}) VALUES ({marks}) ON CONFLICT (run_id) DO UPDATE SET {changes} RETURNING id",
        tuple(values.values()),
    ).fetchall()
    return int(run)


def _ended_paths(packed: Packed) -> set[str]:
    """The paths of steps that came to an end in a session."""
    content = b"".join(map(decompress, packed.chunks))
    definition = {"steps": packed.tally.steps}
    reading = SessionReading(content, "complete" if packed.complete else "dead", lambda key: None, definition)
    return {step.path for step in reading.steps() if step.status != "unknown"}


def _step_set(database: sqlite3.Connection, names: Iterable[str]) -> int:
    """The number of a set of steps: runs of a flow mostly share it, so that search by step costs them no row each."""
    text = "\n".join(dict.fromkeys(names))
    key = sha256(text.encode("utf-8", "replace")).hexdigest()
    row = database.execute("SELECT id FROM step_sets WHERE key = ?", (key,)).fetchone()
    if row is not None:
        return int(row[0])
    number = database.execute("INSERT INTO step_sets (key, names) VALUES (?, ?)", (key, text)).lastrowid
    assert number is not None, "a row was inserted"
    database.executemany("INSERT INTO steps_in_sets VALUES (?, ?)", ((name, number) for name in text.split("\n")))
    return number


def _step_names(database: sqlite3.Connection, step_set: int | None) -> list[str]:
    row = database.execute("SELECT names FROM step_sets WHERE id = ?", (step_set,)).fetchone()
    return [] if row is None else row[0].split("\n")


def _chunks(content: bytes) -> Iterator[bytes]:
    begin = 0
    while begin < len(content):
        end = content.find(b"\n", begin + CHUNK) + 1 or len(content)
        yield content[begin:end]
        begin = end


def _without_large(lines: list[bytes], limit: int, blobs: dict[str, bytes]) -> Iterator[bytes]:
    for raw in lines:
        if len(raw) <= limit:
            yield raw
            continue
        line = loads(raw)
        slot = _SLOTS.get(line[0])
        if slot is None:
            yield raw
            continue
        if line[0] == "e" and len(line) > 3 and len(to_text(line[3])) > limit:
            slot = 3
        text = to_text(line[slot]).encode("ascii")
        key = sha256(text).hexdigest()
        blobs[key] = compress(text, _LEVEL)
        line[slot] = None
        yield to_text(["b", slot, key, len(text), line]).encode("ascii")
