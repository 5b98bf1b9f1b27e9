"""A small project, and runs of it whose times are always the same: for pictures that are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flowlang import FlowExecutor
from flowlang.journal import RunSummary
from flowlang.journal.compare import Branches, Comparison, Difference, Figures, FileDifference, StepDifference
from flowlang.journal.compare_values import Change
from flowlang.runtime.events import Event
from flowlang.tasks.loader import load_registry
from flowlang_tui.session.history_rows import RunRow
from flowlang_tui.session.log_lines import log_event
from flowlang_tui.session.records import RunRecord

#: When all runs begin, in seconds since 1970: noon of the first of May 2026, in UTC.
BEGIN: Final = 1_777_636_800.0
#: Seconds from an event to the next.
TICK: Final = 0.004

FLOW: Final = """\
flow: Deliveries
description: Sends what is paid, and keeps the rest for tomorrow.
inputs:
  - {name: region, type: string, enum: [north, south], default: north, description: Where the vans go.}
  - {name: limit, type: integer, default: 3}
  - {name: token, type: string, secret: true, default: none}
connections:
  shop: {type: sqlite, database: ":memory:"}
steps:
  - task: PaidOrders
    id: paid
    inputs: {region: "${inputs.region}", limit: "${inputs.limit}"}
  - sqlite_query: {id: rate, connection: shop, query: "select 4.5 as fee, 'EUR' as unit"}
  - if: ${len(paid.orders) > 4}
    id: many
    then:
      - {task: Tell, id: second_van, inputs: {message: a second van is needed}}
    else:
      - {task: Tell, id: one_van, inputs: {message: one van will do}}
  - for_each: ${paid.orders}
    id: each
    as: order
    do:
      - {task: Label, id: label, inputs: {order: "${order.id}"}, retry: {max_attempts: 2, delay: 1ms}}
      - {task: Load, id: load, inputs: {order: "${order.id}", weight: "${order.weight}"}}
  - parallel:
      - {task: Tell, id: driver, inputs: {message: told the driver}}
      - {task: Tell, id: customers, inputs: {message: told the customers}}
    id: tell
outputs:
  orders: ${paid.orders}
  fee: ${rate.rows[0].fee}
"""

TASKS: Final = '''\
from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()
    tried = set()

    @registry.register("PaidOrders")
    async def paid_orders(region: str, limit: int) -> dict:
        """The orders of a region that are paid."""
        return {"orders": [{"id": f"A-{n}", "weight": n * 2.5} for n in range(1, limit + 1)], "region": region}

    @registry.register("Label")
    async def label(order: str) -> dict:
        """A label for the parcel. The printer jams at the second order."""
        if order == "A-2" and order not in tried:
            tried.add(order)
            raise TimeoutError("the printer is jammed")
        return {"label": f"#{order}"}

    @registry.register("Load")
    async def load(order: str, weight: float) -> dict:
        """Put a parcel into the van."""
        if weight > 10:
            raise ValueError(f"order {order} weighs {weight} kg, a van takes 10")
        return {"loaded": True}

    @registry.register("Tell")
    async def tell(message: str) -> dict:
        """Say something to those who work."""
        return {"told": message}

    return registry
'''


def write_project(folder: Path) -> Path:
    """The project's folder, `deliveries`, made in a folder."""
    project = folder / "deliveries"
    (project / "returns").mkdir(parents=True)
    (project / "flow.yaml").write_text(FLOW)
    (project / "flow.py").write_text(TASKS)
    (project / "returns" / "flow.yaml").write_text("flow: Returns\nsteps:\n  - exit: {}\n")
    return project


async def run(project: Path, inputs: dict[str, Any], *, until: Callable[[Event], bool] | None = None) -> RunRecord:
    """The record of a run, up to an event if `until` says of one that it is the last."""
    events: list[Event] = []
    executor = FlowExecutor(load_registry(project / "flow.py"))
    try:
        await executor.execute_flow(project / "flow.yaml", inputs, events.append)
    finally:
        await executor.close()
    return frozen(project / "flow.yaml", inputs, events, until)


def frozen(
    path: Path, inputs: dict[str, Any], events: Sequence[Event], until: Callable[[Event], bool] | None
) -> RunRecord:
    """A record of events as if one had come every few milliseconds."""
    record = RunRecord(path, path.stem, inputs)
    started: dict[tuple[str, int], float] = {}
    for number, event in enumerate(events):
        retimed = _retimed(event, BEGIN + number * TICK, started)
        record.apply([retimed])
        log_event(record.log, retimed)
        if until is not None and until(event):
            return record
    record.ended = BEGIN + len(events) * TICK
    return record


def _retimed(event: Event, at: float, started: dict[tuple[str, int], float]) -> Event:
    changed: dict[str, Any] = dict(event) | {"timestamp": at, "run_id": "0" * 32}
    if "path" in changed:
        key = (changed["path"], changed["line"])
        if changed["type"] == "step_started":
            started[key] = at
        if "duration_ms" in changed:
            changed["duration_ms"] = (at - started.get(key, at)) * 1000
    elif "duration_ms" in changed:
        changed["duration_ms"] = (at - BEGIN) * 1000
    if "ms" in changed:
        changed["ms"] = 0.5
    if "delay" in changed:
        changed["delay"] = 0.001
    return changed  # type: ignore[return-value]


def recorded_rows() -> list[RunRow]:
    """Runs of the journal, of each kind."""
    ends = [
        ("interrupted", 5, None, None, True, ""),
        ("failed", 5, "each[1]/label", "the printer is out of labels", False, ""),
        ("succeeded", 17, None, None, False, "rerun"),
        ("cancelled", 9, None, None, False, ""),
        ("succeeded", 17, None, None, False, ""),
    ]
    return [
        RunRow(
            f"20260501-1{number}0000-{number:08x}",
            "Deliveries",
            status,
            BEGIN - number * 4000,
            240.0 * (number + 1),
            steps,
            failed_step,
            error,
            pinned=number == 2,
            origin=origin,
            has_unknown=unknown,
        )
        for number, (status, steps, failed_step, error, unknown, origin) in enumerate(ends)
    ]


def recorded_comparison() -> Comparison:
    """What two runs did differently, of each kind."""
    before = RunSummary(
        run_id="20260501-110000-00000001",
        flow="Deliveries",
        path="flow.yaml",
        status="succeeded",
        started=BEGIN - 3600,
        duration_ms=412,
        steps=17,
    )
    after = replace(before, run_id="20260501-120000-00000002", status="failed", started=BEGIN, duration_ms=95, steps=9)
    inputs = [Change("limit", "changed", 3, 5)]
    gave = [Change("orders[3]", "added", None, {"id": 4, "weight": 7})]
    return Comparison(
        before=before,
        after=after,
        first=Difference("", "inputs", "limit", 3, 5),
        inputs=inputs,
        values=[StepDifference("paid", 1, "paid", "Deliveries", 10, ("succeeded", "succeeded"), inputs, gave, [])],
        outputs=[],
        error=[Change("message", "added", None, "the printer is out of labels")],
        missing=["tell", "tell/driver"],
        added=["many/second_van"],
        branches=[Branches("many", "else", "then")],
        timings=[Figures("paid", 120.0, 31.0)],
        rows=[Figures("rate", 1.0, 2.0)],
        definition=[
            FileDifference("flow.yaml", ["--- a/flow.yaml", "+++ b/flow.yaml", "@@ -7 +7 @@", "-  3}", "+  5}"])
        ],
    )
