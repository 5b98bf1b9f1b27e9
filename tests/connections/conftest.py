"""A project with a plugin of its own, in the shape in which people write them, and one with a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from flowlang.connections.store import Store
from tests.connections.sources import CLIENT, INIT, PROVIDER, WritePlugin


@pytest.fixture
def plugin_folder(tmp_path: Path) -> WritePlugin:
    """Writes `<project>/plugins/<name>/` from the text of its files."""

    def write(name: str, project: Path | None = None, **files: str) -> Path:
        folder = (project or tmp_path) / "plugins" / name
        folder.mkdir(parents=True, exist_ok=True)
        for module, text in files.items():
            (folder / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def weather(tmp_path: Path, plugin_folder: WritePlugin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the weather plugin, and the client of the service importable."""
    plugin_folder("weather", __init__=INIT, provider=PROVIDER)
    clients = tmp_path / "site"
    clients.mkdir()
    (clients / "weather_client.py").write_text(CLIENT, encoding="utf-8")
    monkeypatch.syspath_prepend(str(clients))
    yield tmp_path
    sys.modules.pop("weather_client", None)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose keys lie in a folder of the test."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def store(tmp_path: Path, env: dict[str, str]) -> Store:
    """The store of an empty project."""
    root = tmp_path / "project"
    root.mkdir()
    return Store(root, env)
