"""Fixtures of the debugger's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from .shops import Shop


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    if request.param == "sqlite":
        found = Shop("sqlite", "sqlite", f"database: '{tmp_path}/shop.db'", lambda number: "?")
    elif request.param == "postgres":
        url = request.getfixturevalue("postgres_database")
        found = Shop("postgres", "pg", f"url: '{url}'", lambda number: f"${number}")
    else:
        found = Shop("mysql", "mysql", f"url: '{request.getfixturevalue('mysql_database')}'", lambda number: "%s")
    await found.fill()
    return found
