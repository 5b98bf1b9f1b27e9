"""Runs of a folder that is no project are kept apart from it, and found again from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_runs_of_a_folder_that_is_no_project_are_recorded_and_it_stays_none(tmp_path: Path) -> None:
    folder = tmp_path / "no project"
    folder.mkdir()
    (folder / "hello.yaml").write_text("flow: Hello\nsteps: [{exit: {reason: enough}}]\n")

    def flowlang(*arguments: str) -> str:
        command = [sys.executable, "-m", "flowlang", *arguments]
        env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    flowlang("run", "hello.yaml")
    (run,) = json.loads(flowlang("runs", "list", "--json"))
    assert (run["flow"], run["status"]) == ("Hello", "terminated")
    assert os.listdir(folder) == ["hello.yaml"]
