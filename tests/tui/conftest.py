"""What the tests of the terminal application may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.opening import copy_sample
from tests.tui.unseen import paint_nothing, read_styles_once
from tests.tui.waiting import ask_the_busy


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the workbench remembers, and what a person set, is the test's own."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def seen() -> None:
    """The screen is painted after every change: for tests of the painting itself."""


@pytest.fixture(autouse=True)
def unseen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is painted on a screen that nobody sees; a test that looks at one has it painted then."""
    if "seen" not in request.fixturenames:
        paint_nothing(monkeypatch)


@pytest.fixture(autouse=True)
def styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """No style sheet is read twice."""
    read_styles_once(monkeypatch)


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only widgets that have something to do are waited for."""
    ask_the_busy(monkeypatch)


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """The project `quickstart`, to be changed."""
    return copy_sample("quickstart", tmp_path / "quickstart")
