"""`flowlang connection`: what plugins there are, what they need, and what they write for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import flowlang
from flowlang.cli import main
from flowlang.cli.connection import COMMANDS
from flowlang.connections.discovery import BUILTINS
from tests.cli.ran import Ran
from tests.connections.sources import INIT, PROVIDER, minimal

Call = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder."""
    (tmp_path / ".flowlang").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def connection(folder: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls `flowlang connection` in the project's folder."""

    def call(*arguments: str) -> Ran:
        code = main(["connection", *arguments])
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return call


@pytest.fixture
def add_plugin(folder: Path) -> Callable[..., None]:
    """Writes a plugin into the project."""

    def add(name: str, **modules: str) -> None:
        place = folder / "plugins" / name
        place.mkdir(parents=True)
        for module, text in modules.items():
            (place / f"{module}.py").write_text(text, encoding="utf-8")

    return add


def test_every_command_explains_itself_with_an_example(connection: Call) -> None:
    assert all(command in connection("--help").out for command in COMMANDS)
    for command in COMMANDS:
        ran = connection(command, "--help")
        assert (ran.code, ran.err) == (0, "")
        assert re.search(rf"\nexamples?:\n  flowlang connection {command}", ran.out)
        assert "--json" in ran.out


def test_a_call_that_cannot_work_is_told_with_the_near_miss(connection: Call) -> None:
    assert (connection().code, connection("lst").code) == (2, 2)
    assert "did you mean `list`?" in connection("lst").err
    ran = connection("info", "sqlte")
    assert ran.code == 2
    assert "did you mean `sqlite`?" in ran.err


def test_list_shows_what_can_be_used_and_why_the_rest_cannot(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("weather", __init__=INIT, provider=PROVIDER)
    add_plugin("broken", __init__="import nothing_of_that_name\n")
    ran = connection("list")
    assert ran.code == 0
    assert "✅ sqlite" in ran.out
    assert "❌ weather" in ran.out
    assert "needs weather-client>=1.0.0: flowlang connection install weather" in ran.out
    assert "❌ broken" in ran.out
    assert "No module named 'nothing_of_that_name'" in ran.out


def test_list_as_json_has_every_fact(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("weather", __init__=INIT, provider=PROVIDER)
    rows = {row["name"]: row for row in connection("list", "--json").json}
    assert rows["sqlite"]["usable"] is True
    assert rows["sqlite"]["source"] == "built-in"
    assert "sqlite_query" in rows["sqlite"]["tasks"]
    assert rows["weather"]["missing"] == ["weather-client>=1.0.0"]
    assert rows["weather"]["source"] == "project"


def test_list_survives_a_plugin_that_fails_when_it_is_asked(connection: Call, add_plugin: Callable[..., None]) -> None:
    text = minimal("odd") + "    def get_dependencies(self):\n        raise KeyError('nothing')\n"
    add_plugin("odd", __init__=text)
    ran = connection("list")
    assert ran.code == 0
    assert "failed in check_dependencies: KeyError: 'nothing'" in ran.out


def test_info_shows_configuration_tasks_and_an_example(connection: Call) -> None:
    out = connection("info", "sqlite").out
    for part in (
        "database: Path of the file",
        "(string, required)",
        "default 5",
        "one of deferred",
        "type: sqlite",
        "sqlite_query",
    ):
        assert part in out
    assert "params? (" in out
    assert "→ rows: The rows" in out
    assert "SELECT id, total FROM orders" in out
    assert "secret" not in out


def test_info_as_json_describes_every_task(connection: Call) -> None:
    about = connection("info", "sqlite", "--json").json
    query = next(task for task in about["tasks"] if task["name"] == "sqlite_query")
    assert [argument["name"] for argument in query["arguments"]] == ["query", "params"]
    assert query["arguments"][0]["required"] is True
    assert set(query["results"]) == {"rows", "count", "columns"}
    assert about["config_schema"]["required"] == ["database"]
    assert about["capabilities"]["transactional"] is True


def test_info_of_a_broken_plugin_says_what_broke_it(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("broken", __init__="1 / 0\n")
    ran = connection("info", "broken")
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err


def test_deps_lists_requirements_and_checks_their_versions(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("weather", __init__=INIT, provider=PROVIDER)
    assert connection("deps", "sqlite").out == "aiosqlite>=0.20\n"
    met = connection("deps", "sqlite", "--check")
    assert met.code == 0
    assert met.out.startswith("✅ aiosqlite>=0.20: ")
    ran = connection("deps", "weather", "--check")
    assert (ran.code, ran.out) == (1, "❌ weather-client>=1.0.0: not installed\n")
    assert connection("deps", "weather", "--check", "--json").json == [
        {"requirement": "weather-client>=1.0.0", "installed": None, "met": False}
    ]


def test_install_prints_the_command_for_this_python(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("weather", __init__=INIT, provider=PROVIDER)
    assert connection("install", "sqlite", "--dry-run").out == "everything is installed\n"
    ran = connection("install", "weather", "--dry-run")
    assert (ran.code, ran.out) == (0, f"{sys.executable} -m pip install 'weather-client>=1.0.0'\n")
    assert connection("install", "weather", "--dry-run", "--json").json["missing"] == ["weather-client>=1.0.0"]


def test_install_never_hands_an_option_of_a_plugin_to_pip(connection: Call, add_plugin: Callable[..., None]) -> None:
    text = minimal("odd") + "    def get_dependencies(self):\n        return ['--index-url=http://evil']\n"
    add_plugin("odd", __init__=text)
    ran = connection("install", "odd", "--dry-run")
    assert (ran.code, ran.out) == (1, "")
    assert "is no package" in ran.err


def test_scaffold_prints_a_connection(connection: Call) -> None:
    ran = connection("scaffold", "sqlite", "--name", "orders")
    assert ran.out.startswith("connections:\n  orders:\n    type: sqlite\n")
    found = connection("scaffold", "sqlite", "--name", "My orders", "--json").json
    assert found["name"] == "My orders"
    assert "My orders:" in found["yaml"]


def test_scaffold_refuses_a_name_that_is_none(connection: Call) -> None:
    for name in ("a: b", "", "1", "a\nb", "x #y"):
        assert connection("scaffold", "sqlite", "--name", name).code == 2


def test_scaffold_writes_a_new_file_and_never_over_one(connection: Call, folder: Path) -> None:
    assert connection("scaffold", "sqlite", "-o", "part.yaml").code == 0
    assert (folder / "part.yaml").read_text().startswith("connections:\n  db:\n")
    ran = connection("scaffold", "sqlite", "-o", "part.yaml")
    assert ran.code == 2
    assert "part.yaml exists" in ran.err


def test_scaffold_adds_a_connection_to_a_flow_and_changes_nothing_else(connection: Call, folder: Path) -> None:
    flow = folder / "flow.yaml"
    flow.write_text("# mine\nflow: mine  # yes\nsteps:\n  - exit\n")
    ran = connection("scaffold", "sqlite", "--name", "db", "--into", "flow.yaml")
    assert (ran.code, ran.out) == (0, "flow.yaml: connection `db` added\n")
    assert flow.read_text() == (
        "# mine\nflow: mine  # yes\n"
        "connections:\n  db:\n    type: sqlite\n    database: data/db.db\n    timeout: 5\n"
        "steps:\n  - exit\n"
    )
    assert flowlang.check(flow) == []
    before = flow.read_bytes()
    again = connection("scaffold", "sqlite", "--name", "db", "--into", "flow.yaml")
    assert again.code == 2
    assert "has a connection `db` already (line 4)" in again.err
    assert flow.read_bytes() == before


def test_scaffold_tells_of_a_flow_that_is_not_there(connection: Call) -> None:
    ran = connection("scaffold", "sqlite", "--into", "none.yaml")
    assert ran.code == 2
    assert "none.yaml" in ran.err


def test_the_example_checks_clean_and_is_never_written_over_a_file(connection: Call, folder: Path) -> None:
    ran = connection("example", "sqlite", "-o", "shown")
    assert ran.code == 0
    assert ran.out == "shown/sqlite_example.yaml\nrun it with: flowlang run shown/sqlite_example.yaml\n"
    assert flowlang.check(folder / "shown" / "sqlite_example.yaml") == []
    again = connection("example", "sqlite", "-o", "shown")
    assert again.code == 2
    assert "exists" in again.err
    assert connection("example", "sqlite", "-o", "other", "--json").json == {
        "files": ["other/sqlite_example.yaml"],
        "variables": [],
    }


def test_a_plugin_that_prints_while_it_writes_disturbs_nobody(
    connection: Call, add_plugin: Callable[..., None]
) -> None:
    text = minimal("loud") + (
        "    def scaffold_example_flow(self, output_dir, connection_name='x', **kwargs):\n"
        "        from pathlib import Path\n"
        "        Path(output_dir, 'loud.yaml').write_text('flow: loud # ${env.LOUD_KEY}')\n"
        "        print('Generated!')\n"
    )
    add_plugin("loud", __init__=text)
    ran = connection("example", "loud")
    assert ran.out.splitlines() == [
        "loud.yaml", "set LOUD_KEY in the environment or in .env", "run it with: flowlang run loud.yaml"
    ]  # fmt: skip


def test_a_plugin_without_example_or_helpers_says_so(connection: Call, add_plugin: Callable[..., None]) -> None:
    add_plugin("plain", __init__=minimal("plain"))
    for command in ("example", "helpers"):
        ran = connection(command, "plain")
        assert ran.code == 1
        assert f"brings no {command.removesuffix('s')}" in ran.err


def test_helpers_are_printed_or_written(connection: Call, folder: Path) -> None:
    printed = connection("helpers", "sqlite").out
    compile(printed, "helpers", "exec")
    assert connection("helpers", "sqlite", "-o", "code").code == 0
    assert (folder / "code" / "sqlite_helpers.py").read_text() == printed
    assert connection("helpers", "sqlite", "--json").json == {"files": {"sqlite_helpers.py": printed}}


def test_the_plugins_are_those_of_the_project_around_the_current_folder(
    connection: Call, add_plugin: Callable[..., None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_plugin("weather", __init__=INIT, provider=PROVIDER)
    (folder / "flows").mkdir()
    monkeypatch.chdir(folder / "flows")
    assert "weather" in connection("list").out


@pytest.mark.parametrize("name", BUILTINS)
def test_every_command_works_for_every_plugin_in_the_box(connection: Call, folder: Path, name: str) -> None:
    about = connection("info", name, "--json").json
    assert about["name"] == name
    assert all(task["description"] and task["example"] and task["results"] for task in about["tasks"])
    assert connection("info", name).out.startswith(name)
    assert connection("deps", name, "--check").code == 0
    assert connection("install", name, "--dry-run").out == "everything is installed\n"
    (folder / "flow.yaml").write_text("flow: mine\nsteps:\n  - exit\n")
    assert connection("scaffold", name, "--name", "mine", "--into", "flow.yaml").code == 0
    assert flowlang.check(folder / "flow.yaml") == []
    assert connection("scaffold", name, "--name", "other", "--json").json["name"] == "other"
    for alias in about["aliases"]:
        assert connection("scaffold", alias).code == 0
    [example] = connection("example", name, "-o", "shown", "--name", "mine", "--json").json["files"]
    assert flowlang.check(folder / example) == []
    assert "mine" in Path(example).read_text()
    compile(connection("helpers", name).out, "helpers", "exec")
