"""A flow that has everything fails, runs out of time and is cancelled at each of its points, one after the other.

Whatever happens where: no task goes on, no connection stays open, `finally` runs once, the result says what it was.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from flowlang import CancellationToken, FlowResult
from flowlang.connections.pools import process_pools
from tests.runtime.conftest import PATIENCE, Engine

FLOW = """
flow: shop
inputs: [{name: sql, type: object}, {name: limits, type: object}]
connections:
  db: {type: sqlite, database: shop.db}
steps:
  - sqlite_execute: {id: create, query: '${inputs.sql.create}', timeout: LIMIT(create)}
  - {task: Point, id: first, inputs: {name: first}, timeout: LIMIT(first)}
  - for_each: ${range(3)}
    id: each
    concurrency: 2
    timeout: LIMIT(each)
    do:
      - {task: Point, id: single, inputs: {name: single}, timeout: LIMIT(single)}
      - sqlite_execute: {id: insert, query: '${inputs.sql.insert}', params: ['${item}'], timeout: LIMIT(insert)}
  - parallel:
      - {task: Point, id: left, inputs: {name: left}, timeout: LIMIT(left)}
      - {task: Point, id: right, inputs: {name: right}, timeout: LIMIT(right)}
      - sqlite_query: {id: look, query: '${inputs.sql.look}', timeout: LIMIT(look)}
    id: both
    timeout: LIMIT(both)
  - {task: Point, id: tried, inputs: {name: tried}, retry: {max_attempts: 2, delay: 0}, timeout: LIMIT(tried)}
  - sqlite_transaction:
      id: transfer
      timeout: LIMIT(transfer)
      queries:
        - {query: "insert into sales values ('transfer')"}
        - {query: '${inputs.sql.transfer}'}
  - {subflow: pack, id: packed, inputs: {sql: '${inputs.sql}', limits: '${inputs.limits}'}, timeout: LIMIT(packed)}
  - if: ${packed.done}
    id: choice
    timeout: LIMIT(choice)
    then:
      - {task: Point, id: chosen, inputs: {name: chosen}, timeout: LIMIT(chosen)}
  - while: ${not turn.count or turn.count < 2}
    id: turns
    timeout: LIMIT(turns)
    do:
      - {task: Point, id: turn, inputs: {name: turn}, timeout: LIMIT(turn)}
  - {task: Session, id: session, connection: db, inputs: {name: session}, timeout: LIMIT(session)}
  - sqlite_query: {id: report, query: '${inputs.sql.report}', timeout: LIMIT(report)}
on_error: [{task: Note, inputs: {text: on_error}}]
on_cancel: [{task: Note, inputs: {text: on_cancel}}]
finally:
  - {task: Note, inputs: {text: finally}}
  - sqlite_execute: {id: closing, query: create table if not exists closed (n)}
outputs: {sales: '${report.count}'}
"""

PACK = """
flow: pack
inputs: [{name: sql, type: object}, {name: limits, type: object}]
connections:
  own: {type: sqlite, database: ':memory:'}
steps:
  - {task: Point, id: deep, inputs: {name: deep}, timeout: LIMIT(deep)}
  - sqlite_query: {id: weigh, query: '${inputs.sql.weigh}', timeout: LIMIT(weigh)}
finally: [{task: Note, inputs: {text: inner finally}}]
outputs: {done: true}
"""

SQL = {
    "create": "create table if not exists sales (n)",
    "insert": "insert into sales values (?)",
    "look": "select * from sales",
    "transfer": "delete from sales where n = 'nothing'",
    "weigh": "select 1",
    "report": "select * from sales",
}
ENDLESS = (
    "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c where x < coalesce(?, 0)"
)

#: The steps that do something, with the blocks around them that have a time limit of their own.
POINTS = {
    "create": [],
    "first": [],
    "single": ["each"],
    "insert": ["each"],
    "left": ["both"],
    "look": ["both"],
    "tried": [],
    "transfer": [],
    "deep": ["packed"],
    "weigh": ["packed"],
    "chosen": ["choice"],
    "turn": ["turns"],
    "session": [],
    "report": [],
}
WITHIN = [(point, block) for point, blocks in POINTS.items() for block in blocks]


class Shop:
    """Runs the flow with a fault at one of its points."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.fault: tuple[str, str] | None = None
        self.reached = asyncio.Event()
        (engine.folder / "flowlang.yaml").write_text("")
        self.path = engine.write("shop.yaml", with_limits(FLOW))
        engine.write("pack.yaml", with_limits(PACK))
        engine.registry.register("Point", self.point)
        engine.registry.register("Session", self.session)

    async def point(self, name: str) -> dict[str, Any]:
        """Do what the fault wants of this point."""
        if self.fault == (name, "hang"):
            self.reached.set()
            await asyncio.Event().wait()
        if self.fault == (name, "fail"):
            raise ValueError(f"{name} is broken")
        await asyncio.sleep(0)
        return {"count": self.engine.notes.append(name) or self.engine.notes.count(name)}

    async def session(self, name: str, connection: Any) -> dict[str, Any]:
        """A point that holds a session of the database."""
        assert connection is not None
        return await self.point(name)

    async def run(self, fault: tuple[str, str] | None = None, limit: str | None = None, **options: Any) -> FlowResult:
        """Run the flow, with a time limit for one of its steps or blocks; see that nothing of it is left."""
        self.fault = fault
        self.reached.clear()
        self.engine.notes.clear()
        sql = dict(SQL)
        if fault is not None and fault[0] in sql:
            sql[fault[0]] = ENDLESS if fault[1] == "hang" else "select no_such_column"
            sql[fault[0]] = sql[fault[0]].replace("?", "?" if fault[0] == "insert" else "9e99")
        limits = {} if limit is None else {limit: "30ms"}
        result = await self.engine.run(self.path, {"sql": sql, "limits": limits}, **options)
        self.nothing_is_left()
        return result

    def nothing_is_left(self) -> None:
        assert process_pools.count() == 0
        with closing(sqlite3.connect(self.engine.folder / "shop.db", timeout=0, isolation_level=None)) as own:
            own.execute("begin exclusive")
        started = [event["path"] for event in self.engine.of_type("step_started")]
        assert self.engine.notes.count("finally") == 1
        assert self.engine.notes.count("inner finally") == any(path.startswith("packed/") for path in started)
        ended = [event["path"] for event in self.engine.of_type("step_completed", "step_failed")]
        assert sorted(started) == sorted(ended)


def with_limits(flow: str) -> str:
    """`LIMIT(x)` written out: the limit that the run sets for `x`, else a minute."""
    head, *parts = flow.split("LIMIT(")
    names = [part.split(")", 1) for part in parts]
    return head + "".join(f"\"${{inputs.limits.{name} | default('1m')}}\"{rest}" for name, rest in names)


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return Shop(engine)


async def test_without_a_fault_it_runs_to_its_end(shop: Shop) -> None:
    result = await shop.run()

    assert result.outputs == {"sales": 4}
    assert result.status == "succeeded"


@pytest.mark.parametrize("point", POINTS)
async def test_it_fails_at_any_point(shop: Shop, point: str) -> None:
    result = await shop.run((point, "fail"))

    assert result.status == "failed"
    step = "packed" if point in ("deep", "weigh") else point
    assert result.error["step"] == step
    assert f"{point} is broken" in str(result.error) or "no_such_column" in str(result.error)
    assert result.error["attempts"] == (2 if point == "tried" else 1)
    assert shop.engine.notes[-2:] == ["on_error", "finally"]


@pytest.mark.parametrize("point", POINTS)
async def test_it_runs_out_of_time_at_any_point(shop: Shop, point: str) -> None:
    result = await shop.run((point, "hang"), limit=point)

    assert result.status == "failed"
    step = "packed" if point in ("deep", "weigh") else point
    assert result.error["step"] == step
    assert f"step `{point}` took longer" in str(result.error)
    assert shop.engine.notes[-2:] == ["on_error", "finally"]


@pytest.mark.parametrize(("point", "block"), WITHIN)
async def test_a_block_runs_out_of_time_at_any_point_inside_it(shop: Shop, point: str, block: str) -> None:
    result = await shop.run((point, "hang"), limit=block)

    assert (result.status, result.error["step"], result.error_type) == ("failed", block, "StepTimeoutError")
    assert shop.engine.notes[-2:] == ["on_error", "finally"]


@pytest.mark.parametrize("point", POINTS)
async def test_it_is_cancelled_while_it_works_at_any_point(shop: Shop, point: str) -> None:
    token = CancellationToken()

    def watch(event: Any) -> None:
        shop.engine.events.append(event)
        if event["type"] == "step_started" and event["step_id"] == point and point in SQL:
            shop.reached.set()

    running = asyncio.create_task(shop.run((point, "hang"), cancellation_token=token, event_callback=watch))
    async with asyncio.timeout(PATIENCE):
        await shop.reached.wait()
    await token.cancel("enough")
    result = await running

    assert (result.status, result.reason) == ("cancelled", "enough")
    assert shop.engine.notes[-2:] == ["on_cancel", "finally"]
    assert shop.engine.types()[-1] == "flow_cancelled"


async def test_it_is_cancelled_after_any_of_its_events(shop: Shop) -> None:
    """The first step's event, then the second, … until the run ends before the cancellation."""
    number = 0
    for number in range(3, 1000):
        token = CancellationToken()
        cancelling: list[asyncio.Task[None]] = []

        def watch(event: Any, number: int = number, token: CancellationToken = token, into: Any = cancelling) -> None:
            shop.engine.events.append(event)
            if event["seq"] == number:
                into.append(asyncio.create_task(token.cancel(f"at {number}")))

        result = await shop.run(cancellation_token=token, event_callback=watch)
        if not cancelling:
            break
        await cancelling[0]
        assert result.status in ("cancelled", "succeeded")
        if result.cancelled:
            assert result.reason == f"at {number}"
    assert number > 60
    assert result.success


async def test_a_hundred_runs_with_faults_leave_nothing_behind(shop: Shop) -> None:
    for number in range(100):
        point = list(POINTS)[number % len(POINTS)]
        assert (await shop.run((point, "fail"))).status == "failed"
