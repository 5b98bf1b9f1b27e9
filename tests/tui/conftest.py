"""What the tests of the terminal application may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.opening import copy_sample


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the workbench remembers, and what a person set, is the test's own."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """The project `quickstart`, to be changed."""
    return copy_sample("quickstart", tmp_path / "quickstart")
