"""The program as a person has it: started from a shell, in a terminal, with bytes for keys."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import PATIENCE, Terminal, surroundings, terminal

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")

CTRL_C, CTRL_G, CTRL_L, CTRL_P, CTRL_Q, CTRL_R = "\x03", "\x07", "\x0c", "\x10", "\x11", "\x12"
ESC = "\x1b"

ALTERNATE_SCREEN, CURSOR_SHOWN, PASTE_BRACKETS, FOCUS = 1049, 25, 2004, 1004
MOUSE = {1000, 1003, 1006, 1015}


@pytest.fixture
def started(quickstart: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The workbench with a project, painted."""
    with terminal([str(quickstart)], tmp_path) as one:
        painted(one)
        yield one


def painted(one: Terminal) -> None:
    one.shows("flow: OrderReport", "ReadOrders", "nothing has run yet", "sqlite")


def stays(one: Terminal) -> None:
    """Ask something of the program that only a living one answers."""
    one.send(CTRL_R)
    one.shows("OrderReport succeeded")


def restored(one: Terminal) -> bool:
    return ALTERNATE_SCREEN not in one.screen.modes and not one.screen.modes & (MOUSE | {PASTE_BRACKETS, FOCUS})


def test_open_run_edit_from_outside_resize_and_quit(quickstart: Path, tmp_path: Path) -> None:
    with terminal([str(quickstart)], tmp_path) as one:
        before = one.attributes
        painted(one)
        assert ALTERNATE_SCREEN in one.screen.modes
        assert one.attributes != before

        one.send(CTRL_R)
        one.until(lambda: "✓ OrderReport succeeded" in one.screen.lines[0])

        one.send(CTRL_L)
        one.until(lambda: "watching" in one.screen.lines[0])
        flow = quickstart / "flow.yaml"
        flow.write_text(flow.read_text().replace("flow: OrderReport", "flow: ChangedElsewhere"))
        one.until(lambda: "✓ ChangedElsewhere succeeded" in one.screen.lines[0])
        one.shows("flow: ChangedElsewhere")

        one.resize(80, 24)
        # all panes in one title: they take turns
        one.until(lambda: "Connections" in one.screen.lines[1] and "Help" in one.screen.lines[-1])
        one.send(f"{ESC}g")
        one.shows("by_region", "sold")

        one.send(CTRL_Q)
        assert one.ended() == 0
        assert restored(one)
        assert CURSOR_SHOWN in one.screen.modes
        assert one.attributes == before
        assert b"Traceback" not in one.written


def test_a_letter_with_alt_is_a_key_and_leaves_no_letter_in_the_text(started: Terminal, quickstart: Path) -> None:
    started.send(f"{ESC}r")
    started.shows("Run flow.yaml", "orders_file", "max_rejected")
    started.send(CTRL_R)
    started.shows("OrderReport succeeded")
    assert "rflow: OrderReport" not in started.screen.text
    started.send(CTRL_Q)
    assert started.ended() == 0, "with changes it would have asked"


def test_ctrl_c_ends_nothing(started: Terminal) -> None:
    started.send(CTRL_C)
    stays(started)
    started.send(CTRL_C + CTRL_C)
    started.send(CTRL_Q)
    assert started.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_leaves_no_process_and_a_terminal_to_work_in(started: Terminal, number: int) -> None:
    os.kill(started.process.pid, number)
    assert started.ended() == 128 + number
    assert restored(started)
    assert b"Traceback" not in started.written


def test_a_window_that_is_closed_leaves_no_process(started: Terminal) -> None:
    started.hang_up()
    assert started.process.wait(PATIENCE) != 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--theme", "nordd"], "there is no theme `nordd`"),
        (["--inputs", "nowhere.json"], "nowhere.json"),
        (["--env", "produktion"], "produktion"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_done_is_told_before_the_screen_changes(
    quickstart: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    with terminal([str(quickstart), *words], tmp_path) as one:
        assert one.ended() == 2
        assert told.encode() in one.written
        assert b"\x1b[?1049h" not in one.written
        assert b"Traceback" not in one.written


def test_a_project_that_is_not_there_is_told_before_the_screen_changes(tmp_path: Path) -> None:
    with terminal([str(tmp_path / "nowhere")], tmp_path) as one:
        assert one.ended() == 2
        assert b"nowhere" in one.written
        assert b"\x1b[?1049h" not in one.written


def test_without_a_terminal_it_says_how_to_run_without_a_screen(quickstart: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "flowlang_tui", str(quickstart)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=surroundings(tmp_path),
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "no terminal" in ran.stderr
    assert "--run" in ran.stderr


def test_the_theme_that_was_asked_for_is_the_one_on_the_screen(quickstart: Path, tmp_path: Path) -> None:
    with terminal([str(quickstart), "--theme", "terminal"], tmp_path) as one:
        painted(one)
        one.send(CTRL_Q)
        assert one.ended() == 0
        assert b";2;" not in one.written.partition(b"flow: ")[2], "a theme of 16 colours writes no other"
