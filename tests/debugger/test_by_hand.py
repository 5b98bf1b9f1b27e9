"""What was done by hand in a run is told with the recorded run, and where two are compared."""

from __future__ import annotations

from pathlib import Path

from flowlang.debugger import Breakpoint
from flowlang.journal import Journal
from flowlang.journal.by_hand import ByHand, by_hand
from flowlang.journal.compare import compare

from .debugging import Debugged, counting

FLOW = "flow: f\nsteps:\n  - Count: {id: a, n: 1}\n  - Count: {id: b, n: '${a.n}'}\noutputs: {n: '${b.n}'}\n"


async def run(folder: Path, *, by_hand: bool) -> str:
    registry, _ = counting()
    (folder / "shop.yaml").write_text(FLOW)
    recorder = Journal(folder).recorder()
    async with Debugged(folder / "shop.yaml", [Breakpoint("b")], registry, recorder=recorder) as debugged:
        stop = await debugged.stop()
        if by_hand:
            stop.set_value("a.n", 30)
            stop.set_input("n", 31)
        stop.resume()
        assert (await debugged.ended()).success
    assert recorder.run_id is not None
    return recorder.run_id


async def test_a_comparison_tells_what_was_done_by_hand_in_which_run(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    before, after = await run(tmp_path, by_hand=False), await run(tmp_path, by_hand=True)
    found = compare(journal.run(before), journal.run(after))
    assert found.by_hand.before == []
    assert found.by_hand.after == [
        ByHand("b", "value", "a.n", 1, 30),
        ByHand("b", "input", "n", 30, 31),
    ]
    assert [one.words for one in found.by_hand.after] == ["value a.n = 30", "input n = 31"]
    assert [*by_hand(journal.run(before))] == []


def test_a_statement_is_told_on_one_line() -> None:
    assert ByHand("b", "query", "select 1\n  from orders").words == "query select 1 from orders"
    assert ByHand("b", "roll_back", "").words == "roll back"
