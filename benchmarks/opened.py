"""W11: the workbench is opened in a terminal of 160×45: until it is painted, what memory it takes, what it does idle.

The floor is a bare Textual application with as many of Textual's own widgets, started in turns with it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, show

ROUNDS = 7
#: Seconds over which an idle workbench is watched.
IDLE = 5.0

ROOT = Path(__file__).parents[1]

#: The same kinds of widgets, without anything of ours.
BARE = """
from textual.app import App
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Input, OptionList, Static, TextArea, Tree

class Bare(App):
    CSS = "Vertical > * { border: round $border; height: 1fr; } #bar { height: 1; }"
    def compose(self):
        yield Static("bare", id="bar")
        with Horizontal():
            with Vertical():
                yield Tree("files")
                yield OptionList("connections")
            with Vertical():
                yield TextArea(open("flow.yaml").read(), show_line_numbers=True)
                yield OptionList("lines")
                yield OptionList("problems")
            with Vertical():
                yield Static("a drawing")
                yield Tree("values")
                yield Input()
        yield Footer()
    def on_mount(self):
        self.query_one(TextArea).focus()

Bare().run()
"""


@contextmanager
def terminal(arguments: list[str], folder: Path) -> Iterator[tuple[int, int]]:
    """A program in a terminal of its own: its process id, and the terminal's descriptor."""
    with tempfile.TemporaryDirectory() as home:
        child, descriptor = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
            os.chdir(folder)
            environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": home, "LANG": "C.UTF-8"}
            os.execve(sys.executable, [sys.executable, *arguments], {**environment, "PATH": os.environ["PATH"]})
        try:
            yield child, descriptor
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
            os.close(descriptor)


def painted(arguments: list[str], folder: Path, text: str) -> float:
    """Milliseconds from the start of a program until its screen shows a text."""
    started = time.perf_counter()
    with terminal(arguments, folder) as (_, descriptor):
        seen = b""
        while text.encode() not in seen:
            seen += os.read(descriptor, 65536)
        return (time.perf_counter() - started) * 1000


def at_rest(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Megabytes that the open workbench takes, and percent of a processor while nobody does anything."""
    with terminal(arguments, folder) as (child, descriptor):
        drain(descriptor, 4.0)
        before = processor(child)
        drain(descriptor, IDLE)
        used = processor(child) - before
        return resident(child), 100 * used / IDLE


def drain(descriptor: int, seconds: float) -> None:
    """Read what a program writes for a time, as a terminal does."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            os.read(descriptor, 65536)


def processor(process: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    """Megabytes of memory that a process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    folder = ROOT / "sample_projects" / "quickstart"
    ours = ["-m", "flowlang_tui", "."]
    paints = [
        (painted(["-c", BARE], folder, "OrderReport"), painted(ours, folder, "OrderReport")) for _ in range(ROUNDS + 1)
    ][1:]
    bare, workbench = (median(times) for times in zip(*paints, strict=True))
    memory, idle = at_rest(ours, folder)
    show(
        [
            Figure("W11", "the workbench opened, until its first paint", "ms", bare, workbench, 1.5),
            Figure("W11", "memory of the open workbench", "MB", None, memory, 80, "MB"),
            Figure("W11", "processor of the idle workbench", "%", None, idle, 0.5, "%"),
        ]
    )


if __name__ == "__main__":
    main()
