"""What a list shows of a run is the same whether it was counted while the run happened or is read from its lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowlang.journal.reading import Ending, SessionReading
from flowlang.journal.spool import written_lines
from tests.journal.conftest import Recorded


def reading(content: bytes, ending: Ending = "dead") -> SessionReading:
    return SessionReading(content, ending, lambda key: None)


async def recorded_lines(project: Recorded) -> bytes:
    """The lines of a run that is over, as its file has them."""
    await project.run()
    (path,) = (project.journal.home / "running").glob(f"{project.recorder.run_id}*")
    return written_lines(path.read_bytes())


def beginnings(content: bytes) -> Iterator[bytes]:
    """What a death after each of the lines would leave; the header and the definition are there in any case."""
    lines = content.splitlines(keepends=True)
    return (b"".join(lines[:count]) for count in range(2, len(lines)))


async def test_counting_the_lines_gives_what_was_counted_meanwhile(project: Recorded) -> None:
    content = await recorded_lines(project)
    told = reading(content, "complete").tally().as_data()
    *_, without_the_last_line = beginnings(content)
    counted = reading(without_the_last_line, "complete").tally().as_data()
    assert counted.pop("ended") == pytest.approx(told.pop("ended"), abs=1e-5)
    assert counted.pop("has_large") is False
    told.pop("has_large")
    assert counted == told


async def test_wherever_the_process_died_the_counts_are_those_of_the_steps(project: Recorded) -> None:
    for content in beginnings(await recorded_lines(project)):
        session = reading(content)
        tally, steps = session.tally(), session.steps()
        blocks = ("if", "for_each", "while", "parallel", "subflow", "switch")
        assert tally.unknown == [one.path for one in steps if one.status == "unknown" and one.kind not in blocks]
        assert sum(tally.calls) == sum(one.ended is not None and one.status != "skipped" for one in steps)


async def test_a_run_that_cannot_be_read_to_its_end_is_counted_up_to_there(project: Recorded) -> None:
    content = await recorded_lines(project)
    lines = content.splitlines(keepends=True)
    torn = b"".join([*lines[:8], lines[8][:10], b"\n", *lines[9:]])
    assert reading(torn).tally().calls == reading(b"".join(lines[:8])).tally().calls
