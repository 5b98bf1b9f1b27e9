"""Pins and sandbox runs in the workbench: used, told wherever one is, and switched off by one key."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

from flowlang.debugger.pins import read_pins
from tests.tui.opening import Opened, opened

FLOW = """\
flow: Orders
inputs:
  - {name: key, type: string, default: hunter2-hunter2, secret: true}
connections:
  shop: {type: sqlite, database: shop.db}
steps:
  - task: Fetch
    id: fetch
  - task: Login
    id: login
    inputs: {key: "${inputs.key}"}
  - sqlite_execute: {id: keep, query: insert into orders (status) values ('new')}
outputs: {total: "${fetch.total}"}
"""
TASKS = """\
from datetime import date
from decimal import Decimal

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()

    @registry.register("Fetch")
    def fetch() -> dict:
        return {"total": Decimal("12.50"), "day": date(2026, 1, 31)}

    @registry.register("Login")
    def login(key: str) -> dict:
        return {"token": f"token of {key}"}

    return registry
"""


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "flowlang.yaml").touch()
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "flow.py").write_text(TASKS)
    database = sqlite3.connect(folder / "shop.db")
    database.execute("create table orders (id integer primary key, status text)")
    database.close()
    return folder


def rows(folder: Path) -> int:
    database = sqlite3.connect(folder / "shop.db")
    try:
        (count,) = database.execute("select count(*) from orders").fetchone()
        return int(count)
    finally:
        database.close()


def told(one: Opened) -> str:
    return "\n".join(notification.message for notification in one.app._notifications)


def in_graph(one: Opened) -> str:
    drawing = one.screen.graph.drawing
    return "\n".join(drawing.render_line(y).text for y in range(drawing.size.height))


async def test_what_a_step_gave_is_pinned_with_its_types_used_and_switched_off(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    async with opened(folder) as one:
        one.screen.run_flow(folder / "flow.yaml")
        await one.over()
        one.screen.editor.go(8)
        one.screen.show_pane("graph")
        await one.press("p")
        await one.until(lambda: "Pinned: `fetch`" in told(one))
        pin = read_pins(folder / "flow.yaml").pins["fetch"]
        assert pin.output == {"total": Decimal("12.50"), "day": date(2026, 1, 31)}
        assert type(pin.output["total"]) is Decimal
        assert pin.run == one.app.session.runs.records[0].run_id
        assert "▣ 1 pinned" in one.status
        assert "▣" in in_graph(one)

        one.screen.run_flow(folder / "flow.yaml")
        await one.over(2)
        record = one.app.session.runs.records[-1]
        calls = {step.step_id: step.last.answered_by for step in record.steps.values() if step.last is not None}
        assert calls == {"fetch": "pin", "login": None, "keep": None}

        await one.press("i")
        assert "pinned" not in one.status
        assert "▣" not in in_graph(one)
        one.screen.run_flow(folder / "flow.yaml")
        await one.over(3)
        steps = one.app.session.runs.records[-1].steps.values()
        assert {step.last.answered_by for step in steps if step.last is not None} == {None}


async def test_a_secret_is_not_pinned(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    async with opened(folder) as one:
        one.screen.run_flow(folder / "flow.yaml")
        await one.over()
        one.screen.editor.go(10)
        one.screen.show_pane("graph")
        await one.press("p")
        await one.until(lambda: "cannot be pinned" in told(one))
        assert not (folder / "flow.pins.yaml").exists()
        assert "hunter2" not in told(one)


async def test_pins_that_do_not_fit_keep_the_flow_from_running_and_say_where(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    (folder / "flow.pins.yaml").write_text("fetched: {output: 1}\n")
    async with opened(folder) as one:
        one.screen.run_flow(folder / "flow.yaml")
        await one.until(lambda: "not run" in one.status)
        assert "flow.pins.yaml" in one.status
        assert rows(folder) == 0


async def test_a_sandbox_run_tells_what_it_did_and_leaves_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    async with opened(folder) as one:
        one.screen.show_pane("graph")
        await one.press("x")
        await one.over()
        assert rows(folder) == 0
        assert "in a sandbox: undone" in one.status
        assert "keep: 1 row inserted into orders" in told(one)
        record = one.app.session.runs.records[-1]
        assert '    + id 1, status "new"' in record.sandbox_lines()


async def test_a_mistake_in_a_pins_file_is_told_when_it_is_saved(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    (folder / "flow.pins.yaml").write_text("fetch: {output: 1}\n")
    async with opened(folder) as one:
        one.screen.open_file(folder / "flow.pins.yaml")
        await one.until(lambda: one.screen.editor.current == folder / "flow.pins.yaml")
        one.screen.editor.code.replace_text("fetch: {outptu: 1}\n")
        await one.press("ctrl+s")
        await one.until(lambda: "flow.pins.yaml:1: there is no key `outptu` here" in told(one))
