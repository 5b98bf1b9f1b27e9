"""Changing a file so that nobody ever finds half of it, and one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from flowlang.errors import ConfigurationError

#: How many seconds to wait for another process that is changing the same file.
PATIENCE: Final = 10.0
_PAUSE: Final = 0.02


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace what is in a file. After a crash at any point it holds all of the old or all of the new.

    A new file gets the permissions in `mode`; one that is there keeps its own, and a symbolic link stays one. The
    caller holds a lock: what a process that was killed left beside the file is removed.
    """
    path = Path(os.path.realpath(path))
    for left in path.parent.glob(f".{path.name}.*.part"):
        with suppress(OSError):
            left.unlink()
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode & 0o777
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
    _sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which stays there empty. A process that dies lets go of it.

    Raises ConfigurationError when somebody else holds it for too long.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > deadline:
                    raise ConfigurationError(
                        f"another process has held {path} for {PATIENCE:g} s",
                        hint="wait until it is done, or end it",
                    ) from None
                sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder last, on the file systems that know how to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
