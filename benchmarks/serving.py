"""W19: a flow called over HTTP, beside a bare FastAPI route that answers the same JSON; and test files.

Both servers run in processes of their own; the client keeps one connection open for the first figure, and a thousand
for the second.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, show

CALLS = 400
CLIENTS = 1000
CASES = 200

FLOW = """
flow: Three
inputs: [{name: n, type: integer}]
steps:
  - {task: Add, id: a, inputs: {n: '${inputs.n}'}}
  - {task: Add, id: b, inputs: {n: '${a.n}'}}
  - {task: Add, id: c, inputs: {n: '${b.n}'}}
outputs: {n: '${c.n}'}
"""
TASKS = """
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Add")
    async def add(n):
        return {"n": n + 1}

    return registry
"""
BARE = """
import sys
import uvicorn
from fastapi import FastAPI, Request

app = FastAPI()

@app.post("/flows/{name}/execute")
async def execute(name: str, request: Request):
    n = (await request.json())["inputs"]["n"] + 3
    steps = [{"id": id, "status": "succeeded", "duration_ms": 0.012, "attempts": 1} for id in "abc"]
    return {"flow": name, "run_id": "20260131-174502-9f3a61c2", "success": True, "status": "succeeded",
            "outputs": {"n": n}, "error": None, "error_type": None, "reason": None, "duration_ms": 0.2, "steps": steps}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
CASE = """  - name: case {0}
    inputs: {{n: {0}}}
    mocks: {{b: {{sequence: [{{returns: {{n: 1}}}}]}}}}
    expect: {{outputs: {{n: 2}}, calls: {{Add: 3}}}}
"""


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        body = b'{"inputs":{"n":1}}'
        lines = ("Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}")
        head = "\r\n".join(("POST /flows/Three/execute HTTP/1.1", *lines))
        self._request = f"{head}\r\n\r\n".encode() + body

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def call(self) -> float:
        """Call the flow once; the seconds that took."""
        began = time.perf_counter()
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length))
        assert answer["outputs"] == {"n": 4}, answer
        return time.perf_counter() - began

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def opened(port: int) -> Client:
    """A client, as soon as its server is up."""
    client = Client(port)
    while True:
        try:
            await client.open()
        except OSError:
            await asyncio.sleep(0.05)
        else:
            return client


async def one_by_one(bare: int, ours: int) -> Figure:
    """Calls of one client, in turns with those of the bare route."""
    clients = [await opened(bare), await opened(ours)]
    times: list[list[float]] = [[], []]
    for number in range(CALLS):
        for client, taken in zip(clients, times, strict=True):
            seconds = await client.call()
            if number >= CALLS // 10:
                taken.append(seconds)
    for client in clients:
        client.close()
    floor, flow = (median(taken) * 1000 for taken in times)
    return Figure("W19", "a flow of three steps over HTTP, beside a bare route", "ms", floor, flow, 1.5)


async def at_once(port: int) -> Figure:
    """A thousand clients, each of which calls again a second after its answer: the slowest of a hundred."""
    clients = [await opened(port) for _ in range(CLIENTS)]
    times: list[float] = []

    async def calls(number: int, client: Client) -> None:
        for _ in range(4):
            await asyncio.sleep(5 * (number / CLIENTS))
            times.append(await client.call())
            await asyncio.sleep(5 * (1 - number / CLIENTS))

    await asyncio.gather(*(calls(number, client) for number, client in enumerate(clients)))
    for client in clients:
        client.close()
    times.sort()
    slow = times[int(len(times) * 0.99)] * 1000
    return Figure(
        "W19", f"{CLIENTS:,} clients connected, 200 calls a second, 99 of 100 within", "ms", None, slow, 200, "ms"
    )


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def served(folder: Path) -> list[Figure]:
    """The figures of the server."""
    bare, ours = free_port(), free_port()
    commands = [
        [sys.executable, "-c", BARE, str(bare)],
        [sys.executable, "-m", "flowlang", "serve", str(folder), "--port", str(ours)],
    ]
    servers = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    try:
        return [asyncio.run(one_by_one(bare, ours)), asyncio.run(at_once(ours))]
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def tested(folder: Path) -> Figure:
    """`flowlang test` with many cases, the start of the program included."""
    (folder / "flow.test.yaml").write_text("tests:\n" + "".join(CASE.format(number) for number in range(CASES)))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "flowlang", "test", str(folder)], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return Figure("W19", f"`flowlang test` of {CASES} cases", "s", None, median(times), 2, "s")


def main() -> None:
    """Measure and print."""
    os.environ.pop("FLOWLANG_SERVER_TOKEN", None)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "flowlang.yaml").touch()  # runs are recorded in the folder itself
        (folder / "flow.yaml").write_text(FLOW)
        (folder / "flow.py").write_text(TASKS)
        show([*served(folder), tested(folder)])


if __name__ == "__main__":
    main()
