"""The commands as a person or a CI job calls them: in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Ran = subprocess.CompletedProcess[str]
Command = Callable[..., Ran]

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PYTHONWARNINGS")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project in a folder with a space in its name."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "flowlang.yaml").touch()
    return folder


@pytest.fixture
def flowlang(project: Path) -> Command:
    """Calls `flowlang` in the project's folder and waits for its end."""

    def call(*arguments: str | Path, stdin: str = "", module: str = "flowlang", **more: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=project,
            env=ENVIRONMENT | more,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
        )

    return call


@pytest.fixture
def hello(project: Path) -> Path:
    """A flow without tasks that greets."""
    return write(
        project / "hello.yaml",
        """\
        flow: hello
        inputs:
          - {name: name, type: string, default: world}
          - {name: times, type: integer, default: 1}
        steps:
          - if: ${inputs.times > 100}
            id: limit
            then:
              - exit: {reason: too often}
        outputs:
          greeting: hello ${inputs.name}
          times: ${inputs.times}
        """,
    )


def write(path: Path, text: str) -> Path:
    """Write a file whose text is indented as the test is."""
    from textwrap import dedent

    path.write_text(dedent(text), encoding="utf-8")
    return path
