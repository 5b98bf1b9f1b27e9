"""A journal on a real disk that is full, or may only be read: runs go on, what is there is seen, and it is said why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    """What a command is begun with so that it may mount disks of its own."""
    try:
        subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    return NAMESPACE


def told(namespace: list[str], what: str, folder: Path) -> list[dict[str, Any]]:
    command = [*namespace, sys.executable, "-m", "tests.withstand.small_disks", what, str(folder)]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_whichever_page_a_disk_lacks_the_run_ends_and_what_was_recorded_is_not_done_again(
    namespace: list[str], tmp_path: Path
) -> None:
    disks = told(namespace, "full", tmp_path)
    for disk in disks:
        assert (disk["status"], disk["error"], disk["done"]) == ("failed", "not yet", 42), disk
        assert disk["problem"] is None or "No space left on device" in disk["problem"], disk
        assert disk["look"] is None, disk
        if disk["recorded"]:
            assert (disk["resumed"], disk["twice"]) == ("succeeded", []), disk
    recorded = [disk for disk in disks if disk["recorded"]]
    cut_short = [disk for disk in recorded if disk["problem"] is not None]
    assert len(cut_short) > 3
    assert all(disk["problems"] == ["gap"] and disk["known"] for disk in cut_short)
    # the last one is large enough for all of it; before, it was for the run's file and not for the database
    assert [len(disk["known"]) for disk in recorded if disk not in cut_short] == [41] * (len(recorded) - len(cut_short))
    assert len(recorded) - len(cut_short) > 3


def test_without_room_for_a_journal_a_flow_runs_and_earlier_runs_are_seen(namespace: list[str], tmp_path: Path) -> None:
    disks = told(namespace, "without-room", tmp_path)
    assert len(disks) == 4
    for disk in disks:
        why = {"read-only": "Read-only file system", "filled up": "No space left on device"}[disk["disk"]]
        assert disk["status"] == "failed", disk
        assert disk["problem"].startswith(why), disk
        assert (disk["then"], disk["last"]) == (None, "succeeded"), disk
        if disk["had"] == "a run":
            assert (disk["runs"], disk["steps"], disk["resume"]) == (["failed"], 43, ["unwritable"]), disk
            assert "check the folder's permissions and the space left" in disk["prune"], disk
        else:
            assert disk["runs"] == [], disk
