"""Who owns a run that is under way: the process that has its file locked.

The kernel lets go of the lock when the process dies, so no clock is looked at. Where a file system has no locks, or
a child has inherited one, the process itself is looked for: by its id, the time at which it started and the system's
boot, since ids are used again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def this_process() -> dict[str, Any]:
    """What tells this process from every other, as it is written into the first line of a run's file."""
    return _facts(os.getpid()).copy()


@lru_cache(maxsize=1)
def _facts(pid: int) -> dict[str, Any]:
    return {"pid": pid, "born": _born(pid), "boot": _boot(), "space": _space(), "host": os.uname().nodename}


def take(descriptor: int) -> bool:
    """Lock an open file for this process, if nobody else has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another, or a file system without locks
        return False
    return True


def is_alive(owner: Mapping[str, Any]) -> bool:
    """Whether a file that cannot be locked belongs to a living process, as far as this one can know."""
    if owner.get("boot") != _boot() or owner.get("space") != _space() or owner.get("host") != os.uname().nodename:
        return True  # of another machine or container: only the lock can tell
    pid = owner.get("pid")
    if not isinstance(pid, int):
        return True
    born = _born(pid)
    if born is not None:
        return born == owner.get("born")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's process
        return True
    return owner.get("born") is None


def _born(pid: int) -> str | None:
    """When a process started, in ticks since the boot; None where the system doesn't tell."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError):
        return None


def _boot() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def _space() -> str | None:
    """The namespace in which process ids count; containers have their own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
