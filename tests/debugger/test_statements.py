"""Stopping before anything is sent: batches, Redis, MongoDB and the drivers' own calls pass the gate that SQL does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flowlang import FlowExecutor, TaskRegistry
from flowlang.debugger import Breakpoint, DebuggerError, Stop

from .debugging import Debugged

PREFIX = {"sqlite": "sqlite", "postgres": "pg", "mysql": "mysql"}


class Store(NamedTuple):
    """A connection, a step that writes something to it, and one that reads how much is there."""

    connection: str
    write: str
    statement: str
    params: Any
    read: str
    result: str

    def flow(self, write: str | None = None, read: bool = True) -> str:
        steps = f"  - {write or self.write}\n" + (f"  - {self.read}\n" if read else "")
        outputs = f"outputs: {{count: '{self.result}', wrote: '${{write}}'}}\n" if read else ""
        return f"flow: f\nconnections: {{db: {{{self.connection}}}}}\nsteps:\n{steps}{outputs}"

    async def count(self) -> int:
        """How much is there, as another session sees it."""
        executor = FlowExecutor(env={})
        result = await executor.execute_flow(
            f"flow: f\nconnections: {{db: {{{self.connection}}}}}\nsteps:\n  - {self.read}\n"
            f"outputs: {{count: '{self.result}'}}\n"
        )
        await executor.close()
        result.raise_for_error()
        return int(result["count"])


def in_redis(url: str) -> Store:
    write = "redis_rpush: {id: write, key: names, values: [ada, grace]}"
    read = "redis_llen: {id: read, key: names}"
    return Store(f"type: redis, url: '{url}'", write, "RPUSH names", ["ada", "grace"], read, "${read.length}")


def in_mongodb(url: str) -> Store:
    write = "mongo_insert: {id: write, collection: names, documents: [{name: ada}, {name: grace}]}"
    read = "mongo_count: {id: read, collection: names}"
    written = [{"name": "ada"}, {"name": "grace"}]
    return Store(f"type: mongodb, url: '{url}'", write, "insert names", written, read, "${read.count}")


async def in_sql(type: str, config: str) -> Store:
    prefix = PREFIX[type]
    write = (
        f"{prefix}_batch_insert: {{id: write, table: names, batch_size: 1, records: [{{name: ada}}, {{name: grace}}]}}"
    )
    read = f"{prefix}_query: {{id: read, query: select count(*) as n from names}}"
    params = [[{"name": "ada"}], [{"name": "grace"}]] if type == "postgres" else [{"name": "ada"}]
    statement = {"sqlite": 'INSERT INTO "names"', "mysql": "INSERT INTO `names`", "postgres": 'COPY "names"'}[type]
    store = Store(f"type: {type}, {config}", write, statement, params, read, "${read.rows[0].n}")
    await ran(
        store.flow(f"{prefix}_execute: {{query: 'create table names (id integer, name varchar(20))'}}", read=False)
    )
    return store


async def ran(flow: str) -> None:
    executor = FlowExecutor(env={})
    result = await executor.execute_flow(flow)
    await executor.close()
    result.raise_for_error()


@pytest.fixture(params=["sqlite", "postgres", "mysql", "redis", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return await in_sql("sqlite", f"database: '{tmp_path}/names.db'")
    url = request.getfixturevalue(f"{request.param}_database")
    if request.param == "redis":
        return in_redis(url)
    return in_mongodb(url) if request.param == "mongodb" else await in_sql(request.param, f"url: '{url}'")


def at_statements(step: str = "write", **more: Any) -> list[Breakpoint]:
    return [Breakpoint(step, "statement", **more)]


async def test_a_statement_is_stopped_at_before_it_is_sent(store: Store) -> None:
    async with Debugged(store.flow(), at_statements()) as run:
        stop = await run.stop()
        assert (stop.reason, stop.when, stop.path) == ("statement", "statement", "write")
        assert str(stop.statement).startswith(store.statement)
        assert stop.params == store.params
        assert stop.can >= {"query", "give", "skip"}
        assert not any(event["text"].startswith(store.statement) for event in run.told("statement"))
        assert await store.count() == 0
        result = await run.to_end()
    assert result["count"] == 2


async def test_the_text_is_that_of_the_log(store: Store) -> None:
    async with Debugged(store.flow(), at_statements()) as run:
        stop = await run.stop()
        await run.to_end()
    assert stop.statement in [event["text"] for event in run.told("statement")]


async def test_an_output_is_given_and_nothing_is_sent(store: Store) -> None:
    async with Debugged(store.flow(), at_statements()) as run:
        (await run.stop()).give({"given": 7})
        result = await run.ended()
    assert result["count"] == 0
    assert [event["change"] for event in run.told("intervention")] == ["output"]
    assert result["wrote"] == {"given": 7}


async def test_a_step_is_skipped_at_its_statement(store: Store) -> None:
    async with Debugged(store.flow(), at_statements()) as run:
        (await run.stop()).skip()
        assert (await run.ended())["count"] == 0


async def test_a_condition_and_a_text_choose_the_statement(store: Store) -> None:
    points = at_statements("*", statement="nothing like it") + at_statements("*", condition="1 > 2")
    async with Debugged(store.flow(), points) as run:
        assert (await run.ended())["count"] == 2


async def test_log_points_at_statements_stop_nothing(store: Store) -> None:
    async with Debugged(store.flow(), at_statements(log="about to send ${statement}")) as run:
        assert (await run.ended())["count"] == 2
    assert f"about to send {store.statement}" in str(run.told("log")[0])


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return await in_sql("sqlite", f"database: '{tmp_path}/names.db'")
    return await in_sql(request.param, f"url: '{request.getfixturevalue(f'{request.param}_database')}'")


async def test_a_batch_is_asked_inside_its_transaction_and_before_its_commit(sql: Store) -> None:
    async with Debugged(sql.flow(), at_statements()) as run:
        stop = await run.stop()
        numbers = [stop.transaction and stop.transaction["number"]]
        while stop.statement is not None:
            stop = await run.over(stop)
            numbers.append(stop.transaction and stop.transaction["number"])
        assert numbers == list(range(1, len(numbers) + 1))
        answer = await stop.query("SELECT count(*) AS n FROM names")
        assert (answer.where, answer.rows) == ("in the open transaction", [{"n": 2}])
        assert stop.deadline is not None
        stop.roll_back()
        result = await run.ended()
    assert (result.error_type, await sql.count()) == ("RolledBackError", 0)


async def test_a_batch_is_committed_half_way(sql: Store) -> None:
    async with Debugged(sql.flow(), ["write"]) as run:
        stop = await run.into(await run.stop())
        copied = str(stop.statement).startswith("COPY")
        if not copied:
            stop = await run.over(stop)
        stop.commit()
        result = await run.ended()
    assert result["count"] == (0 if copied else 1)


async def test_updates_of_different_columns_are_stopped_at_one_by_one(sql: Store) -> None:
    prefix = sql.write.partition("_")[0]
    write = (
        f"{prefix}_batch_update: {{id: change, table: names, updates: "
        "[{id: 1, name: a}, {id: 2, name: b}, {id: 3}, {id: 1, name: c}]}"
    ).replace("{id: 3}", "{id: 3, name: null}")
    async with Debugged(sql.flow(write).replace("${write}", "${change}"), at_statements("change")) as run:
        seen: list[Stop] = [await run.stop()]
        while seen[-1].statement is not None:
            seen.append(await run.over(seen[-1]))
        assert (await run.to_end()).success
    assert all(str(stop.statement).startswith("UPDATE") for stop in seen[:-1])
    # on PostgreSQL a key that comes twice needs a second statement
    assert len(seen) - 1 == (2 if prefix == "pg" else 1)


async def through_postgres(connection: Any) -> None:
    async with connection.transaction():
        await connection.execute("insert into names values (1, $1)", "ada")
        await connection.executemany("insert into names values (2, $1)", [("grace",)])


async def through_mysql(connection: Any) -> None:
    await connection.begin()
    async with connection.cursor() as cursor:
        await cursor.execute("insert into names values (1, %s)", ["ada"])
        await cursor.executemany("insert into names values (2, %s)", [["grace"]])
    await connection.commit()


@pytest.fixture(params=[("postgres", through_postgres), ("mysql", through_mysql)], ids=["postgres", "mysql"])
async def python(request: pytest.FixtureRequest) -> tuple[Store, TaskRegistry]:
    type, task = request.param
    registry = TaskRegistry()
    registry.register("Write")(task)
    return await in_sql(type, f"url: '{request.getfixturevalue(f'{type}_database')}'"), registry


async def test_a_python_task_is_stopped_before_the_driver_sends(python: tuple[Store, TaskRegistry]) -> None:
    store, registry = python
    flow = store.flow("Write: {id: write, connection: db}")
    async with Debugged(flow, at_statements(statement="insert"), registry) as run:
        stop = await run.stop()
        assert (stop.params, stop.when) == (["ada"], "statement")
        assert stop.transaction is not None
        assert "commit" not in stop.can
        with pytest.raises(Exception, match="nowhere"):
            await stop.query("select * from nowhere")
        assert (await stop.query("select count(*) as n from names")).where == "in the open transaction"
        stop.resume()
        stop = await run.stop()
        assert (await stop.query("select count(*) as n from names")).rows == [{"n": 1}]
        stop.roll_back()
        result = await run.ended()
    assert result.error_type == "RolledBackError"
    assert await store.count() == 0


async def test_a_task_that_hides_the_error_sends_nothing_more_either(python: tuple[Store, TaskRegistry]) -> None:
    store, registry = python
    write = through_postgres if "postgres" in store.connection else through_mysql

    async def stubborn(connection: Any) -> str:
        for _ in range(3):
            try:
                await write(connection)
            except Exception:
                continue
        return "mine"

    registry.register("Stubborn")(stubborn)
    async with Debugged(store.flow("Stubborn: {id: write, connection: db}"), at_statements(), registry) as run:
        (await run.stop()).give("given")
        result = await run.ended()
    assert result["count"] == 0
    assert result["wrote"] == "given"


async def test_many_rows_are_shown_in_part(tmp_path: Path) -> None:
    store = await in_sql("sqlite", f"database: '{tmp_path}/names.db'")
    write = "sqlite_batch_insert: {id: write, table: names, records: '${inputs.rows}'}"
    inputs: Mapping[str, Any] = {"rows": [{"id": n} for n in range(1000)]}
    flow = store.flow(write).replace("flow: f\n", "flow: f\ninputs: [{name: rows, type: array}]\n")
    async with Debugged(flow, at_statements(), inputs=inputs) as run:
        stop = await run.stop()
        assert len(stop.params) == 101
        assert stop.params[-1] == "… 900 more"


async def test_secrets_in_what_is_sent_are_masked(redis_database: str) -> None:
    store = in_redis(redis_database)
    write = "redis_set: {id: write, key: 'k-${inputs.word}', value: '${inputs.word}'}"
    flow = store.flow(write).replace("flow: f\n", "flow: f\ninputs: [{name: word, secret: true}]\n")
    async with Debugged(flow, at_statements(), inputs={"word": "sw0rdfish"}) as run:
        stop = await run.stop()
        assert "sw0rdfish" not in f"{stop.statement} {stop.params} {stop.transaction}"
        with pytest.raises(DebuggerError, match="does not stand in a transaction"):
            stop.commit()
