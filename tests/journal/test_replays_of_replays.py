"""Runs that were made from runs that were made from runs: what was recorded first is not lost on the way."""

from __future__ import annotations

from pathlib import Path

from tests.journal.projects import Project

FLOW = """
flow: main
steps:
  - if: true
    id: block
    then:
      - Do: {id: inside, what: inside}
      - Try: {id: fails, what: fails}
    on_error: [{Do: {id: mend, what: mend}}]
  - Do: {id: last, what: '${inside.done}'}
outputs: {inside: '${inside.done}', last: '${last.done}'}
"""


async def test_what_ran_inside_a_block_whose_failure_was_handled_is_read_by_every_one(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(FLOW)
    project.break_()
    result = await project.run()
    project.effects()
    for _ in range(3):
        assert dict(result.outputs) == {"inside": "inside", "last": "inside"}
        result = await project.rerun(result.run_id, from_step="last")
        assert project.effects() == ["inside"]
