"""Finding runs: from a query to the rows of the database, and to what is under way."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from json import loads
from typing import TYPE_CHECKING, Any, Final

from flowlang.journal.records import Origin, RunQuery, RunSummary
from flowlang.plainly import to_text

if TYPE_CHECKING:
    from flowlang.journal.reading import SessionReading

_COLUMNS: Final = (
    "run_id, flow, path, status, started, ended, duration_ms, steps, failed_step, error, error_type, inputs, pinned, "
    "origin_run, origin_how, origin_step, sessions, unknown, gap"
)
_SEARCHED: Final = ("inputs", "error", "flow", "path", "failed_step", "run_id")

#: Values that stand in JSON as they are; numbers with an exponent may be written in another way.
_AS_WRITTEN: Final = re.compile(r"(?![\d.+-]+e)[A-Za-z0-9_ -]+", re.ASCII | re.IGNORECASE)


def find(database: sqlite3.Connection, query: RunQuery, without: Sequence[str] = ()) -> list[RunSummary]:
    """The runs that a query wants, the newest first; those of the ids `without` left out."""
    where, values = _where(query, without)
    limit = -1 if query.limit is None else query.limit
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM runs{where} ORDER BY started DESC, id DESC LIMIT ? OFFSET ?",
        (*values, limit, query.offset),
    )
    return [summary(row) for row in rows]


def count(database: sqlite3.Connection, query: RunQuery, without: Sequence[str] = ()) -> int:
    """How many runs a query wants."""
    where, values = _where(query, without)
    found: int = database.execute(f"SELECT count(*) FROM runs{where}", values).fetchone()[0]
    return found


def by_rows(database: sqlite3.Connection, rows: Sequence[int]) -> list[RunSummary]:
    """The runs in these rows, the newest first."""
    found = (database.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (row,)).fetchone() for row in rows)
    return sorted((summary(row) for row in found if row is not None), key=lambda one: -one.started)


def summary_of(database: sqlite3.Connection, run_id: str) -> RunSummary:
    """The run of this id, which is there."""
    return summary(database.execute(f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?", (run_id,)).fetchone())


def ids_like(database: sqlite3.Connection, part: str) -> list[str]:
    """Some ids of runs that begin or end with `part`, the newest first."""
    rows = database.execute(
        "SELECT run_id FROM runs WHERE run_id >= ?1 AND run_id < ?1 || char(1114111) OR substr(run_id, ?2) = ?1 "
        "ORDER BY started DESC LIMIT 10",
        (part, -len(part)),
    )
    return [row[0] for row in rows]


def summary(row: Sequence[Any]) -> RunSummary:
    """A run, from its row."""
    origin = None if row[14] is None else Origin(row[13], row[14], row[15])
    return RunSummary(
        run_id=row[0],
        flow=row[1],
        path=row[2],
        status=row[3],
        started=row[4],
        ended=row[5],
        duration_ms=row[6],
        steps=row[7],
        failed_step=row[8],
        error=row[9],
        error_type=row[10],
        inputs=loads(row[11]) if row[11] != "{}" else {},
        pinned=bool(row[12]),
        origin=origin,
        sessions=row[16],
        has_unknown=row[17] is not None,
        gap=row[18],
    )


def under_way(reading: SessionReading, now: float) -> RunSummary:
    """A run that is not in the database, as it is now."""
    head, tally = reading.header, reading.tally()
    status: Any = tally.status or "interrupted"
    if reading.ending == "alive":
        status = "running" if reading.has_begun else "queued"
    origin = head.get("origin")
    ended = now if reading.ending == "alive" else tally.ended or head["started"]
    return RunSummary(
        run_id=head["run_id"],
        flow=head["flow"],
        path=head["path"],
        status=status,
        started=head["started"],
        ended=None if reading.ending == "alive" else ended,
        duration_ms=tally.duration_ms or max(0.0, (ended - head["started"]) * 1000),
        steps=sum(tally.calls),
        failed_step=tally.failed_step,
        error=tally.error,
        error_type=tally.error_type,
        inputs=tally.inputs,
        origin=None if origin is None else Origin(*origin),
        sessions=head["session"],
        has_unknown=bool(tally.unknown),
        gap=tally.gap,
    )


def fits(run: RunSummary, steps: set[str], query: RunQuery) -> bool:
    """Whether a run that is not in the database is one that a query wants; `steps` are the ids in it."""
    text = query.text
    searched = (to_text(run.inputs), run.error, run.flow, run.path, run.failed_step, run.run_id)
    return (
        query.flow in (None, run.flow, run.path)
        and query.status in (None, run.status)
        and (query.step is None or _step_id(query.step) in steps)
        and (text is None or any(text.lower() in (one or "").lower() for one in searched))
        and all(_as_text(run.inputs.get(name)) == value for name, value in query.inputs.items())
        and (query.since is None or run.started >= query.since)
        and (query.until is None or run.started <= query.until)
        and (query.longer_than_ms is None or run.duration_ms > query.longer_than_ms)
        and query.pinned in (None, run.pinned)
        and query.origin in (None, None if run.origin is None else run.origin.how)
    )


def _where(query: RunQuery, without: Sequence[str]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []

    def need(part: str, *given: Any) -> None:
        parts.append(part)
        values.extend(given)

    if query.flow is not None:
        need("(flow = ? OR path = ?)", query.flow, query.flow)
    if query.status is not None:
        need("status = ?", query.status)
    if query.step is not None:
        need("step_set IN (SELECT step_set FROM steps_in_sets WHERE step_id = ?)", _step_id(query.step))
    if query.text is not None:
        pattern = "".join(f"\\{one}" if one in "%_\\" else one for one in query.text)
        # inputs are JSON, where other characters than those of ASCII are written as escapes
        escaped = "".join(f"\\{one}" if one in "%_\\" else one for one in to_text(query.text)[1:-1])
        likes = " OR ".join(f"{name} LIKE ? ESCAPE '\\'" for name in _SEARCHED)
        need(f"({likes})", f"%{escaped}%", *[f"%{pattern}%"] * (len(_SEARCHED) - 1))
    for name, value in query.inputs.items():
        if _AS_WRITTEN.fullmatch(value):
            need("instr(inputs, ?)", value)  # much sooner said than what JSON has under a name
        path = f'$."{name}"'
        found = "json_extract(inputs, ?)"
        of_words = f"CASE json_type(inputs, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE {found} END"
        need(f"CAST({of_words} AS TEXT) = ?", path, path, value)
    for part, limit in (("started >= ?", query.since), ("started <= ?", query.until)):
        if limit is not None:
            need(part, limit)
    if query.longer_than_ms is not None:
        need("duration_ms > ?", query.longer_than_ms)
    if query.pinned is not None:
        need("pinned = ?", query.pinned)
    if query.origin is not None:
        need("origin_how = ?", query.origin)
    if without:
        need(f"run_id NOT IN ({', '.join('?' * len(without))})", *without)
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _step_id(step: str) -> str:
    return step.rpartition("/")[2].partition("[")[0]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else to_text(value)
