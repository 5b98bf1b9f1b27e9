"""`flowlang runs resume` and `rerun`, and what a run says that did not come to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT
from tests.cli.runs.commands import ORDERS, Command
from tests.journal.projects import Project


def test_a_run_that_failed_says_in_a_line_how_it_is_gone_on_with(flowlang: Command, project: Project) -> None:
    project.break_()
    ran = flowlang("run", "main.yaml")
    run_id = ran.json["run_id"]
    assert ran.err.endswith(f"What is left of it runs with: flowlang runs resume {run_id}\n")
    assert "resume" not in flowlang("run", "main.yaml", "--quiet").err
    assert "resume" not in flowlang("run", "main.yaml", "--no-journal").err
    project.mend()
    assert "resume" not in flowlang("run", "main.yaml").err


def test_the_line_names_the_project_where_it_is_not_that_of_the_current_folder(
    flowlang: Command, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.break_()
    monkeypatch.chdir(project.root.parent)
    ran = flowlang("run", str(project.flow))
    assert ran.err.endswith("--project 'my project'\n")
    project.mend()
    ran = flowlang("runs", "resume", ran.json["run_id"], "--project", "my project")
    assert ran.json["success"] is True


def test_resuming_takes_what_is_done_from_the_journal(flowlang: Command, project: Project, failed: str) -> None:
    ran = flowlang("runs", "resume", "last", "--json")
    assert ran.code == 0
    assert (ran.json["run_id"], ran.json["outputs"]) == (failed, {"shipped": 2})
    assert project.effects() == ["ship 1", "ship 2", "last"]
    assert "1 step from the journal" in ran.err
    assert "came to its end" in flowlang("runs", "resume", failed).err


def test_a_dry_run_tells_and_does_nothing(flowlang: Command, project: Project, failed: str) -> None:
    ran = flowlang("runs", "resume", "last", "--dry-run")
    assert (ran.code, ran.out) == (0, "")
    assert "1 step from the journal" in ran.err
    assert project.effects() == []


@pytest.mark.parametrize("prog", ["flowlang", "flowlang_tui"])
def test_a_run_of_the_flow_is_resumed_with_the_option_of_run(
    flowlang: Command, project: Project, failed: str, capfd: pytest.CaptureFixture[str], prog: str
) -> None:
    if prog == "flowlang":
        assert flowlang("run", "main.yaml", "--resume", "last").json["run_id"] == failed
    else:
        from flowlang_tui.cli import main

        assert main(["--run", "main.yaml", "--resume", failed[:-2]]) == 0
        assert failed in capfd.readouterr().out
    assert project.effects() == ["ship 1", "ship 2", "last"]


def test_a_run_of_another_flow_is_not_resumed_with_this_one(flowlang: Command, project: Project, failed: str) -> None:
    project.write("  - Do: {id: a, what: a}", "other")
    ran = flowlang("run", "other.yaml", "--resume", failed)
    assert (ran.code, ran.out) == (2, "")
    assert "is a run of `main`" in ran.err
    assert "no run is recorded" in flowlang("run", "other.yaml", "--resume", "last").err


def test_a_step_under_way_when_the_process_died_needs_a_choice(flowlang: Command, project: Project) -> None:
    run_id = project.kill_at("step_started", "each[1]/ship")
    project.effects()
    assert "main interrupted" in flowlang("runs", "list").out.replace("  ", " ")
    ran = flowlang("runs", "resume", run_id)
    assert (ran.code, ran.out) == (2, "")
    assert "`each[1]/ship` was under way when the process died" in ran.err
    assert "choose: retry it, or skip it" in ran.err
    ran = flowlang("runs", "resume", run_id, "--verify", "ship")
    assert ran.code == 2
    assert "what: ship 2" in ran.err
    assert project.effects() == []
    ran = flowlang("runs", "resume", run_id, "--skip", "all", "--retry", "each/ship")
    assert ran.json["success"] is True
    assert project.effects() == ["ship 2", "last"]


def test_a_step_is_left_out_by_choice(flowlang: Command, project: Project) -> None:
    run_id = project.kill_at("step_started", "each[1]/ship")
    project.effects()
    assert flowlang("runs", "resume", run_id, "--skip", "each[1]/ship").code == 0
    assert project.effects() == ["last"]


def test_secret_inputs_are_given_again(flowlang: Command, project: Project) -> None:
    project.write(ORDERS.replace("what: last", "what: '${inputs.key}'"))
    project.break_()
    flowlang("run", "main.yaml", "--input", "key=s3cret-value")
    project.mend()
    ran = flowlang("runs", "resume", "last")
    assert ran.code == 2
    assert "input `key` is secret" in ran.err
    assert flowlang("runs", "resume", "last", "--input", "key=s3cret-value").code == 0
    assert project.effects()[-1] == "s3cret-value"


def test_running_again_from_a_step_repeats_no_effect_upstream(flowlang: Command, project: Project, failed: str) -> None:
    flowlang("runs", "resume", failed)
    project.effects()
    ran = flowlang("runs", "rerun", "last", "--from", "each[1]/ship", "--json")
    assert ran.code == 0
    assert ran.json["run_id"] != failed
    assert project.effects() == ["ship 2", "last"]
    listed = flowlang("runs", "list", "--limit", "1").out
    assert f"rerun from {failed.rpartition('-')[2]}" in listed


@pytest.mark.parametrize(
    ("options", "effects"),
    [
        (("--from", "last", "--only"), ["last"]),
        (("--from", "each", "--set", 'fetch={"rows": [{"n": 7}]}'), ["ship 7", "last"]),
        (("--from", "each", "--until", "each"), ["ship 1", "ship 2"]),
        (("--until", "fetch", "--input", "day=friday"), ["fetch friday"]),
        (("--from", "last", "--as-it-was"), ["last"]),
    ],
)
def test_parts_of_a_run(flowlang: Command, project: Project, options: tuple[str, ...], effects: list[str]) -> None:
    flowlang("run", "main.yaml")
    project.effects()
    if "--as-it-was" in options:
        project.write(ORDERS.replace("what: last", "what: new"))
    ran = flowlang("runs", "rerun", "last", *options, "--output", "text")
    assert (ran.code, project.effects()) == (0, effects)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--from or --until is missing"),
        (("--until", "last", "--only"), "--only belongs to --from"),
        (("--from", "lst"), "did you mean `last`?"),
        (("--from", "last", "--set", "fetch"), "STEP=JSON"),
        (("--from", "last", "--set", "fetch={"), "no JSON"),
    ],
)
def test_a_rerun_that_makes_no_sense_is_refused(
    flowlang: Command, project: Project, options: tuple[str, ...], message: str
) -> None:
    flowlang("run", "main.yaml")
    project.effects()
    ran = flowlang("runs", "rerun", "last", *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert project.effects() == []


WAIT = """
import asyncio
from pathlib import Path
from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Wait")
    async def wait():
        Path("waiting").touch()
        await asyncio.Event().wait()

    return registry
"""


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_tells_how_the_run_is_gone_on_with(project: Project, times: int) -> None:
    (project.root / "flow.py").write_text(WAIT)
    cleaning = "on_cancel:\n  - Wait: {id: clean}\n" if times == 2 else ""
    project.write(f"flow: main\nsteps:\n  - Wait: {{id: wait}}\n{cleaning}")
    command = [sys.executable, "-m", "flowlang", "run", "main.yaml", "--output-file", os.devnull]
    with subprocess.Popen(command, cwd=project.root, env=ENVIRONMENT, text=True, stderr=subprocess.PIPE) as process:
        for _ in range(times):
            wait_for(project.root / "waiting")
            process.send_signal(signal.SIGINT)
        told = process.stderr.read() if process.stderr is not None else ""
    assert process.returncode == 130
    (run,) = project.journal.runs()
    assert told.endswith(f"What is left of it runs with: flowlang runs resume {run.run_id}\n")
    assert run.status == ("cancelled" if times == 1 else "interrupted")


def wait_for(path: Path) -> None:
    """Wait until a file is there, and take it away."""
    while not path.exists():
        time.sleep(0.01)
    path.unlink()
