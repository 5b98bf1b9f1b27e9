"""docs/python.md: its program prints what it says, and its tables list what the engine has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from flowlang import FlowExecutor, FlowResult, RunContext, TaskRegistry
from flowlang.runtime.events import EVENT_TYPES

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
FLOW = """
flow: everything
connections: {db: {type: sqlite, database: ":memory:"}}
steps:
  - sqlite_query: {query: select 1}
  - {task: Tell, if: true}
  - {task: Tell, if: false}
  - {task: Fail, retry: {max_attempts: 2, delay: 0}, continue_on_error: true}
  - {for_each: [1], do: [{task: Tell}]}
  - {if: true, then: [{task: Tell}]}
  - {subflow: inner}
  - {subflow: failing, continue_on_error: true}
  - exit
"""


def words_of(cell: str) -> set[str]:
    return set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", cell))))


def table_of_events() -> dict[str, set[str]]:
    section = PAGE.split("## Events", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+) \|(.*)\|$", section, re.MULTILINE)
    return {name: words_of(fields) for names, fields in rows for name in words_of(names)}


def test_the_program_prints_what_the_page_says(tmp_path: Path) -> None:
    program = re.findall(r"```python\n(.*?)```\n\nprints `(.*?)`", PAGE, re.DOTALL)
    assert len(program) == 1
    text, printed = program[0]
    ran = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == (printed, "")


def test_the_table_of_events_has_every_type() -> None:
    assert set(table_of_events()) == set(EVENT_TYPES)


async def test_events_have_the_fields_of_the_table(tmp_path: Path) -> None:
    registry = TaskRegistry()

    @registry.register("Tell")
    async def tell(context: RunContext) -> None:
        context.log("here", number=1)

    @registry.register("Fail")
    async def fail() -> None:
        raise ValueError("no")

    (tmp_path / "inner.yaml").write_text("flow: inner\nsteps: [task: Tell]\n")
    (tmp_path / "failing.yaml").write_text("flow: failing\nsteps: [task: Fail]\n")
    executor = FlowExecutor(registry, folder=tmp_path, env={})
    seen: dict[str, set[str]] = {}

    def listen(event: Any) -> None:
        seen.setdefault(event["type"], set()).update(event)

    result = await executor.execute_flow(FLOW, event_callback=listen)
    assert result.terminated
    failed = await executor.execute_flow("flow: f\nsteps: [task: Fail]", event_callback=listen)
    assert not failed.success

    table = table_of_events()
    for type, fields in seen.items():
        common = {"type", "run_id", "seq", "timestamp", "flow"}
        of_step = {"step_id", "task", "kind", "path", "line"}
        assert fields - common - of_step == table[type], type
    others = {"flow_cancelled", "intervention", "iterations_answered", "sandbox_started", "sandbox_ended"}
    assert set(EVENT_TYPES) - set(seen) == others


def test_the_table_of_results_names_real_fields() -> None:
    section = PAGE.split("## The result", 1)[1].split("\n## ", 1)[0]
    names = [name for cell in re.findall(r"^\| (`[a-z_`, ]+) \|", section, re.MULTILINE) for name in words_of(cell)]
    result = FlowResult("f", "r", "succeeded", {})
    assert len(names) > 8
    assert all(hasattr(result, name) for name in names)
