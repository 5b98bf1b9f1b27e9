"""Journals as versions of the format wrote them, kept as `version_N.zip` beside this file.

`python -m tests.journal.older` writes that of the present format, which is done once: before the format changes.
"""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from flowlang import FlowExecutor
from flowlang.journal import opening
from flowlang.journal.schema import VERSION
from tests.journal.projects import Project

HERE = Path(__file__).parent

FLOW = """
flow: Orders
inputs:
  - {name: amount, type: integer}
  - {name: password, secret: true, required: false}
steps:
  - Price: {id: price}
  - for_each: ${range(inputs.amount)}
    id: each
    as: number
    do: [{Do: {id: ship, what: 'ship ${number}'}}]
  - Do: {id: large, what: large, result: "${'x' * 100000}"}
  - if: ${inputs.amount > 2}
    id: many
    then: [{Try: {id: last, what: last}}]
outputs: {price: '${price.amount}', large: '${len(large)}'}
"""

#: The owner of the runs is a process of nobody's machine.
OWNER = {"pid": 1, "born": "1", "boot": "a boot", "space": "a space", "host": "a host"}


async def record(project: Project) -> None:
    """Two runs in the database, the second pinned, and one that waits in its file."""
    executor = FlowExecutor(project.executor.registry)
    project.write(FLOW)
    project.break_()
    for run_id, amount in (("failed", 3), ("succeeded", 2), ("waiting", 4)):
        recorder = project.journal.recorder()
        inputs = {"amount": amount, "password": "hush"}
        await executor.execute_flow(project.flow, inputs, run_id=run_id, recorder=recorder)
        if run_id == "succeeded":
            project.journal.pin("succeeded")
    project.journal.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(opening, "this_process", lambda: dict(OWNER)):
        project = Project(Path(folder))
        asyncio.run(record(project))
        home = project.journal.home
        with zipfile.ZipFile(HERE / f"version_{VERSION}.zip", "w", zipfile.ZIP_DEFLATED) as file:
            for path in (home / "runs.db", *(home / "running").iterdir()):
                file.write(path, path.relative_to(home))


if __name__ == "__main__":
    main()
