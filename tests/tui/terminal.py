"""The real program in a terminal of its own: its keys are bytes, and its screen is read from what it writes."""

from __future__ import annotations

import codecs
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.cells import cell_len

#: Nothing here takes that long; a test that waits longer has failed.
PATIENCE = 30.0

_TOKEN = re.compile(
    r"\x1b\[(?P<marks>[<=>?]?)(?P<numbers>[\d;:]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"
    r"|\x1b[()].|\x1b[^\[\]PX^_()]"
    r"|[\x00-\x1a\x1c-\x1f\x7f]"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)

#: Takes the terminal for its own, as a shell's child has it, then becomes the program.
_BEGIN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Reader:
    """What a terminal would show: text by lines and the modes that are on, read from a program's output."""

    def __init__(self, width: int, height: int) -> None:
        self.modes: set[int] = set()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._left = ""
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Begin with an empty screen of another size."""
        self.width, self.height = width, height
        self._cells = [[" "] * width for _ in range(height)]
        self._row = self._column = 0

    def feed(self, data: bytes) -> None:
        """Take what the program wrote; what is cut in its middle waits for the rest."""
        text = self._left + self._decode(data)
        at = 0
        while found := _TOKEN.match(text, at):
            if found.end() == len(text) and found["text"] is None and found[0] == "\x1b":
                break
            at = found.end()
            if found["text"]:
                self._write(found["text"])
            elif found["final"]:
                self._control(found["marks"] + found["between"], found["numbers"], found["final"])
            elif found[0] == "\r":
                self._column = 0
            elif found[0] == "\n":
                self._row = min(self._row + 1, self.height - 1)
        self._left = text[at:]

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without blanks at their end."""
        return ["".join(row).rstrip() for row in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def _write(self, text: str) -> None:
        for character in text:
            taken = cell_len(character)
            if taken == 0 or self._column + taken > self.width:
                continue
            self._cells[self._row][self._column : self._column + taken] = [character, *[""] * (taken - 1)]
            self._column += taken

    def _control(self, marks: str, numbers: str, final: str) -> None:
        given = [int(number) for number in re.findall(r"\d+", numbers)]
        if marks == "?" and final in "hl":
            (self.modes.update if final == "h" else self.modes.difference_update)(given)
        elif not marks and final in "Hf":
            row, column = (*given, 1, 1)[:2]
            self._row, self._column = min(row, self.height) - 1, min(column, self.width) - 1
        elif not marks and final == "J":
            self._cells = [[" "] * self.width for _ in range(self.height)]


class Terminal:
    """A running program and the terminal that it runs in."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, slave: int, reader: Reader) -> None:
        self.process = process
        self.screen = reader
        self._master = master
        self._slave = slave
        self.written = b""

    def send(self, keys: str) -> None:
        """Type: `\\x12` is Ctrl+R, `\\x1br` is Alt+R."""
        os.write(self._master, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; the system tells the program."""
        self.screen.resize(width, height)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def hang_up(self) -> None:
        """Close the window."""
        for end in (self._master, self._slave):
            os.close(end)
        self._master = self._slave = -1

    def close(self) -> None:
        """End the program, whatever it does, and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.hang_up()

    def until(self, holds: Callable[[], object]) -> None:
        """Read what the program writes until something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            over = self.process.poll() is not None
            reading = self._read(0.05)
            assert reading or not over or holds(), f"the program has ended:\n{self.screen.text}"
            assert time.monotonic() < end, f"it did not come to that:\n{self.screen.text}"

    def shows(self, *words: str) -> None:
        """Wait until all these are on the screen."""
        self.until(lambda: all(word in self.screen.text for word in words))

    def settled(self) -> None:
        """Wait until the program has nothing more to write for a moment."""
        while self._read(0.4):
            pass

    def ended(self) -> int:
        """Wait for the program's end; its exit code."""
        self.until(lambda: self.process.poll() is not None)
        while self._read(0):
            pass
        return self.process.returncode

    @property
    def attributes(self) -> list[Any]:
        """How the terminal is set: echo, signals and so on."""
        return termios.tcgetattr(self._slave)

    def _read(self, seconds: float) -> bool:
        if self._master < 0:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self._master, 1 << 16)
        self.written += data
        self.screen.feed(data)
        return True


@contextmanager
def terminal(
    arguments: Sequence[str], home: Path, *, size: tuple[int, int] = (160, 45), **environment: str
) -> Iterator[Terminal]:
    """`flowlang-tui` with these arguments, in a terminal of `size`; what it remembers goes below `home`."""
    width, height = size
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    program = [sys.executable, "-m", "flowlang_tui", *arguments]
    process = subprocess.Popen(
        [sys.executable, "-c", _BEGIN, *program],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=surroundings(home) | environment,
    )
    one = Terminal(process, master, slave, Reader(width, height))
    try:
        yield one
    finally:
        one.close()


def surroundings(home: Path) -> dict[str, str]:
    """The variables of a person who starts the program for the first time."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH", "SYSTEMROOT")}
    return kept | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }


def alive(pid: int) -> bool:
    """Whether a process is still there."""
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return True
