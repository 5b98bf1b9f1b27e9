"""The tables of the journal's database, and how an older version becomes the present one."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from flowlang.errors import JournalTooNewError

#: One script for each version, from nothing; `user_version` tells which a database has.
MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, flow TEXT NOT NULL, path TEXT, status TEXT NOT NULL,
        started REAL NOT NULL, ended REAL, duration_ms REAL NOT NULL, steps INTEGER NOT NULL, failed_step TEXT,
        error TEXT, error_type TEXT, inputs TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, origin_run TEXT,
        origin_how TEXT, origin_step TEXT, sessions INTEGER NOT NULL, unknown TEXT, gap TEXT, step_set INTEGER);
    CREATE INDEX runs_by_steps ON runs (step_set);
    CREATE INDEX runs_by_time ON runs (started DESC, id DESC);
    CREATE INDEX runs_by_status ON runs (status, started DESC, id DESC);
    CREATE INDEX runs_by_flow ON runs (flow, started DESC, id DESC);
    CREATE TABLE sessions (
        run INTEGER NOT NULL, number INTEGER NOT NULL, definition TEXT NOT NULL, complete INTEGER NOT NULL,
        PRIMARY KEY (run, number)) WITHOUT ROWID;
    CREATE INDEX sessions_by_definition ON sessions (definition);
    CREATE TABLE chunks (
        run INTEGER NOT NULL, session INTEGER NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (run, session, number));
    CREATE TABLE definitions (key TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE blobs (key TEXT PRIMARY KEY, content BLOB NOT NULL);
    CREATE TABLE run_blobs (run INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (run, key)) WITHOUT ROWID;
    CREATE INDEX runs_of_blobs ON run_blobs (key);
    CREATE TABLE step_sets (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, names TEXT NOT NULL);
    CREATE TABLE steps_in_sets (
        step_id TEXT NOT NULL, step_set INTEGER NOT NULL, PRIMARY KEY (step_id, step_set)) WITHOUT ROWID;
    """,
)
VERSION: Final = len(MIGRATIONS)


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Bring a database to the present version. Raises JournalTooNewError, before anything is changed."""
    version = version_of(database)
    if version > VERSION:
        raise JournalTooNewError(
            f"{path} was written by a later version (its format is {version}, this one knows {VERSION})",
            hint="update flowlang, or move the file away to begin a new journal",
        )
    if version == 0:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    if version == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        # another process may have been quicker
        for number in range(version_of(database), VERSION):
            for statement in MIGRATIONS[number].split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {number + 1}")
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled it back already
            database.execute("ROLLBACK")
        raise


def version_of(database: sqlite3.Connection) -> int:
    """The version of a database's format; 0 for an empty one."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version
