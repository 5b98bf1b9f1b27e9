"""What the MongoDB plugin writes for people."""

from __future__ import annotations

import runpy
from pathlib import Path

import flowlang
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.mongodb import MongoDBPlugin
from tests.plugins.connected import connected
from tests.plugins.test_mongodb_tasks import database_of


async def test_the_example_flow_checks_clean_and_runs_as_it_is(tmp_path: Path, mongodb_database: str) -> None:
    path = Path(MongoDBPlugin().scaffold_example_flow(str(tmp_path / "new"), connection_name="shop"))
    config = database_of(mongodb_database)

    assert flowlang.check(path) == []
    text = path.read_text().replace("flowlang_example", config["database"])  # noqa: ASYNC240
    executor = FlowExecutor(env={"MONGODB_URL": config["url"]})
    for _ in range(2):
        result = await executor.execute_flow(text, {})
        assert result.error is None
        assert result.outputs == {
            "loaded": 3,
            "shipped": 1,
            "first": "Ada",
            "open": 2,
            "customers": [{"_id": "Ada", "orders": 1, "total": 12.5}, {"_id": "Grace", "orders": 1, "total": 30}],
        }
    await executor.close()


async def test_the_helpers_work_with_a_connection(tmp_path: Path, mongodb_database: str) -> None:
    helpers = runpy.run_path(MongoDBPlugin().scaffold_task_helpers(str(tmp_path)))
    async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database)) as mongo:
        numbers = [(await mongo.step(helpers["next_number"], counter="invoices"))["number"] for _ in range(3)]
        assert numbers == [1, 2, 3]
        assert await mongo.step(helpers["collection_sizes"]) == {"sizes": {"counters": 1}}


async def test_a_test_of_the_connection_says_where_it_leads(mongodb_database: str) -> None:
    config = database_of(mongodb_database)
    async with connected(MongoDBPlugin, "mongo", **config) as mongo:
        plugin = mongo.opened.plugin("db")
        assert (
            await plugin.check(await plugin.get_connection())
            == f"MongoDB, database {config['database']}, 0 collections"
        )
