"""PostgreSQL databases."""

from __future__ import annotations

from flowlang_plugins.postgres.provider import PostgresPlugin

__all__ = ["PostgresPlugin"]
