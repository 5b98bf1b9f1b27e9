"""A database in whose transactions tests stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowlang import FlowExecutor
from flowlang.debugger import Stop

from .debugging import Debugged

#: What takes a minute.
SLOW = {
    "sqlite_query": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c",
    "pg_query": "SELECT pg_sleep(60)",
    "mysql_query": "SELECT sleep(60)",
}


class Shop:
    """A database with a table of stock, and a flow with a transaction of three statements on it."""

    def __init__(self, type: str, task: str, config: str, mark: Callable[[int], str]) -> None:
        self.connections = f"connections: {{db: {{type: {type}, {config}}}}}"
        self.query, self.execute = f"{task}_query", f"{task}_execute"
        self.transaction = f"{task}_transaction"
        self.mark = mark

    @property
    def flow(self) -> str:
        one, two = self.mark(1), self.mark(2)
        return f"""
flow: shop
{self.connections}
steps:
  - {self.transaction}:
      id: move
      queries:
        - {{query: 'UPDATE stock SET n = n - {one} WHERE id = {two}', params: [1, 1]}}
        - {{query: 'UPDATE stock SET n = n + {one} WHERE id = {two}', params: [1, 2]}}
        - {{query: 'UPDATE stock SET n = n + {one} WHERE id = {two}', params: [1, 3]}}
  - {self.query}: {{id: after, query: 'SELECT id, n FROM stock ORDER BY id'}}
outputs: {{stock: '${{after.rows}}', count: '${{move.count}}'}}
"""

    async def fill(self) -> None:
        await self._run("CREATE TABLE stock (id integer PRIMARY KEY, n integer)")
        await self._run("INSERT INTO stock VALUES (1, 10), (2, 20), (3, 30)")

    async def stock(self) -> list[int]:
        result = await self._run("SELECT n FROM stock ORDER BY id", self.query)
        return [row["n"] for row in result["a"]["rows"]]

    async def _run(self, text: str, task: str | None = None) -> Any:
        flow = (
            f"flow: f\n{self.connections}\nsteps: [{{{task or self.execute}: {{id: a, query: '{text}'}}}}]\n"
            "outputs: {a: '${a}'}"
        )
        executor = FlowExecutor(env={})
        result = await executor.execute_flow(flow)
        await executor.close()
        result.raise_for_error()
        return result


async def to_second_statement(run: Debugged) -> Stop:
    stop = await run.into(await run.stop())
    assert (stop.reason, stop.when, stop.path) == ("step", "statement", "move")
    stop = await run.over(stop)
    assert stop.transaction is not None
    assert (stop.transaction["number"], stop.transaction["total"]) == (2, 3)
    assert stop.transaction["params"] == [1, 2]
    assert str(stop.statement).startswith("UPDATE stock SET n = n +")
    assert stop.can >= {"query", "commit", "roll_back", "set_value"}
    return stop
