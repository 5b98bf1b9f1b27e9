"""W6: `flowlang-tui --run` of a flow that says hello, whole process; the floor is `python -c "import asyncio"`.

This process stays small: on Linux the peak memory of a child counts from that of the process that started it.
"""

from __future__ import annotations

import os
import sys
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from benchmarks.figures import Figure, show

ROUNDS = 31

HELLO = """\
flow: hello
inputs:
  - {name: name, type: string, default: world}
steps:
  - exit:
      outputs: {greeting: 'Hello, ${inputs.name}!'}
"""

HELLO_TASK = """\
flow: hello_task
inputs:
  - {name: name, type: string, default: world}
steps:
  - task: greet
    id: greet
    inputs: {name: '${inputs.name}'}
outputs:
  - {name: greeting, value: '${greet.text}'}
"""

TASKS = """\
from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()

    @registry.register
    async def greet(name: str) -> dict[str, str]:
        return {"text": f"Hello, {name}!"}

    return registry
"""

#: What a run of a flow without connections has no use for.
HEAVY = "textual rich watchfiles cryptography aiosqlite sqlite3 asyncpg aiomysql motor pymongo redis pydantic fastapi"

#: Runs a command in this process, then tells in a last line on stderr which of the heavy modules it imported.
INSPECT = f"""\
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as ending:
    assert not ending.code, ending.code
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r}.split())), file=sys.stderr)
"""


#: The environment of the commands. Without the variables for Python they may keep their compiled code, as they do
#: for users.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


class Ran(NamedTuple):
    seconds: float
    megabytes: float


def run(command: list[str]) -> Ran:
    """Run a command to its end, its output thrown away. Raises SystemExit if it fails."""
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = perf_counter()
    child = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    took = perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Ran(took, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024))


def heavy_modules(command: list[str]) -> list[str]:
    """The modules of `HEAVY` that a command written in Python imports."""
    import subprocess

    inspected = [sys.executable, "-c", INSPECT, *command]
    said = subprocess.run(inspected, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True)
    if said.returncode:
        raise SystemExit(said.stderr)
    return said.stderr.splitlines()[-1].split()


def measure() -> list[Figure]:
    python = sys.executable
    command = os.path.join(os.path.dirname(python), "flowlang-tui")
    with TemporaryDirectory() as plain, TemporaryDirectory() as project:
        hello = [command, "--run", _write(plain, "hello.yaml", HELLO)]
        hello_task = [command, "--run", _write(project, "hello.yaml", HELLO_TASK)]
        _write(project, "flow.py", TASKS)
        commands = [[python, "-c", "import asyncio"], hello, hello_task]
        heavy = heavy_modules(hello) + heavy_modules(hello_task)
        for each in commands:
            run(each)
        rounds = [[run(each) for each in commands] for _ in range(ROUNDS)]
    if heavy:
        print(f"imported without need: {', '.join(heavy)}", file=sys.stderr)
    floor, ours, with_task = (median(ran.seconds for ran in each) * 1000 for each in zip(*rounds, strict=True))
    floor_mb, ours_mb, with_task_mb = (median(ran.megabytes for ran in each) for each in zip(*rounds, strict=True))
    return [
        Figure("W6", "`flowlang-tui --run` of a hello flow", "ms", floor, ours, 1.8),
        Figure("W6", "the same with a task from `flow.py`", "ms", floor, with_task),
        Figure("W6", "peak memory of a hello flow's process", "MB", floor_mb, ours_mb, 32, "MB"),
        Figure("W6", "peak memory with a task from `flow.py`", "MB", floor_mb, with_task_mb),
        Figure("W6", "heavy modules imported", "modules", None, len(heavy), 0, "modules"),
    ]


def _write(folder: str, name: str, text: str) -> str:
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


if __name__ == "__main__":
    show(measure())
