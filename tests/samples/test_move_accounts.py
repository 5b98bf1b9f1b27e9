"""Accounts move from one bank to the other as the README says: whatever happens, none is lost and none is doubled."""

from __future__ import annotations

import asyncio
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from flowlang import Event
from tests.samples.databases import mysql_rows, postgres_rows
from tests.samples.projects import Project
from tests.services.server import Server

ACCOUNTS = {
    "AC-1": ("Ines Calder", Decimal("1250.00")),
    "AC-2": ("Tomás Reyes", Decimal("310.45")),
    "AC-3": ("Mira Okafor", Decimal("-20.10")),
    "AC-4": ("Jun Sato", Decimal("98000.00")),
    "AC-5": ("Lea Brandt", Decimal("0.00")),
    "AC-6": ("Omar Haddad", Decimal("77.77")),
}
INTERRUPTED = """
import asyncio, os, signal, sys
from flowlang import FlowExecutor

seen = 0

def die_at_the_statement(event):
    global seen
    seen += event["type"] == "statement" and event["flow"] != "Totals"
    if seen == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(FlowExecutor().execute_flow(os.path.abspath("flow.yaml"), {}, die_at_the_statement))
"""

Accounts = dict[str, tuple[str, Decimal]]


class Banks(Project):
    """The project, and what both of its databases hold."""

    def __init__(self, folder: Path, old: str, new: str) -> None:
        super().__init__("move_accounts", folder, OLD_BANK_URL=old, NEW_BANK_URL=new)
        self.old_url = old
        self.new_url = new

    async def in_old(self, which: str = "true") -> Accounts:
        rows = await postgres_rows(self.old_url, f"SELECT number, owner, balance FROM accounts WHERE {which}")
        return {number: (owner, balance) for number, owner, balance in rows}

    def in_new(self) -> Accounts:
        rows = mysql_rows(self.new_url, "SELECT number, owner, balance FROM accounts")
        return {number: (owner, balance) for number, owner, balance in rows}

    async def start_over(self) -> None:
        await self.run("setup.yaml", start_over=True)

    async def set_balance(self, number: str, balance: str) -> None:
        await postgres_rows(self.old_url, f"UPDATE accounts SET balance = {balance} WHERE number = '{number}'")

    async def assert_nothing_is_lost_or_doubled(self) -> None:
        """Every account is somewhere, and can be booked on in one place at most."""
        new = self.in_new()
        assert {**await self.in_old(), **new} == ACCOUNTS
        assert not (await self.in_old("move_id IS NULL")).keys() & new.keys()

    async def assert_another_run_completes_the_move(self) -> None:
        await self.run()
        assert await self.in_old() == {}
        assert self.in_new() == ACCOUNTS


@pytest.fixture
async def banks(tmp_path: Path, postgres_database: str, mysql_database: str) -> Banks:
    banks = Banks(tmp_path, postgres_database, mysql_database)
    await banks.run("setup.yaml")
    return banks


def test_its_flows_are_without_problems(banks: Banks) -> None:
    assert banks.problems() == []


def test_the_readme_shows_what_one_sees(banks: Banks) -> None:
    done = banks.command("run", ".", "--input", "limit=4", "--output", "text")
    assert done.stdout.endswith(banks.shown("moved:"))


async def test_all_accounts_arrive_as_they_left(banks: Banks) -> None:
    result = await banks.run()
    assert result["moved"] == list(ACCOUNTS)
    assert await banks.in_old() == {}
    assert banks.in_new() == ACCOUNTS


async def test_a_second_run_moves_nothing(banks: Banks) -> None:
    first = await banks.run()
    second = await banks.run()
    assert second["moved"] == []
    assert second["totals"] == first["totals"]
    assert banks.in_new() == ACCOUNTS


async def test_accounts_move_in_parts(banks: Banks) -> None:
    moved = [(await banks.run(limit=4))["moved"] for _ in range(3)]
    assert moved == [["AC-1", "AC-2", "AC-3", "AC-4"], ["AC-5", "AC-6"], []]
    assert banks.in_new() == ACCOUNTS


async def test_when_the_new_bank_refuses_one_account_all_stay(banks: Banks) -> None:
    await banks.set_balance("AC-3", "-600")
    result, _ = await banks.attempt()
    assert result.status == "failed"
    assert result.reason is not None
    assert result.reason.startswith("nothing was moved: ")
    assert "overdraft" in result.reason
    assert (await banks.in_old("move_id IS NULL")).keys() == ACCOUNTS.keys()
    assert banks.in_new() == {}
    await banks.set_balance("AC-3", "-20.10")
    await banks.assert_another_run_completes_the_move()


async def test_a_move_that_arrived_without_an_answer_is_finished(banks: Banks) -> None:
    banks.edit("flow.yaml", "      timeout: 30s\n", "      outputs: [receipt]\n")
    result, events = await banks.attempt()
    assert "arrive" in [event["step_id"] for event in events if event["type"] == "step_failed"]
    assert result.error is None
    assert await banks.in_old() == {}
    assert banks.in_new() == ACCOUNTS


async def test_a_move_that_somebody_calls_off_meanwhile_does_not_arrive(banks: Banks) -> None:
    def call_off(event: Event) -> None:
        if event["type"] == "step_completed" and event["step_id"] == "leave":
            mysql_rows(banks.new_url, f"INSERT INTO moves VALUES ('{event['run_id']}', 'called off')")

    result, _ = await banks.attempt(listener=call_off)
    assert result.status == "failed"
    assert (await banks.in_old("move_id IS NULL")) == ACCOUNTS
    assert banks.in_new() == {}
    await banks.assert_another_run_completes_the_move()


async def test_when_the_new_bank_goes_down_the_accounts_wait_for_the_next_run(
    banks: Banks, mysql_server: Server
) -> None:
    def go_down(event: Event) -> None:
        if event["type"] == "statement" and event["step_id"] == "arrive" and "accounts" in event["text"]:
            mysql_server.stop()

    result, _ = await banks.attempt(listener=go_down)
    assert result.status == "failed"
    assert await banks.in_old("move_id IS NOT NULL") == ACCOUNTS
    mysql_server.start()
    assert banks.in_new() == {}
    await banks.assert_another_run_completes_the_move()


async def test_runs_at_once_move_every_account_once(banks: Banks) -> None:
    attempts = await asyncio.gather(*(banks.attempt(limit=2) for _ in range(4)))
    for result, _ in attempts:
        assert result.success or str(result.reason).startswith("nothing was moved")
    await banks.assert_nothing_is_lost_or_doubled()
    await banks.assert_another_run_completes_the_move()


async def test_a_run_that_is_cancelled_anywhere_is_made_good_by_the_next(banks: Banks) -> None:
    number, cancelled = 0, True
    while cancelled:
        number += 7
        await banks.start_over()
        result, _ = await banks.attempt(cancel_at=number)
        cancelled = result.cancelled
        await banks.assert_nothing_is_lost_or_doubled()
        await banks.assert_another_run_completes_the_move()
    assert number > 30


async def test_a_process_that_is_killed_anywhere_is_made_good_by_the_next(banks: Banks) -> None:
    (banks.folder / "interrupted.py").write_text(INTERRUPTED)
    number, killed = 0, True
    while killed:
        number += 2
        await banks.start_over()
        killed = banks.python("interrupted.py", str(number)).returncode == -signal.SIGKILL
        await banks.assert_nothing_is_lost_or_doubled()
        await banks.assert_another_run_completes_the_move()
    assert number > 10
