"""Where a result goes: standard output or a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import IO

from flowlang.errors import FlowLangError


class UsageError(FlowLangError):
    """The command was called in a way that cannot work. Exit code 2."""


class Target:
    """Takes text for one stream. A reader that goes away, or a full disk, never ends the run."""

    def __init__(self, stream: IO[bytes], encoding: str = "utf-8") -> None:
        self.problem: str | None = None
        self._stream = stream
        self._encoding = encoding
        self._open = True

    def write(self, text: str) -> None:
        """Write `text` and flush it."""
        if not self._open:
            return
        try:
            self._stream.write(text.encode(self._encoding, "backslashreplace"))
            self._stream.flush()
        except BrokenPipeError:
            self._open = False
        except OSError as error:
            self._fail(error)

    def __enter__(self) -> Target:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self.close(keep=kind is None)

    def close(self, *, keep: bool = True) -> None:
        """Nothing more comes. Without `keep`, what came was not the whole result."""
        # what could not be flushed was told by write
        with suppress(OSError):
            self._stream.close()

    def _fail(self, error: OSError) -> None:
        self._open = False
        self.problem = error.strerror or str(error)


class FileTarget(Target):
    """A file that appears, or changes, only when all of it is there."""

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        self._draft = f"{self._path}.{os.getpid()}.part"
        super().__init__(_open(self._draft, path))

    def close(self, *, keep: bool = True) -> None:
        super().close()
        try:
            if keep and self.problem is None:
                with suppress(FileNotFoundError):
                    os.chmod(self._draft, os.stat(self._path).st_mode & 0o777)
                os.replace(self._draft, self._path)
        except OSError as error:
            self._fail(error)
        finally:
            with suppress(OSError):
                os.unlink(self._draft)


def open_target(path: str | None, stdout: IO[bytes], *, encoding: str = "utf-8", streamed: bool = False) -> Target:
    """The target for `--output-file`, or for `stdout` without it.

    A streamed file, and one that is no regular file (a pipe, `/dev/null`), is written to as it stands. Raises
    `UsageError` when it cannot be written.
    """
    if path is None:
        return Target(stdout, encoding)
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder, not a file to write to")
    if streamed or (os.path.exists(path) and not os.path.isfile(path)):
        return Target(_open(path, path))
    return FileTarget(path)


def write_result(path: str | None, text: str) -> None:
    """Write the whole result of a command to a file, or to stdout. Raises `UsageError` when the file refuses."""
    sys.stdout.flush()
    target = open_target(path, sys.stdout.buffer)
    target.write(text)
    if path is not None:
        target.close()
    if target.problem is not None:
        raise UsageError(f"{path or 'standard output'} could not be written: {target.problem}")


def _open(path: str, asked: str) -> IO[bytes]:
    try:
        return open(path, "wb")
    except OSError as error:
        raise UsageError(f"{asked} cannot be written: {error.strerror}") from error


@contextmanager
def results_apart() -> Iterator[IO[bytes]]:
    """Standard output for the result alone: what tasks and their programs print goes to stderr meanwhile."""
    sys.stdout.flush()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    saved = os.dup(1)
    os.dup2(2, 1)
    stream = os.fdopen(saved, "wb", closefd=False)
    try:
        yield stream
    finally:
        # whoever read one of the two may be gone by now
        with suppress(OSError):
            sys.stdout.flush()
        with suppress(OSError):
            stream.close()
        os.dup2(saved, 1)
        os.close(saved)


def mend_streams() -> None:
    """Give a process that was started with closed standard streams ones that lead nowhere.

    Otherwise the next file or socket that is opened would get their numbers, and be printed into.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
