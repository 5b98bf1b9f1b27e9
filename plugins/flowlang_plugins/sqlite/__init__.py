"""SQLite: databases in a file, or in memory for the time of a run."""

from __future__ import annotations

from flowlang_plugins.sqlite.provider import SQLitePlugin

__all__ = ["SQLitePlugin"]
