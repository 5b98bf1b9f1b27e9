"""Runs killed at one boundary after the other, and again while they are resumed: what is reported done is done once.

`scripts/crashtest` kills at every point; here it is one point at each boundary. See `crash_points` for what they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.withstand.crash_points import BOUNDARIES
from tests.withstand.crash_shapes import SHAPES


def crashed(*arguments: str) -> list[dict[str, Any]]:
    """The reports of each shape, and of all of them."""
    command = [sys.executable, "-m", "tests.withstand.crashing", *arguments]
    process = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    return [json.loads(line) for line in process.stdout.splitlines()]


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    return {report["shape"]: report for report in crashed()}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_step_that_is_reported_done_is_done_once(reports: dict[str, dict[str, Any]], shape: str) -> None:
    assert reports[shape]["problems"] == []
    assert reports[shape]["kills"] >= 6


def test_runs_are_killed_at_every_boundary(reports: dict[str, dict[str, Any]]) -> None:
    assert reports["all"]["problems"] == []
    assert reports["all"]["boundaries"].keys() >= set(BOUNDARIES)
    assert reports["all"]["unknown"] == reports["all"]["under_way"] > 15


def test_so_it_is_when_the_resume_is_killed_too() -> None:
    [report] = crashed("loop", "--again")
    assert report["problems"] == []
    assert report["kills_of_resumes"] >= 10
