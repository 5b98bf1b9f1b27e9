"""`flowlang init`, `scaffold`, `doctor` and `completions`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang.cli import COMMANDS
from flowlang.scaffold import TEMPLATES
from tests.cli.ran import run_module as run


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name != "api"])
def test_each_template_runs_as_it_is_made(tmp_path: Path, template: str) -> None:
    made = run(tmp_path, "flowlang", "init", "a project", "--template", template)
    assert "Run it: flowlang run 'a project/flow.yaml'" in made.stderr
    assert run(tmp_path, "flowlang", "check", "a project").returncode == 0
    assert run(tmp_path, "flowlang", "run", "a project").returncode == 0


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("mine")
    again = run(tmp_path, "flowlang", "init")
    assert "is there already" in again.stderr
    assert again.returncode == 2
    assert (tmp_path / "flow.yaml").read_text() == "mine"


def test_an_unknown_template_names_those_there_are(tmp_path: Path) -> None:
    assert "did you mean `database`?" in run(tmp_path, "flowlang", "init", "x", "--template", "databse").stderr
    assert json.loads(run(tmp_path, "flowlang", "init", "--list", "--json").stdout).keys() == TEMPLATES.keys()


def test_the_scaffolder_tells_what_it_wrote_and_how_far_the_tasks_are(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("flow: F\nsteps: [{task: Fetch, id: a}, {task: Store, id: b}]\n")
    first = run(tmp_path, "flowlang.scaffolder", "scaffold", "flow.yaml", "-o", ".")
    assert "+ tools/start_server.sh written" in first.stderr
    assert "0/2 tasks implemented" in first.stderr
    (tmp_path / "flow.yaml").write_text("flow: F\nsteps: [{task: Fetch, id: a}, {task: Send, id: b}]\n")
    dry = run(tmp_path, "flowlang", "scaffold", "update", "flow.yaml", "--dry-run")
    assert '+    @registry.stub("Send")' in dry.stdout
    told = json.loads(run(tmp_path, "flowlang", "scaffold", "auto", "flow.yaml", "--json").stdout)
    assert (told["written"], told["added"], told["vanished"]) == (["flow.py"], ["Send"], ["Store"])
    assert "nothing is missing" in run(tmp_path, "flowlang", "scaffold", "update", "flow.yaml").stderr


def test_the_scaffolder_tells_the_mistakes_of_a_flow(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("flow: F\nsteps: [{task: Fetch, idd: a}]\n")
    refused = run(tmp_path, "flowlang", "scaffold", "flow.yaml")
    assert "did you mean `id`?" in refused.stderr
    assert refused.returncode == 2
    assert os.listdir(tmp_path) == ["flow.yaml"]


def test_the_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    run(tmp_path, "flowlang", "init", "--template", "hello")
    well = run(tmp_path, "flowlang", "doctor")
    assert well.returncode == 0, well.stdout
    (tmp_path / "flow.py").write_text("import nothing_like_it\n")
    (tmp_path / ".env").write_text("TOKEN=x\n")
    (tmp_path / ".env").chmod(0o644)
    findings = json.loads(run(tmp_path, "flowlang", "doctor", "--json").stdout)
    bad = {one["about"]: one for one in findings if one["state"] == "bad"}
    assert "nothing_like_it" in bad["flow.py"]["said"]
    assert "pip install" in bad["flow.py"]["remedy"]
    assert any(one["about"] == ".env" and "chmod 600" in one["remedy"] for one in findings)


def test_the_doctor_looks_at_settings_variables_and_dotenv(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").write_text("journal: {keep_rns: 5}\n")
    (tmp_path / "flow.yaml").write_text("flow: A\nsteps: [{exit: {reason: '${env.NOBODY_SET_IT} ${SOME:default}'}}]\n")
    (tmp_path / ".env").write_text("no value here\nTOKEN=quite-secret\n")
    done = run(tmp_path, "flowlang", "doctor", "--json")
    findings = {one["about"]: one for one in json.loads(done.stdout) if one["state"] != "good"}
    assert done.returncode == 1
    assert "keep_rns" in findings["flowlang.yaml"]["said"]
    assert (findings["flow.yaml"]["state"], findings["flow.yaml"]["said"]) == (
        "note",
        "a run needs NOBODY_SET_IT in the environment",
    )
    assert ".env:1: " in done.stdout
    assert "quite-secret" not in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_names_every_command_and_the_shell_takes_it(tmp_path: Path, shell: str) -> None:
    text = run(tmp_path, "flowlang", "completions", shell).stdout
    assert all(name in text for name in COMMANDS)
    if shutil.which(shell) is not None:
        script = tmp_path / "completion"
        script.write_text(text)
        checked = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, timeout=20)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    script = tmp_path / "completion"
    script.write_text(run(tmp_path, "flowlang", "completions", "bash").stdout)
    ask = (
        f"source {script}; PATH={Path(sys.executable).parent}:$PATH\n"
        'complete_words() { COMP_WORDS=(flowlang "$@"); COMP_CWORD=$#; _flowlang; echo ${COMPREPLY[@]}; }\n'
        "complete_words wat; complete_words runs di; complete_words run --output\n"
    )
    done = subprocess.run([bash, "-c", ask], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout.split("\n")[:3] == ["watch", "diff", "--output --output-file"]
