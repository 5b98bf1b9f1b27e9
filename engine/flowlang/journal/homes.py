"""Where a journal is kept: in the project, or, for a folder that doesn't say that it is one, apart from it."""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32

from flowlang.journal.journal import Journal
from flowlang.language.lookup import find_project


def journal_of(root: Path) -> Journal:
    """The journal of the flows whose outermost folder is `root`.

    A folder would become a project by a `.flowlang` in it, and flows in and beside it would be found in another way;
    so runs of other folders are kept in `$XDG_STATE_HOME/flowlang/runs`.
    """
    return Journal(root, None if find_project(root) == root else _apart(root))


def _apart(root: Path) -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    path = os.path.realpath(root).encode("utf-8", "surrogateescape")
    # two sums are as good as a digest here, and loading OpenSSL takes longer than a small flow
    return home / "flowlang" / "runs" / f"{root.name or 'root'}-{crc32(path):08x}{crc32(path[::-1]):08x}"
