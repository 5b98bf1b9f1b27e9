"""What a test run leaves behind, and what it says when there is no server: pytest runs within these tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANG = """
import threading
def test_hang(redis_server):
    print(redis_server.folder, redis_server.port, flush=True)
    threading.Event().wait()
"""


def command(file: Path, text: str) -> list[str]:
    file.write_text(text)
    options = [
        "-p",
        "tests.services.fixtures",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(file.parent),
    ]
    return [sys.executable, "-m", "pytest", "-q", "-s", "-rs", *options, str(file)]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("FLOWLANG_TEST_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **changes}


def run(file: Path, text: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(file, text), env=environment(**changes), capture_output=True, text=True, timeout=60, cwd=ROOT
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_run_is_interrupted_or_killed(
    end: signal.Signals, tmp_path: Path, redis_url: str
) -> None:
    tests = subprocess.Popen(
        command(tmp_path / "test_hang.py", HANG),
        env=environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    try:
        assert tests.stdout is not None
        folder, port = tests.stdout.readline().split()
        assert Path(folder).parent == tmp_path
        assert accepts_connections(int(port))
        tests.send_signal(end)
        # The keeper writes its errors here too, so this ends when the keeper has ended.
        tests.stdout.read()
    finally:
        tests.kill()
        tests.communicate()
    assert not Path(folder).exists()
    assert not accepts_connections(int(port))


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_given_url_takes_the_place_of_the_server(tmp_path: Path) -> None:
    text = "def test_it(redis_url): assert redis_url == 'redis://elsewhere/0'"
    assert run(tmp_path / "test_url.py", text, FLOWLANG_TEST_REDIS_URL="redis://elsewhere/0").returncode == 0


def test_without_a_server_tests_are_skipped_and_say_how_to_get_one(tmp_path: Path) -> None:
    ended = run(tmp_path / "test_skip.py", "def test_it(mysql_url): pass", PATH=str(tmp_path))
    assert ended.returncode == 0
    assert "mariadb-install-db is not installed" in ended.stdout
    assert "mariadb-server-core" in ended.stdout
    assert "FLOWLANG_TEST_MYSQL_URL" in ended.stdout


def test_without_a_server_tests_fail_in_continuous_integration(tmp_path: Path) -> None:
    ended = run(tmp_path / "test_skip.py", "def test_it(mysql_url): pass", CI="true", PATH=str(tmp_path))
    assert ended.returncode == 1
    assert "mariadb-install-db is not installed" in ended.stdout


def test_only_servers_that_a_selected_test_asks_for_are_started(tmp_path: Path, redis_url: str) -> None:
    text = """
import os
def test_one(redis_url): print("folders:", *sorted(name.split("-")[1] for name in os.listdir(os.environ["TMPDIR"])))
def test_two(mysql_url): pass
"""
    file = tmp_path / "test_lazy.py"
    (folders := tmp_path / "folders").mkdir()
    ended = subprocess.run(
        [*command(file, text), "-k", "one"],
        env=environment(TMPDIR=str(folders)),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert "folders: redis\n" in ended.stdout
