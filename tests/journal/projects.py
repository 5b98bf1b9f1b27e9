"""A project with a flow and tasks, whose runs can be looked at, interrupted and gone on with.

As a program it runs the project's flow, or a part of a run again, and kills itself at an event:
`projects.py ROOT TYPE PATH after|before INPUTS [RUN OPTIONS]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from flowlang import FlowExecutor, FlowResult
from flowlang.journal import Journal, RecordedStep, Rerun, Resumption
from flowlang.tasks.loader import load_registry

TASKS = '''
import asyncio
from decimal import Decimal
from pathlib import Path
from flowlang import FlowExecutionError, TaskRegistry

HERE = Path(__file__).parent


def did(what):
    with open(HERE / "effects", "a") as file:
        file.write(f"{what}\\n")


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Do")
    async def do(what, result=None):
        did(what)
        return {"done": what} if result is None else result

    @registry.register("Price")
    async def price():
        did("price")
        return {"amount": Decimal("1.50"), "tags": ("a", "b")}

    @registry.register("Login")
    async def login(password):
        did("login")
        return {"token": f"token of {password}"}

    @registry.register("Hang")
    async def hang(what):
        """Waits for ever as long as there is a file called `broken`."""
        did(what)
        if (HERE / "broken").exists():
            await asyncio.Event().wait()

    @registry.register("Try")
    async def attempt(what):
        """Fails as long as there is a file called `broken`."""
        did(what)
        if (HERE / "broken").exists():
            raise FlowExecutionError(f"{what} is broken")
        return {"done": what}

    return registry
'''


class Project:
    """A folder with `flow.yaml`, tasks and a journal. What the tasks do they note in the file `effects`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.flow = root / "main.yaml"
        self.journal = Journal(root)
        (root / "flowlang.yaml").touch()
        (root / "flow.py").write_text(TASKS)

    def write(self, flow: str, name: str = "main") -> Path:
        """Write a flow of steps, or a whole one."""
        text = dedent(flow).strip("\n")
        text = text if text.startswith(("flow:", "inputs:")) else f"steps:\n{text}"
        path = self.root / f"{name}.yaml"
        path.write_text(text if text.startswith("flow:") else f"flow: {name}\n{text}\n")
        return path

    @property
    def executor(self) -> FlowExecutor:
        return FlowExecutor(load_registry(self.root / "flow.py"))

    async def run(self, inputs: Mapping[str, Any] | None = None, **options: Any) -> FlowResult:
        """Run the flow, recorded."""
        return await self.executor.execute_flow(self.flow, inputs, recorder=self.journal.recorder(), **options)

    def kill_at(self, type: str, path: str, when: str = "after", inputs: Mapping[str, Any] | None = None) -> str:
        """Run the flow in a process that is killed before or after it has recorded an event; the run's id."""
        return self._killed(type, path, when, json.dumps(dict(inputs or {})))

    def kill_rerun_at(self, run_id: str, type: str, path: str, **options: Any) -> str:
        """Run a part of a run again in a process that is killed after it has recorded an event; the new run's id."""
        return self._killed(type, path, "after", "{}", run_id, json.dumps(options))

    def _killed(self, *words: str) -> str:
        known = {run.run_id for run in self.journal.runs()}
        command = [sys.executable, __file__, str(self.root), *words]
        code = subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode
        assert code == -signal.SIGKILL, code
        (run,) = (run for run in self.journal.runs() if run.run_id not in known)
        return run.run_id

    def resumption(self, run_id: str, **options: Any) -> Resumption:
        return Resumption(self.journal, run_id, **options)

    async def resume(self, run_id: str, **options: Any) -> FlowResult:
        """Go on with a run."""
        return await self.resumption(run_id, **options).execute(self.executor)

    async def rerun(self, run_id: str, **options: Any) -> FlowResult:
        """Run a part of a run again."""
        return await Rerun(self.journal, run_id, **options).execute(self.executor)

    def effects(self) -> list[str]:
        """What the tasks did since somebody asked."""
        file = self.root / "effects"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def break_(self) -> None:
        """Let the task `Try` fail."""
        (self.root / "broken").touch()

    def mend(self) -> None:
        """Let the task `Try` succeed."""
        (self.root / "broken").unlink(missing_ok=True)

    def steps(self, run_id: str) -> dict[str, RecordedStep]:
        """The latest execution of each path."""
        return {step.path: step for step in self.journal.run(run_id).steps()}


class _Dying:
    """A recorder that kills the process at an event."""

    def __init__(self, recorder: Any, type: str, path: str, before: bool) -> None:
        self._recorder = recorder
        self._at = (type, path)
        self._before = before
        self.begin, self.end = recorder.begin, recorder.end

    def hear(self, event: Any) -> None:
        here = (event["type"], event.get("path", "")) == self._at
        if not (here and self._before):
            self._recorder.hear(event)
        if here:
            os.kill(os.getpid(), signal.SIGKILL)

    hear_silent = hear


class _DyingRerun(Rerun):
    """A part of a run that kills the process at an event."""

    at: tuple[str, str]

    def _new_recorder(self) -> Any:
        return _Dying(super()._new_recorder(), *self.at, before=False)


def _main(root: str, type: str, path: str, when: str, inputs: str, run_id: str = "", options: str = "") -> None:
    project = Project(Path(root))
    if run_id:
        again = _DyingRerun(project.journal, run_id, **json.loads(options))
        again.at = (type, path)
        asyncio.run(again.execute(project.executor))
        return
    recorder: Any = _Dying(project.journal.recorder(), type, path, when == "before")
    asyncio.run(project.executor.execute_flow(project.flow, json.loads(inputs), recorder=recorder))


if __name__ == "__main__":
    _main(*sys.argv[1:])
