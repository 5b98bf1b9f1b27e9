"""The sample projects as their readers have them: a copy in a folder of its own, with a `.env`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from flowlang import CancellationToken, Diagnostic, Event, FlowExecutor, FlowResult, TaskRegistry, check
from flowlang.environment import read_dotenv
from flowlang.tasks.loader import load_registry

SAMPLES = Path(__file__).parents[2] / "sample_projects"


class Project:
    """A copy of a sample project whose `.env` names these servers."""

    def __init__(self, name: str, folder: Path, **variables: str) -> None:
        self.sample = SAMPLES / name
        self.folder = folder / name
        generated = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(self.sample, self.folder, ignore=generated)
        wanted = read_dotenv(self.sample / ".env.example").keys()
        assert variables.keys() == wanted, "the README lets its reader copy .env.example"
        lines = (f"{name}={value}\n" for name, value in variables.items())
        (self.folder / ".env").write_text("".join(lines), encoding="utf-8")

    def problems(self) -> list[Diagnostic]:
        """The problems of all its flows."""
        flows = sorted(path for path in self.folder.glob("*.yaml") if path.name != "compose.yaml")
        return [problem for path in flows for problem in check(path)]

    def executor(self) -> FlowExecutor:
        tasks = self.folder / "flow.py"
        return FlowExecutor(load_registry(tasks) if tasks.exists() else TaskRegistry())

    async def run(self, flow: str = "flow.yaml", /, **inputs: Any) -> FlowResult:
        """The result of a flow that must not fail."""
        result = await self.executor().execute_flow(self.folder / flow, inputs)
        assert result.error is None
        return result

    async def attempt(
        self,
        flow: str = "flow.yaml",
        /,
        cancel_at: int | None = None,
        listener: Callable[[Event], object] = lambda event: None,
        **inputs: Any,
    ) -> tuple[FlowResult, list[Event]]:
        """The result of a flow that may fail, and what happened; it is cancelled about the event of that number."""
        events: list[Event] = []
        token = CancellationToken()

        def follow(event: Event) -> Awaitable[None] | None:
            events.append(event)
            listener(event)
            return token.cancel("the test says so") if len(events) == cancel_at else None

        result = await self.executor().execute_flow(self.folder / flow, inputs, follow, token)
        return result, events

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What the command gives in the project's folder."""
        return self.python("-m", "flowlang", *words)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=variables, capture_output=True, text=True, timeout=60
        )

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def shown(self, start: str) -> str:
        """The block of the README that starts so."""
        readme = (self.sample / "README.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```text\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        return next(str(block) for block in blocks if block.startswith(start))
