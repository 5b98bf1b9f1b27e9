"""A flow is run again for each change of what it is made of, as it is then, and for nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from flowlang import FlowExecutor
from flowlang.tasks.loader import TaskModules
from flowlang.watch.rerunning import Outcome, Reruns

SAVES = 1000 if os.environ.get("FLOWLANG_TEST_LONG") else 50

FLOW = """
flow: Sums
inputs: [{name: number, type: integer, default: 1}]
steps:
  - Add: {id: sum, number: '${inputs.number}'}
  - subflow: part
    id: part
outputs: {sum: '${sum.sum}', part: '${part.part}'}
"""
PART = "flow: Part\nsteps: [{{exit: {{outputs: {{part: {}}}}}}}]\n"
TASKS = """
from flowlang import TaskRegistry
import helper

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Add")
    async def add(number):
        return {"sum": number + helper.MORE}

    return registry
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "part.yaml").write_text(PART.format(1))
    (tmp_path / "flow.py").write_text(TASKS)
    (tmp_path / "helper.py").write_text("MORE = 10\n")
    (tmp_path / "other.yaml").write_text(PART.format(1))
    return tmp_path


class Watched:
    """The outcomes of a project's flow, one after the other."""

    def __init__(self, outcomes: AsyncGenerator[Outcome, None]) -> None:
        self._outcomes = outcomes

    async def next(self) -> Outcome:
        return await asyncio.wait_for(anext(self._outcomes), 20)

    async def outputs(self) -> dict[str, object]:
        outcome = await self.next()
        assert outcome.result is not None, outcome.refused
        return outcome.result.outputs


@asynccontextmanager
async def watched(project: Path, inputs: Callable[[], dict[str, object]] = dict) -> AsyncIterator[Watched]:
    reruns = Reruns(
        project / "flow.yaml",
        project,
        tasks=TaskModules(project / "flow.py"),
        inputs=inputs,
        make_executor=FlowExecutor,
    )
    async with aclosing(reruns.outcomes()) as outcomes:
        yield Watched(outcomes)


async def test_each_file_of_the_flow_counts_and_is_seen_as_it_is_now(project: Path) -> None:
    async with watched(project) as runs:
        assert await runs.outputs() == {"sum": 11, "part": 1}
        (project / "helper.py").write_text("MORE = 20\n")
        assert await runs.outputs() == {"sum": 21, "part": 1}
        (project / "part.yaml").write_text(PART.format(2))
        assert await runs.outputs() == {"sum": 21, "part": 2}
        (project / "flow.py").write_text(TASKS.replace("number +", "number -"))
        assert await runs.outputs() == {"sum": -19, "part": 2}
        (project / "flow.yaml").write_text(FLOW.replace("default: 1", "default: 5"))
        assert await runs.outputs() == {"sum": -15, "part": 2}


async def test_another_flow_of_the_project_doesnt_count(project: Path) -> None:
    async with watched(project) as runs:
        await runs.next()
        (project / "other.yaml").write_text(PART.format(3))
        (project / "unused.py").write_text("x = 1\n")
        await asyncio.sleep(0.3)
        (project / "part.yaml").write_text(PART.format(2))
        assert {path.name for path in (await runs.next()).changed} == {"part.yaml"}


async def test_what_keeps_the_flow_from_running_is_told_and_mended_by_any_change(project: Path) -> None:
    async with watched(project) as runs:
        await runs.next()
        (project / "flow.yaml").write_text(FLOW.replace("subflow: part", "subflow: parts"))
        refused = (await runs.next()).refused
        assert "no flow is called `parts`" in str(refused)
        (project / "parts.yaml").write_text(PART.format(7))
        assert await runs.outputs() == {"sum": 11, "part": 7}
        (project / "helper.py").write_text("MORE = \n")
        assert "helper.py:1" in str((await runs.next()).refused)
        (project / "helper.py").write_text("MORE = 1\n")
        assert await runs.outputs() == {"sum": 2, "part": 7}


async def test_a_change_during_a_run_cancels_it_and_starts_another(project: Path) -> None:
    (project / "flow.yaml").write_text("flow: Slow\nsteps: [{Wait: {id: wait}}]\non_cancel: [{Note: {}}]\n")
    tasks = """
import asyncio
from pathlib import Path
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Wait")
    async def wait():
        Path(__file__).with_name("begun.txt").touch()
        await asyncio.sleep(SECONDS)

    @registry.register("Note")
    async def note():
        Path(__file__).with_name("cancelled.txt").touch()

    return registry
"""
    (project / "flow.py").write_text(tasks.replace("SECONDS", "600"))
    async with watched(project) as runs:
        coming = asyncio.ensure_future(runs.next())
        while not (project / "begun.txt").exists():  # noqa: ASYNC110 - a file, which tells nobody
            await asyncio.sleep(0.01)
        (project / "flow.py").write_text(tasks.replace("SECONDS", "0"))
        outcome = await coming
        assert outcome.result is not None
        assert outcome.result.success
        assert (project / "cancelled.txt").exists()


async def test_ending_the_watching_cancels_the_run_and_lets_it_clean_up(project: Path) -> None:
    (project / "flow.yaml").write_text("flow: Slow\nsteps: [{task: Wait}]\non_cancel: [{task: Note}]\n")
    (project / "flow.py").write_text("""
import asyncio
from pathlib import Path
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()
    here = Path(__file__)
    @registry.register("Wait")
    async def wait():
        here.with_name("begun.txt").touch()
        await asyncio.sleep(600)
    @registry.register("Note")
    async def note():
        here.with_name("cancelled.txt").touch()
    return registry
""")
    async with watched(project) as runs:
        coming = asyncio.ensure_future(runs.next())
        while not (project / "begun.txt").exists():  # noqa: ASYNC110 - a file, which tells nobody
            await asyncio.sleep(0.01)
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming
        assert (project / "cancelled.txt").exists()


async def test_each_save_in_any_editors_way_is_one_run_of_the_newest_text(project: Path) -> None:
    helper = project / "helper.py"

    def two_files(text: str) -> None:
        helper.write_text(text)
        (project / "part.yaml").write_text(PART.format(len(text)) + "# " + text)

    def renamed(text: str) -> None:
        draft = project / ".draft"
        draft.write_text(text)
        os.replace(draft, helper)

    def truncated(text: str) -> None:
        with helper.open("w") as file:
            file.flush()
            file.write(text)

    def created_anew(text: str) -> None:
        helper.unlink()
        helper.write_text(text)

    def with_a_backup(text: str) -> None:
        os.replace(helper, project / "helper.py~")
        helper.write_text(text)

    ways: list[Callable[[str], object]] = [
        helper.write_text,
        renamed,
        truncated,
        created_anew,
        with_a_backup,
        two_files,
    ]
    async with watched(project) as runs:
        await runs.next()
        for number in range(SAVES):
            ways[number % len(ways)](f"MORE = {100 + number}\n")
            while (outputs := await runs.outputs())["sum"] != 101 + number:
                assert two_files in (ways[number % len(ways)], ways[number % len(ways) - 1]), (
                    f"{outputs} is not of the newest text"
                )


async def test_data_that_a_task_may_read_counts_whatever_its_kind(project: Path) -> None:
    async with watched(project) as runs:
        await runs.next()
        for name in ("people.csv", "query.sql", "mail.txt", "fixture.yaml", "sub/page.html", ".env"):
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text("a: 1\n")
            assert {path.name for path in (await runs.next()).changed} == {Path(name).name}
        (project / "flow.test.yaml").write_text("tests: []\n")
        (project / "flow.pins.yaml").write_text("pins: {}\n")
        (project / "people.csv").unlink()
        assert {path.name for path in (await runs.next()).changed} == {"people.csv"}


@pytest.mark.parametrize("pause", [0, 0.5])
async def test_what_the_flow_writes_itself_starts_it_not_for_ever(project: Path, pause: float) -> None:
    (project / "flow.yaml").write_text("flow: Writer\nsteps: [{Write: {id: write}}]\noutputs: {n: '${write}'}\n")
    (project / "flow.py").write_text(
        "import time\nfrom pathlib import Path\nfrom flowlang import TaskRegistry\n\n"
        "def create_task_registry():\n    registry = TaskRegistry()\n\n    @registry.register('Write')\n"
        "    def write():\n        here = Path(__file__).parent\n"
        "        with open(here / '.runs', 'a+') as runs:\n            runs.write('.')\n"
        "            number = runs.tell()\n"
        f"        (here / 'report.json').write_text(str(number))\n        time.sleep({pause})\n"
        "        return number\n\n    return registry\n"
    )
    async with watched(project) as runs:
        while (outcome := await runs.next()).result is None or outcome.result["n"] < 3:
            pass
        (project / "query.sql").write_text("select 1")
        while "query.sql" not in {path.name for path in outcome.changed}:
            told, outcome = outcome.written, await runs.next()
        assert {path.name for path in told | outcome.written} == {"report.json"}
        await asyncio.sleep(0.2)  # what is written right after a run is taken for what is told of it
        (project / "report.json").write_text("by hand")
        assert {path.name for path in (await runs.next()).changed} == {"report.json"}
        (project / "query.sql").write_text("select 2")
        assert "query.sql" in {path.name for path in (await runs.next()).changed}


async def test_what_is_told_of_its_runs_starts_none_even_while_it_cannot_run(project: Path) -> None:
    (project / "flow.yaml").write_text("flow: Broken\nsteps: [{Missing: {}}]\n")
    async with watched(project) as runs:
        told = 0
        outcome = await runs.next()
        while not outcome.written and told < 20:
            told += 1
            (project / "out.txt").write_text(f"it failed {told} times")
            if told == 3:
                (project / "helper.py").write_text("MORE = 1\n")
            outcome = await runs.next()
        assert told == 3
        assert {path.name for path in outcome.written} == {"out.txt"}
