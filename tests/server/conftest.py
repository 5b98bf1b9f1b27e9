"""A real server of a real project, and clients of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

FLOW = """
flow: Sums
description: Adds numbers.
inputs:
  - {name: numbers, type: array, description: What to add.}
  - {name: wait, type: number, default: 0}
  - {name: password, secret: true, required: false}
steps:
  - {task: Wait, id: wait, inputs: {seconds: '${inputs.wait}'}}
  - {task: Add, id: add, inputs: {numbers: '${inputs.numbers}'}}
on_cancel:
  - {task: Note, id: note}
outputs: {sum: '${add.sum}', said: '${inputs.password}'}
"""
TASKS = """
import asyncio
from pathlib import Path
from flowlang import TaskNotImplementedError, TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Wait")
    async def wait(seconds):
        await asyncio.sleep(seconds)

    @registry.register("Add")
    async def add(numbers):
        return {"sum": sum(numbers)}

    @registry.register("Note")
    async def note():
        Path(__file__).with_name("cancelled.txt").touch()

    @registry.stub("Later")
    async def later():
        raise TaskNotImplementedError("later")

    return registry
"""
UNFINISHED = "flow: Unfinished\nsteps: [{task: Later}]\n"


class Served:
    """A running server."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], url: str) -> None:
        self.folder = folder
        self.process = process
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=30)

    def execute(self, flow: str = "Sums", **inputs: object) -> httpx.Response:
        return self.client.post(f"/flows/{flow}/execute", json={"inputs": inputs})


Serve = Callable[..., Served]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def started(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Served:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowlang", "serve", str(folder), "--port", str(port), *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    served = Served(folder, process, f"http://127.0.0.1:{port}")
    end = time.monotonic() + 30
    while True:
        try:
            served.client.get("/health")
        except httpx.TransportError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end, "the server didn't come up"
            time.sleep(0.05)
        else:
            return served


def ended(served: Served) -> None:
    served.client.close()
    if served.process.poll() is None:
        served.process.kill()
    served.process.communicate()


def project(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "flowlang.yaml").touch()
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "unfinished.yaml").write_text(UNFINISHED)
    (folder / "flow.py").write_text(TASKS)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for the tests that change nothing of it."""
    served = started(project(tmp_path_factory.mktemp("served")))
    yield served
    ended(served)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers of a project of the test's own."""
    running: list[Served] = []

    def serve(*arguments: str, env: dict[str, str] | None = None, folder: Path = tmp_path) -> Served:
        if not (folder / "flow.yaml").exists():
            project(folder)
        running.append(started(folder, *arguments, env=env))
        return running[-1]

    yield serve
    for one in running:
        ended(one)
