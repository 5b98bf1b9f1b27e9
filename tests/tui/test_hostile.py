"""Texts that would steer a terminal, files that are no flows, tasks that behave badly: the workbench stays usable."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import pytest
from rich.segment import Segment
from textual.widgets import Input

from flowlang_tui.app import WorkbenchApp
from flowlang_tui.arrangement import PANES
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.conflict import Conflict
from flowlang_tui.screens.run_form import RunForm
from flowlang_tui.screens.workbench import Workbench
from tests.tui.opening import Opened, opened
from tests.tui.unseen import painted

#: Markup of Rich and Textual, colours and the clipboard of the terminal, letters that turn the reading direction.
EVIL = "[@click=app.quit]q[/][red]r[$error]\x1b[31m\x1b]52;c;aGk=\x07\u202eb\u200b\x9b2J"
#: What is left of it to be seen.
SEEN = "[@click=app.quit]q[/][red]r[$error]␛[31m␛]52;c;aGk=␇\\u202eb\\u200b\\u009b2J"

#: A file that is called so.
NAME = f"{EVIL[:16]}\x1b[2m\n x.txt"

TASKS = f"""
from flowlang import TaskRegistry

EVIL = {EVIL!r}


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Tell")
    def tell(text: str) -> dict:
        print(EVIL)
        return {{"rows": [{{"name": text, EVIL: EVIL}}], "text": EVIL}}

    @registry.register("Break")
    def fail() -> None:
        raise ValueError(EVIL)

    return registry
"""

FLOW = """\
flow: Evil
description: {evil}
inputs:
  - {{name: who, type: string, description: {evil}, default: {evil}}}
  - {{name: kind, type: string, enum: [{evil}, other], default: other}}
steps:
  - {{task: Tell, id: tell, inputs: {{text: "${{inputs.who}}"}}}}
  - {{task: Break, id: broken, description: {evil}}}
"""


def segments(one: Opened) -> Iterator[Segment]:
    """What is on the screen."""
    for line in painted(one.app.screen):
        yield from line


def shown(one: Opened) -> str:
    """The text of the whole screen, line by line."""
    return "\n".join(line.text for line in painted(one.app.screen))


def is_harmless(one: Opened) -> bool:
    """Whether nothing that is shown steers the terminal, or can be clicked besides what the workbench offers itself."""
    found = list(segments(one))
    clicks = {str(segment.style.meta.get("@click", "")) for segment in found if segment.style is not None}
    assert {click for click in clicks if "quit" in click} == set()
    assert re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", "".join(one.text for one in found)) is None
    return True


@asynccontextmanager
async def opened_unchecked(path: Path) -> AsyncIterator[Opened]:
    """The workbench with its messages, on a project whose first flow may never be checked."""
    app = WorkbenchApp(path)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await pilot.pause()
        yield Opened(app, pilot)


def quoted(text: str) -> str:
    return '"' + "".join(c if c.isascii() and c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    folder = tmp_path / f"p{EVIL[:20].replace('/', '')}"
    (folder / "[red]sub\x1b[1m").mkdir(parents=True)
    (folder / "flow.yaml").write_text(FLOW.format(evil=quoted(EVIL)))
    (folder / "flow.py").write_text(TASKS)
    (folder / NAME).write_text(EVIL)
    (folder / "[red]sub\x1b[1m" / "[b]in\x07ner.yaml").write_text(f"flow: {quoted(EVIL)}\nsteps: []\nnope{EVIL}: 1\n")
    return folder


async def test_text_of_others_is_shown_as_it_is_in_every_pane(evil: Path) -> None:
    async with opened(evil, size=(200, 60)) as one:
        await one.press("ctrl+r")
        await one.over()
        for pane in PANES:
            one.screen.show_pane(pane)
            await one.pilot.pause()
            assert is_harmless(one), pane
        one.screen.show_pane("explorer")
        await one.pilot.pause()
        assert "[red]sub␛[1m" in shown(one)
        assert "[b]in␇ner.yaml" in shown(one)
        assert "[@click=app.quit]q[/][red]r" in one.status
        one.screen.show_pane("logs")
        await one.press("alt+z")
        assert SEEN in shown(one)
        one.screen.show_pane("inspector")
        await one.pilot.pause()
        assert "[@click=app.quit]q[/][red]r" in shown(one)
        assert is_harmless(one)


async def test_text_of_others_is_shown_as_it_is_in_dialogs_and_messages(evil: Path) -> None:
    name = evil / NAME
    async with opened_unchecked(evil) as one:
        screen = one.screen
        screen.tell(EVIL, "error")
        await one.until(lambda: "[red]r[$error]␛[31m" in shown(one))
        assert is_harmless(one)
        screen._delete(name)
        await one.until(lambda: isinstance(one.app.screen, Confirm) and "Delete [@click" in shown(one))
        assert is_harmless(one)
        await one.press("escape")
        screen._rename(name)
        await one.until(lambda: "New name of [@click" in shown(one))
        await one.pilot.press("x", "slash")
        await one.pilot.pause()
        assert is_harmless(one)
        await one.press("escape")
        await one.press("alt+r")
        await one.until(lambda: isinstance(one.app.screen, RunForm) and "[red]r" in shown(one))
        assert is_harmless(one)
        await one.press("escape", "ctrl+o")
        await one.until(lambda: "[b]in␇ner.yaml" in shown(one))
        assert is_harmless(one)
        await one.press("escape", "ctrl+p")
        await one.pilot.press(*"inner")
        await one.until(lambda: "Open: [red]sub" in shown(one))
        assert is_harmless(one)
        await one.press("escape")
        screen.open_file(name)
        screen.editor.code.replace_text("mine")
        await one.pilot.pause()
        name.write_text(EVIL + "theirs")
        one.app.session.changed([name])
        await one.until(lambda: isinstance(one.app.screen, Conflict) and "theirs" in shown(one))
        assert is_harmless(one)


FILES = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "nothing but a control character": b"\x00",
    "no map": b"- a\n- b\n",
    "deeply nested": b"[" * 100_000,
    "utf-16": "flow: A\nsteps: []\n".encode("utf-16"),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
async def test_a_file_that_is_no_flow_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "flow.yaml").write_bytes(content)
    async with opened_unchecked(tmp_path) as one:
        await one.press("ctrl+r")
        await one.until(lambda: "not run" in one.status or one.app._notifications)
        assert not one.app.session.runs.records
        assert isinstance(one.app.screen, Workbench)


async def test_large_files_are_opened_and_edited(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("[\n" + '  {"a": 1},\n' * 100_000 + "  0\n]\n")
    steps = "".join(f"  - {{task: noop, id: s{n}}}\n" for n in range(3_000))
    (tmp_path / "flow.yaml").write_text(f"flow: Long\nsteps:\n{steps}")
    async with opened(tmp_path) as one:
        one.screen.editor.go(2000)
        await one.press("end", "space", "x")
        assert one.screen.editor.code.text.split("\n")[1999].endswith(" x")
        one.screen.open_file(tmp_path / "data.json")
        await one.press("ctrl+end")
        assert one.screen.editor.code.cursor_location[0] > 100_000


async def test_strange_names_and_things_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").mkdir()
    (tmp_path / "a flow.yaml").write_text("flow: Spaced\nsteps: [{exit: {}}]\n")
    (tmp_path / "two\nlines.yaml").write_text("flow: Lines\nsteps: [{exit: {}}]\n")
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "gone")
    async with opened_unchecked(tmp_path) as one:
        for name in ("nowhere.yaml", "flow.yaml"):
            one.screen.open_file(tmp_path / name)
            await one.until(lambda: one.app._notifications)
            one.app.clear_notifications()
        for runs, name in enumerate(("a flow.yaml", "two\nlines.yaml"), 1):
            one.screen.open_file(tmp_path / name)
            await one.checked()
            await one.press("ctrl+r")
            await one.over(runs)
            assert one.app.session.runs.records[-1].status in ("succeeded", "terminated")
        assert is_harmless(one)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A project in a folder that nothing may be written into, with a file that may not be read."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "flow.yaml").write_text("flow: A\nsteps: [{exit: {}}]\n")
    (folder / "secret.yaml").write_text("flow: B\nsteps: []\n")
    (folder / "secret.yaml").chmod(0)
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
async def test_what_may_not_be_read_or_written_is_told(locked: Path) -> None:
    async with opened(locked) as one:
        one.screen.open_file(locked / "secret.yaml")
        await one.until(lambda: any("cannot be read" in n.message for n in one.app._notifications))
        one.screen.editor.code.replace_text("flow: C\nsteps: [{exit: {}}]\n")
        await one.press("ctrl+s")
        await one.until(lambda: any("cannot be written" in n.message for n in one.app._notifications))
        assert one.screen.editor.code.text.startswith("flow: C")


async def test_a_screen_of_a_few_cells_and_back(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        before = shown(one)
        for size in ((20, 5), (1, 1), (80, 24), (300, 100), (160, 45)):
            await one.pilot.resize_terminal(*size)
            await one.pilot.pause()
            await one.press("alt+l", "alt+e")
        one.screen.editor.go(1)
        await one.until(lambda: shown(one).split("\n")[1:20] == before.split("\n")[1:20])


async def test_ctrl_c_says_how_to_leave(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        one.screen.show_pane("graph")
        await one.press("ctrl+c")
        await one.until(lambda: any("^q" in told.message for told in one.app._notifications))
        assert one.app.is_running


BAD_TASKS = """
import sys, time
from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Block")
    async def block() -> None:
        for _ in range(600):
            if GO.is_set():
                return
            time.sleep(0.02)

    @registry.register("Print")
    def tell() -> None:
        for number in range(3_000):
            print("line", number)

    @registry.register("Leave")
    def leave() -> None:
        sys.exit(3)

    return registry
"""


def bad(tmp_path: Path, task: str) -> Path:
    (tmp_path / "flow.py").write_text(f"from tests.tui.test_hostile import GO\n{BAD_TASKS}")
    (tmp_path / "flow.yaml").write_text(f"flow: Bad\nsteps: [{{task: {task}, id: bad}}]\n")
    return tmp_path


#: Lets the task go that blocks.
GO = Event()


async def test_while_a_task_blocks_keys_work_and_cancelling_says_so(tmp_path: Path) -> None:
    GO.clear()
    async with opened(bad(tmp_path, "Block")) as one:
        await one.press("ctrl+r")
        await one.until(lambda: one.app.session.runs.active is not None)
        one.screen.editor.go(1)
        await one.press("end", "x")
        assert one.screen.editor.code.text.startswith("flow: Badx")
        await one.press("ctrl+t")
        await one.until(lambda: "cancelling" in one.status)
        await one.until(lambda: any("still ending" in told.message for told in one.app._notifications))
        GO.set()
        await one.over()
        assert "cancelling" not in one.status


async def test_two_runs_one_right_after_the_other(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        await one.press("ctrl+r", "ctrl+r", "ctrl+r")
        await one.until(lambda: not one.app.session.runs.is_busy)
        statuses = [record.status for record in one.app.session.runs.records]
        assert statuses[-1] == "succeeded"
        assert set(statuses[:-1]) <= {"cancelled", "succeeded"}


async def test_what_a_task_prints_goes_into_the_log(tmp_path: Path) -> None:
    async with opened(bad(tmp_path, "Print")) as one:
        await one.press("ctrl+r")
        await one.over()
        await one.until(lambda: len(one.screen.logs.view.store) > 3_000)
        assert "line 2999" in shown(one)


async def test_a_task_that_exits_ends_its_step_and_not_the_workbench(tmp_path: Path) -> None:
    async with opened(bad(tmp_path, "Leave")) as one:
        await one.press("ctrl+r")
        await one.over()
        assert "✗ Bad failed" in one.status
        assert one.app.is_running
        await one.press("alt+l")
        assert not isinstance(one.app.focused, Input)
