"""A project whose connections are kept encrypted, and the commands about them."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowlang.cli import main
from tests.cli.stored.commands import CANARY, FLOW, QUOTED, Command, Ran


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is an empty project, and keys lie beside it."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "flowlang.yaml").touch()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FLOWLANG_KEY", raising=False)
    for variable in ("DATABASE_URL", "REDIS_URL", "PGHOST", "PGPASSWORD", "PGDATABASE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture
def connection(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls `flowlang connection`; no secret may ever be in what it says unless `reveals` is given."""

    def call(*words: str, stdin: str = "", reveals: bool = False, **env: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        code = main(["connection", *words])
        ran = Ran(code, *capsys.readouterr())
        assert reveals or not any(form in ran.out + ran.err for form in (CANARY, QUOTED, "nary"))
        return ran

    return call


@pytest.fixture
def shop(connection: Command, project: Path) -> Path:
    """A project with a database, a connection to it and a flow that uses it twice."""
    with closing(sqlite3.connect(project / "shop.db")) as database:
        database.execute("create table place (name)")
        database.commit()
    (project / "orders.yaml").write_text(FLOW)
    assert connection("add", "Shop Database", "--url", "sqlite:///shop.db").code == 0
    return project
