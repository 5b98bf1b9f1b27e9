"""The distribution holds what it should, and the scripts set it up anywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir())

with open(ROOT / "pyproject.toml", "rb") as file:
    PROJECT: dict[str, Any] = tomllib.load(file)["project"]

CORE = [Requirement(text) for text in PROJECT["dependencies"]]
MODULES = {"pyyaml": "yaml"}


def minimum(requirement: Requirement) -> str:
    return next(spec.version for spec in requirement.specifier if spec.operator == ">=")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "flowlang",
        "flowlang_plugins",
        "flowlang_themes",
        "flowlang_tui",
    }


def test_the_wheel_holds_every_module_of_the_tree(wheel: zipfile.ZipFile) -> None:
    tree = {
        str(path.relative_to(ROOT / top))
        for top, package in (
            ("engine", "flowlang"),
            ("plugins", "flowlang_plugins"),
            ("themes", "flowlang_themes"),
            (".", "flowlang_tui"),
        )
        for path in (ROOT / top / package).rglob("*.py")
    }
    assert tree - set(wheel.namelist()) == set()


def test_the_wheel_brings_both_commands_the_licence_and_the_types(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    commands = wheel.read(entry_points).decode()
    assert "flowlang = flowlang.cli:main" in commands
    assert "flowlang-tui = flowlang_tui.cli:main" in commands
    assert "flowlang/py.typed" in wheel.namelist()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_extras_are_there_and_all_is_all_of_them_but_what_tests_need() -> None:
    extras = PROJECT["optional-dependencies"]
    users = {"postgres", "mysql", "mongodb", "redis", "server", "distributed", "serve"}
    assert set(extras) == users | {"all", "dev", "test-servers"}
    (everything,) = extras["all"]
    assert Requirement(everything).extras == users


@pytest.mark.parametrize("requirement", CORE, ids=lambda requirement: requirement.name)
def test_a_core_dependency_has_a_minimum_and_imports(requirement: Requirement) -> None:
    assert version(requirement.name) in requirement.specifier
    assert minimum(requirement)
    import_module(MODULES.get(requirement.name, requirement.name))


@pytest.mark.skipif(
    "FLOWLANG_TEST_MINIMUMS" not in os.environ,
    reason="downloads the oldest versions that pyproject.toml allows; FLOWLANG_TEST_MINIMUMS=1 runs it",
)
def test_a_flow_runs_with_the_oldest_versions_that_are_allowed(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    oldest = [f"{requirement.name}=={minimum(requirement)}" for requirement in CORE]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *oldest, "--editable", str(ROOT)], check=True, capture_output=True)
    flow = tmp_path / "flow.yaml"
    flow.write_text(
        "flow: oldest\n"
        "connections:\n  db: {type: sqlite, database: ':memory:'}\n"
        "steps:\n  - sqlite_query: {id: one, query: select 1 as number}\n"
        "outputs:\n  number: ${one.rows[0].number}\n"
    )
    ran = subprocess.run([python, "-m", "flowlang", "run", str(flow)], capture_output=True, text=True)
    assert '"number": 1' in ran.stdout, ran.stderr
    imports = "; ".join(f"import {MODULES.get(requirement.name, requirement.name)}" for requirement in CORE)
    subprocess.run([python, "-c", imports], check=True)


@pytest.mark.parametrize("name", [*(f"scripts/{script}" for script in SCRIPTS), ".ci/run"])
def test_a_script_can_be_called_and_is_valid_bash(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert re.search(r"^scripts/test\b", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert re.search(r"^scripts/test\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the install script in it, and a PATH with only what it needs beside Python."""
    folder = tmp_path / "a clone with spaces"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "install", folder / "scripts" / "install")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "bin").mkdir()
    for tool in ("bash", "cat", "cksum", "dirname", "env", "grep", "id", "rm"):
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return folder


def executable(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{body}\n")
    path.chmod(0o755)


def install(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(clone / "scripts" / "install"), *arguments],
        cwd="/",
        env={"PATH": str(clone / "bin")},
        capture_output=True,
        text=True,
    )


def test_install_says_what_to_do_when_python_is_too_old(clone: Path) -> None:
    executable(clone / "bin" / "python3", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    ran = install(clone)
    assert ran.returncode == 1
    assert "no Python 3.11 or newer" in ran.stderr
    assert "Python 3.9.2" in ran.stderr
    assert "apt-get install python3 python3-venv" in ran.stderr


def test_install_names_the_package_that_debian_keeps_apart(clone: Path) -> None:
    body = 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac'
    executable(clone / "bin" / "python3", body)
    ran = install(clone)
    assert ran.returncode == 1
    assert "sudo apt-get install python3.11-venv" in ran.stderr


def test_install_does_nothing_when_nothing_changed(clone: Path) -> None:
    executable(clone / ".venv" / "bin" / "python", "exit 1")
    with open(clone / "pyproject.toml") as file:
        checksum = subprocess.run(["cksum"], stdin=file, capture_output=True, text=True, check=True).stdout
    (clone / ".venv" / ".ready-dev").write_text(f"{clone} {checksum}")
    for arguments in ([], ["--no-dev"]):
        ran = install(clone, *arguments)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_install_refuses_options_that_it_does_not_know(clone: Path) -> None:
    ran = install(clone, "--fast")
    assert ran.returncode == 2
    assert "usage: scripts/install" in ran.stderr
