"""The commands other than run and check, and what all have in common."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang import __version__
from flowlang.cli import COMMANDS
from tests.cli.conftest import ENVIRONMENT, Command, write


def test_without_a_command_help_goes_to_stderr_and_the_code_is_2(flowlang: Command) -> None:
    ran = flowlang()
    assert (ran.returncode, ran.stdout) == (2, "")
    assert all(command in ran.stderr for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(flowlang: Command, command: str) -> None:
    ran = flowlang(command, "--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(rf"\nexamples?:\n  flowlang {command}", ran.stdout)


def test_the_help_of_a_headless_run_is_that_of_run(flowlang: Command) -> None:
    ran = flowlang("--run", "--help", module="flowlang_tui")
    assert ran.returncode == 0
    assert "--output-file" in ran.stdout
    assert "--run FLOW" in flowlang("--help", module="flowlang_tui").stdout


@pytest.mark.parametrize("command", ["--help", "run --help", "schema", "version", "graph hello.yaml"])
def test_a_reader_that_goes_away_is_not_complained_about(project: Path, hello: Path, command: str) -> None:
    line = f'"{sys.executable}" -m flowlang {command} | true; exit ${{PIPESTATUS[0]}}'
    ran = subprocess.run(["bash", "-c", line], cwd=project, env=ENVIRONMENT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("word", ["version", "--version", "-V"])
def test_the_version_is_printed(flowlang: Command, word: str) -> None:
    assert flowlang(word).stdout == f"flowlang {__version__}\n"


def test_a_misspelt_command_is_told_with_the_near_miss(flowlang: Command) -> None:
    ran = flowlang("chekc")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "did you mean `check`?" in ran.stderr


@pytest.mark.parametrize(
    ("form", "part"),
    [("text", "limit"), ("mermaid", "flowchart"), ("dot", "digraph"), ("json", '"nodes"')],
)
def test_graph_draws_a_flow(flowlang: Command, hello: Path, form: str, part: str) -> None:
    ran = flowlang("graph", hello, "--format", form)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert part in ran.stdout


def test_graph_draws_what_can_be_read_of_a_broken_flow(flowlang: Command, project: Path) -> None:
    write(project / "broken.yaml", "flow: broken\nsteps:\n  - {task: First, id: first}\n  - {taks: Second}\n")
    ran = flowlang("graph", "broken.yaml")
    assert ran.returncode == 1
    assert "first" in ran.stdout
    assert "broken.yaml:4:" in ran.stderr


def test_graph_writes_to_a_file(flowlang: Command, hello: Path) -> None:
    ran = flowlang("graph", hello, "-o", "graph.txt")
    assert ran.stdout == ""
    assert "limit" in (hello.parent / "graph.txt").read_text()


def test_the_schema_knows_the_keys_and_the_tasks_of_the_plugins(flowlang: Command, project: Path) -> None:
    schema = json.loads(flowlang("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "steps" in schema["properties"]
    assert "sqlite_query" in json.dumps(schema)
    assert flowlang("schema", "-o", "schema.json").stdout == ""
    assert json.loads((project / "schema.json").read_text()) == schema


def test_the_schema_offers_the_connections_that_the_project_keeps(flowlang: Command, project: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(project.parent / "config")}
    flowlang("connection", "add", "Shop Database", "--url", "sqlite:///shop.db", **home)
    assert "Shop Database" in json.dumps(json.loads(flowlang("schema").stdout))
