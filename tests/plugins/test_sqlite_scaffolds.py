"""What the SQLite plugin writes for people."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flowlang
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.sqlite import SQLitePlugin


async def test_the_example_flow_checks_clean_and_runs_as_it_is(tmp_path: Path) -> None:
    path = SQLitePlugin().scaffold_example_flow(str(tmp_path / "new"), connection_name="shop")

    assert flowlang.check(Path(path)) == []
    for _ in range(2):
        result = await FlowExecutor().execute_flow(Path(path), {})
        assert result.error is None
        assert result.outputs == {
            "loaded": 3,
            "shipped": 1,
            "new_id": 4,
            "customers": [
                {"customer": "Ada", "orders": 1, "total": 12.5},
                {"customer": "Grace", "orders": 1, "total": 30.0},
                {"customer": "Linus", "orders": 1, "total": 18.0},
            ],
        }


async def test_the_helpers_work_with_a_connection(tmp_path: Path, sqlite: Callable[..., Any]) -> None:
    helpers = runpy.run_path(SQLitePlugin().scaffold_task_helpers(str(tmp_path)))
    async with sqlite() as db:
        await db.call(
            "transaction", queries=['CREATE TABLE "a b" (x)', "CREATE TABLE c (x)", "INSERT INTO c VALUES (1)"]
        )
        assert await db.step(helpers["table_names"]) == {"tables": ["a b", "c"]}
        assert await db.step(helpers["table_sizes"]) == {"sizes": {"a b": 0, "c": 1}}
