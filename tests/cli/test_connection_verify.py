"""`flowlang connection verify`: the contract for plugins on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowlang.cli import main
from tests.connections.sources import INIT, PROVIDER, minimal


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder."""
    (tmp_path / ".flowlang").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add_plugin(folder: Path, name: str, **modules: str) -> None:
    place = folder / "plugins" / name
    place.mkdir(parents=True)
    for module, text in modules.items():
        (place / f"{module}.py").write_text(text, encoding="utf-8")


def test_a_plugin_in_the_box_passes_with_a_server(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "verify", "sqlite", "--url", "sqlite:///verify.db"]) == 0
    out = capfd.readouterr().out
    assert "✅ the example flow runs, twice" in out
    assert "❌" not in out
    assert out.splitlines()[-1].startswith("sqlite: ")
    assert "0 failed" in out.splitlines()[-1]


def test_without_a_server_the_rest_is_checked_and_told(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "verify", "sqlite"]) == 0
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.endswith("; --url URL adds those that need a server")


def test_a_plugin_of_the_project_is_told_what_it_lacks(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    add_plugin(folder, "weather", __init__=INIT, provider=PROVIDER)
    assert main(["connection", "verify", "weather", "--set", "api_key=wk_1", "--json"]) == 1
    report = json.loads(capfd.readouterr().out)
    checks = {check["name"]: check for check in report["checks"]}
    assert report["ok"] is False
    assert report["counts"]["ok"] > 40
    assert checks["every property is described"]["status"] == "failed"
    assert "api_key" in checks["every property is described"]["message"]
    assert checks["everything but connecting works without the driver"]["status"] == "ok"
    assert checks["without the driver connecting says what is missing"]["status"] == "ok"
    assert checks["a configuration that fits is taken"]["status"] == "ok"


def test_a_plugin_that_breaks_everything_is_told_so_and_breaks_nothing(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = minimal("odd", description=3, version=None, category=[]) + (
        "    def validate_config(self, config):\n        raise SystemError('no')\n"
        "    def get_info(self):\n        return None\n"
        "    def scaffold_connection_config(self, name='x', **kwargs):\n        return 7\n"
    )
    add_plugin(folder, "odd", __init__=text)
    assert main(["connection", "verify", "odd", "--json"]) == 1
    out, err = capfd.readouterr()
    report = json.loads(out)
    assert report["counts"]["failed"] > 5
    assert "Traceback" not in out + err


def test_a_url_that_is_none_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "verify", "sqlite", "--url", "verify.db"]) == 2
    assert main(["connection", "verify", "sqlite", "--set", "database"]) == 2
