"""The page that draws a flow: it needs nothing from elsewhere, and text of the flow is text in it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from flowlang.server.graph_page import graph_page
from flowlang.server.hosting import Hosting

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'};alert(1)//", "{title} {{x}} </p>"]
FLOW = """
flow: Hostile
description: {}
steps:
  - {{task: '{}', id: first}}
  - {{task: '{}', id: second, on_error: [{{task: '{}', id: mended}}]}}
  - parallel: [{{task: '{}', id: beside}}, {{exit: , id: ended}}]
  - if: true
    then: [{{exit: , id: within}}]
    else: [{{exit: , id: otherwise}}]
  - switch: 1
    cases: [{{when: 1, do: [{{exit: , id: case_one}}]}}, {{default: [{{exit: , id: case_two}}]}}]
  - for_each: [1]
    do: [{{exit: , id: each_one}}]
finally:
  - {{exit: , id: at_last}}
"""
TASKS = f"""
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()
    for name in {HOSTILE!r}:
        @registry.register(name)
        async def nothing():
            pass
    return registry
"""


class Page(HTMLParser):
    """What a browser reads: elements that are closed in order, and what they refer to."""

    EMPTY = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.steps: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href"), (tag, value)
            assert not name.startswith("on"), (tag, name, value)
            if name == "data-step":
                self.steps.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["script"]:
            self.text += data


@pytest.fixture
def page(tmp_path: Path) -> str:
    (tmp_path / "flow.py").write_text(TASKS)
    first, second, third, fourth = (text.replace("'", "''") for text in HOSTILE)
    described = "</script><h1>'{0}'</h1>"
    text = FLOW.format('"' + described + '"', first, second, third, fourth)
    (tmp_path / "flow.yaml").write_text(text)
    hosting = Hosting(tmp_path)
    hosting.load()
    assert not hosting.problems
    return graph_page(hosting.flows["Hostile"])


def test_every_step_is_drawn_and_text_of_the_flow_is_only_text(page: str) -> None:
    read = Page(page)
    assert read.open == []
    assert not read.tags & {"img", "link", "iframe", "form"}
    names = "first second mended parallel beside ended if_1 within otherwise switch case_one case_two for_each"
    assert read.steps == [*names.split(), "each_one", "at_last"]
    for text in (*HOSTILE, "</script><h1>'{0}'</h1>"):
        assert text in read.text


def test_only_its_own_script_runs_and_asks_its_own_server_only(page: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'; connect-src 'self'" in page
    assert "default-src 'none'" in page
    assert "http:" not in page
    assert "https:" not in page


def test_its_script_is_one_that_browsers_read(page: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here to read it")
    script = tmp_path / "page.js"
    script.write_text(page.split("<script>")[1].split("</script>")[0], encoding="utf-8")
    read = subprocess.run([node, "--check", str(script)], capture_output=True, text=True)
    assert (read.returncode, read.stderr) == (0, "")
