"""The shop's inventory does what its README says."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.samples.databases import mysql_rows
from tests.samples.projects import Project

PIECES = {"BOWL": 12, "CUP": 40, "JUG": 3, "PLATE": 25, "VASE": 2}


@pytest.fixture
async def shop(tmp_path: Path, mysql_database: str) -> Project:
    project = Project("inventory_mysql", tmp_path, SHOP_URL=mysql_database)
    await project.run("setup.yaml")
    return project


def assert_nothing_is_sold_twice(url: str) -> None:
    """What lies there and what is reserved was there from the start; who has a reservation has one."""
    left = dict(mysql_rows(url, "SELECT sku, stock FROM products"))
    reserved = Counter[str]()
    for sku, quantity in mysql_rows(url, "SELECT sku, quantity FROM reservations"):
        reserved[sku] += quantity
    assert {sku: left[sku] + reserved[sku] for sku in PIECES} == PIECES
    orders = mysql_rows(url, "SELECT id FROM orders WHERE status = 'reserved' ORDER BY id")
    assert orders == mysql_rows(url, "SELECT order_id FROM reservations ORDER BY order_id")


def test_its_flows_are_without_problems(shop: Project) -> None:
    assert shop.problems() == []


def test_the_readme_shows_what_one_sees(shop: Project) -> None:
    done = shop.command("run", ".", "--output", "text")
    assert done.stdout.endswith(shop.shown("orders:"))


async def test_orders_are_served_in_the_order_they_came(shop: Project, mysql_database: str) -> None:
    await shop.run()
    waiting = mysql_rows(mysql_database, "SELECT id FROM orders WHERE status = 'waiting' ORDER BY id")
    assert waiting == [(6,), (10,)]
    assert_nothing_is_sold_twice(mysql_database)


@pytest.mark.parametrize("size", [1, 3, 4, 12, 100])
async def test_the_size_of_a_page_changes_nothing_but_their_number(shop: Project, size: int) -> None:
    result, events = await shop.attempt(page_size=size)
    assert result["orders"] == [{"status": "reserved", "orders": 10}, {"status": "waiting", "orders": 2}]
    pages = [event for event in events if event["type"] == "step_completed" and event["step_id"] == "page"]
    assert len(pages) == 12 // size + 1


async def test_a_second_run_changes_nothing(shop: Project) -> None:
    first = await shop.run()
    second = await shop.run()
    assert second["orders"] == first["orders"]
    assert second["stock"] == first["stock"]
    assert second["purchased"] == []


async def test_a_delivery_serves_those_who_wait(shop: Project) -> None:
    await shop.run()
    delivered = await shop.run("deliver.yaml")
    assert delivered.outputs == {"products": 5, "reopened": 2}
    after = await shop.run()
    assert after["orders"] == [{"status": "reserved", "orders": 12}]
    assert (await shop.run("deliver.yaml"))["reopened"] == 0


async def test_runs_at_once_reserve_nothing_twice(shop: Project, mysql_database: str) -> None:
    await asyncio.gather(*(shop.run(page_size=size) for size in (1, 2, 3, 4, 5)))
    assert_nothing_is_sold_twice(mysql_database)


async def test_an_order_whose_reservation_fails_keeps_its_stock(shop: Project, mysql_database: str) -> None:
    shop.edit("flow.yaml", "INTO reservations (order_id, sku, quantity)", "INTO reservations (order_id, sku, amount)")
    result, _ = await shop.attempt()
    assert "amount" in str(result.error)
    assert mysql_rows(mysql_database, "SELECT sku, stock FROM products ORDER BY sku") == sorted(PIECES.items())
    assert mysql_rows(mysql_database, "SELECT COUNT(*) FROM orders WHERE status <> 'open'") == [(0,)]


async def test_setting_up_again_changes_nothing_unless_it_is_told_to(shop: Project) -> None:
    first = await shop.run()
    await shop.run("setup.yaml")
    assert (await shop.run())["orders"] == first["orders"]
    await shop.run("setup.yaml", start_over=True)
    assert (await shop.run())["purchased"] == first["purchased"]


async def test_the_server_itself_refuses_to_sell_what_is_not_there(shop: Project, mysql_database: str) -> None:
    shop.edit("flow.yaml", " AND products.stock >= orders.quantity", "")
    result, _ = await shop.attempt()
    assert not result.success
    assert_nothing_is_sold_twice(mysql_database)


async def test_a_run_that_was_stopped_anywhere_is_continued_by_the_next(shop: Project, mysql_database: str) -> None:
    stopped = 0
    for number in range(2, 60, 8):
        await shop.run("setup.yaml", start_over=True)
        result, _ = await shop.attempt(cancel_at=number)
        stopped += result.cancelled
        after = await shop.run()
        assert after["orders"] == [{"status": "reserved", "orders": 10}, {"status": "waiting", "orders": 2}]
        assert_nothing_is_sold_twice(mysql_database)
    assert stopped >= 5
