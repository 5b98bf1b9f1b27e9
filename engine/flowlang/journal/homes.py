"""Where a journal is kept: in the project, or, for a folder that doesn't say that it is one, apart from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from flowlang.language.lookup import is_marked

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal


def journal_of(root: Path) -> Journal:
    """The journal of the flows whose outermost folder is `root`."""
    from flowlang.journal.journal import Journal

    return Journal(root, home_of(root))


def home_of(root: Path) -> Path:
    """The folder for what is kept about the runs of the flows whose outermost folder is `root`.

    That is `.flowlang` in a project or a checkout. Any other folder would become a project by it, and flows in and
    beside it would be found in another way: what belongs to such a folder is kept in `$XDG_STATE_HOME/flowlang/runs`,
    also when it becomes a project later.
    """
    root = Path(os.path.abspath(root))
    inside, apart = root / ".flowlang", _apart(root)
    if any(os.path.exists(inside / name) for name in ("runs.db", "running")):
        return inside
    return inside if is_marked(root) and not os.path.isdir(apart) else apart


def _apart(root: Path) -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    path = os.path.realpath(root).encode("utf-8", "surrogateescape")
    # two sums are as good as a digest here, and loading OpenSSL takes longer than a small flow
    return home / "flowlang" / "runs" / f"{root.name or 'root'}-{crc32(path):08x}{crc32(path[::-1]):08x}"
