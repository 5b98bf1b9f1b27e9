"""Pausing inside of a step that began before anybody wanted to stop in it, on real databases."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.debugger import Breakpoint, Debugger, DebuggerError

from .debugging import Debugged
from .shops import Shop


class Acting(list[Any]):
    """Events, at the first statement of which something is done."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self._act = act

    def append(self, event: Any) -> None:
        super().append(event)
        if event["type"] == "statement":
            act, self._act = self._act, lambda: None
            act()


def acting(shop: Shop, act: Any) -> Debugged:
    """The shop's flow; `act` is called, with the debugger, after the first statement of its transaction."""
    run = Debugged(shop.flow)
    run.events = Acting(lambda: act(run.debugger))
    return run


async def test_pause_stops_before_the_next_statement_of_a_transaction_under_way(shop: Shop) -> None:
    async with acting(shop, Debugger.pause) as run:
        stop = await run.stop()
        assert (stop.path, stop.when, stop.reason) == ("move", "statement", "pause")
        assert stop.transaction is not None
        assert stop.transaction["number"] in (1, 2)
        assert stop.inputs is not None
        assert len(stop.inputs["queries"]) == 3
        number = stop.transaction["number"]
        assert (await stop.query("SELECT n FROM stock WHERE id = 1")).rows == [{"n": 9 if number == 2 else 10}]
        stop = await run.over(stop)
        assert stop.transaction is not None
        assert stop.transaction["number"] == number + 1
        stop.resume()
        assert (await run.ended())["count"] == 3


@pytest.mark.parametrize(("end", "stock"), [("commit", 9), ("roll_back", 10)])
async def test_the_transaction_can_be_ended_there(shop: Shop, end: str, stock: int) -> None:
    async with acting(shop, Debugger.pause) as run:
        stop = await run.stop()
        assert stop.transaction is not None
        if stop.transaction["number"] == 1:
            stop = await run.over(stop)
        assert end in stop.can
        getattr(stop, end)()
        await run.ended()
    assert (await shop.stock())[0] == stock


async def test_no_output_can_be_given_for_a_step_that_began_unasked(shop: Shop) -> None:
    async with acting(shop, Debugger.pause) as run:
        stop = await run.stop()
        assert not stop.can & {"give", "skip"}
        with pytest.raises(DebuggerError, match="can't be done here"):
            stop.give({"count": 0})
        stop.resume()
        assert (await run.ended())["count"] == 3


async def test_a_breakpoint_that_is_set_meanwhile_stops_at_the_statements_that_are_left(shop: Shop) -> None:
    def add(debugger: Debugger) -> None:
        debugger.set_breakpoints([Breakpoint("move", "statement", statement="/n = n \\+/")])

    async with acting(shop, add) as run:
        stop = await run.stop()
        assert stop.reason == "statement"
        assert stop.transaction is not None
        assert stop.transaction["number"] == 2
        await run.to_end()
