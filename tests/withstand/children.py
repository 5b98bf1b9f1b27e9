"""Runs flows in a process of their own, to see how much memory that takes, or to end it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import asyncio, json, resource, sys
from pathlib import Path
from flowlang import FlowExecutor
from flowlang.tasks.loader import load_registry

def peak_kb():
    # the figure of getrusage would include the process that started this one
    try:
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main(path, inputs):
    tasks = Path(path).with_name("flow.py")
    registry = load_registry(tasks) if tasks.exists() else None
    result = await FlowExecutor(registry).execute_flow(path, inputs)
    error = None if result.error is None else {"message": str(result.error), "hint": result.error["hint"]}
    json.dump({"status": result.status, "outputs": result.outputs, "error": error, "peak_kb": peak_kb()}, sys.stdout)

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


async def run(flow: Path, **inputs: Any) -> dict[str, Any]:
    """How a run ended, and the most memory that its process had, in kilobytes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(flow), json.dumps(inputs), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return dict(json.loads(output))
