"""Runs killed at one point after the other, and again while they are resumed: what is reported done is done once.

`scripts/crashtest` kills at every point; here it is some of them. See `crashing` for what is a point.
"""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.withstand.crashing import SHAPES

#: How far apart the points are.
EVERY = 13


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_step_that_is_reported_done_is_done_once(shape: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.withstand.crashing", shape, "--every", str(EVERY), "--start", "5"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    report = json.loads(output)
    assert report["problems"] == []
    assert report["kills"] >= 4


async def test_so_it_is_when_the_resume_is_killed_too() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.withstand.crashing", "loop", "--every", "29", "--start", "7", "--again"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    report = json.loads(output)
    assert report["problems"] == []
    assert report["kills"] > report["resumed"]
