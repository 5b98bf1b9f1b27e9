"""The workbench in a browser: shown to its own pages, on this machine alone."""

from __future__ import annotations

import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.tui.terminal import PATIENCE, Reader, terminal

pytest.importorskip("textual_serve")


@contextmanager
def served(project: Path, folder: Path) -> Iterator[str]:
    """The workbench of a project; where it is shown."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with terminal([str(project), "--serve", "--port", str(port)], folder) as one:
        one.shows(f"http://127.0.0.1:{port}")
        one.until(lambda: answers(port))
        yield f"127.0.0.1:{port}"
        one.send("\x03")
        one.ended()
        assert b"Traceback" not in one.written


def test_a_browser_shows_the_workbench(quickstart: Path, tmp_path: Path) -> None:
    with served(quickstart, tmp_path) as place:
        assert listeners(int(place.rpartition(":")[2])) <= {"0100007F"}
        with connect(f"ws://{place}/ws?width=120&height=40", additional_headers={"Origin": f"http://{place}"}) as shown:
            screen, end = Reader(120, 40), time.monotonic() + PATIENCE
            while "nothing has run yet" not in screen.text:
                message = shown.recv(end - time.monotonic())
                if isinstance(message, bytes):
                    screen.feed(message)
            assert "Project" in screen.text


def test_the_page_asks_nobody_else_for_anything(quickstart: Path, tmp_path: Path) -> None:
    with served(quickstart, tmp_path) as place:
        with urllib.request.urlopen(f"http://{place}/") as answer:
            page = answer.read().decode()
        assert "flowlang-tui is starting" in page
        assert set(re.findall(r"(?:https?|wss?)://([^/\"]+)", page)) == {place}


def test_pages_of_other_sites_get_no_workbench(quickstart: Path, tmp_path: Path) -> None:
    """A flow may do whatever its author may, and a browser connects wherever any page likes."""
    with served(quickstart, tmp_path) as place:
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://{place}/ws", additional_headers={"Origin": "http://evil.example"}).close()
        named = urllib.request.Request(f"http://{place}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(named)


def answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def listeners(port: int) -> set[str]:
    """The addresses that are listened on at a port, where the system tells."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return set()
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port}
