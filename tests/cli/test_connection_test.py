"""`flowlang connection test`: by URL, by the name in a flow, by the name in the project."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flowlang.cli import main
from flowlang.connections.activity import Activity
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import Store
from tests.cli.conftest import write

Test = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a database, which is the current folder; its key is in the environment."""
    from cryptography.fernet import Fernet

    monkeypatch.setenv("FLOWLANG_KEY", Fernet.generate_key().decode())
    (tmp_path / ".flowlang").mkdir()
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("CREATE TABLE orders (id)")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tested(shop: Path, capfd: pytest.CaptureFixture[str]) -> Test:
    """Calls `flowlang connection test` in the project's folder: its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["connection", "test", *arguments])
        told = capfd.readouterr()
        return code, told.out, told.err

    return call


def test_a_url_is_tested_stage_by_stage(tested: Test) -> None:
    code, out, err = tested("sqlite:///shop.db")
    assert (code, err) == (0, "")
    assert [line.split()[1] for line in out.splitlines()[:6]] == [
        "resolve", "reach", "tls", "authenticate", "authorise", "latency"
    ]  # fmt: skip
    assert "✅ authorise" in out
    assert "tables: 1" in out
    assert out.splitlines()[-1] == "sqlite:///shop.db (sqlite) can be used"


def test_a_stage_that_fails_is_named_with_what_to_try(tested: Test, shop: Path) -> None:
    (shop / "text.db").write_text("no database, " * 100)
    code, out, _ = tested("sqlite:///text.db")
    assert code == 1
    assert "❌ authorise" in out
    assert "\n   the file is no SQLite database, or it is encrypted\n" in out
    assert "authorise failed" in out.splitlines()[-1]


def test_the_report_as_json(tested: Test) -> None:
    report = json.loads(tested("sqlite:///shop.db", "--json")[1])
    assert report["ok"] is True
    assert report["type"] == "sqlite"
    assert len(report["stages"]) == 6


def test_a_connection_of_a_flow_is_tested_as_a_run_would_open_it(tested: Test, shop: Path) -> None:
    (shop / "flows").mkdir()
    write(shop / "flows" / ".env", "SHOP=../shop.db\n")
    write(
        shop / "flows" / "orders.yaml",
        """\
        flow: orders
        inputs:
          - {name: folder, default: ".."}
        connections:
          db: {type: sqlite, database: "${env.SHOP}", read_only: true}
          other: {type: sqlite, database: "${inputs.folder}/shop.db"}
          unset: {type: sqlite, database: "${env.NOBODY_SET_THIS}"}
          kept: {use: Shop DB}
        steps:
          - task: Anything
        """,
    )
    for name in ("db", "other"):
        code, out, _ = tested(name, "--flow", "flows/orders.yaml")
        assert (code, "tables: 1" in out) == (0, True), name
    code, _, err = tested("unset", "--flow", "flows/orders.yaml")
    assert code == 2
    assert "NOBODY_SET_THIS" in err
    code, _, err = tested("dbb", "--flow", "flows/orders.yaml")
    assert code == 2
    assert "did you mean `db`?" in err
    Store(shop).add(ProjectConnection(connection_type="sqlite", name="Shop DB", config={"database": "shop.db"}))
    assert tested("kept", "--flow", "flows/orders.yaml")[0] == 0


def test_a_connection_of_the_project_is_tested_and_that_is_remembered(tested: Test, shop: Path) -> None:
    store = Store(shop)
    record = store.add(ProjectConnection(connection_type="sqlite", name="Shop DB", connection_url="sqlite:///shop.db"))
    code, out, _ = tested("Shop DB")
    assert code == 0
    assert out.splitlines()[-1] == "Shop DB (sqlite) can be used"
    (shop / "shop.db").write_text("no database, " * 100)
    assert tested("Shop DB", "--json")[0] == 1
    health = Activity(shop).tests(record.id)
    assert [test.ok for test in health] == [False, True]
    assert health[0].stage == "authorise"


def test_a_name_that_nothing_has_is_told_with_the_near_miss(tested: Test, shop: Path) -> None:
    Store(shop).add(ProjectConnection(connection_type="sqlite", name="Shop DB", config={"database": "shop.db"}))
    code, out, err = tested("Shop BD")
    assert (code, out) == (2, "")
    assert "did you mean `Shop DB`?" in err


def test_a_password_in_a_url_is_never_shown(tested: Test) -> None:
    code, out, err = tested("nothing://ada:sw0rdfish@host/db")
    assert code == 2
    assert "sw0rdfish" not in out + err


def test_a_url_can_come_from_stdin(tested: Test, monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    monkeypatch.setattr("sys.stdin", StringIO("sqlite:///shop.db\n"))
    assert tested("-")[0] == 0


def test_a_timeout_that_is_none_is_refused(tested: Test) -> None:
    assert tested("sqlite:///shop.db", "--timeout", "soon")[0] == 2
    assert tested("sqlite:///shop.db", "--timeout", "500ms")[0] == 0
