"""The beginning of a run's file: where it lies, and what its first line says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.journal.lease import this_process
from flowlang.journal.spool import DRAFT, Spool
from flowlang.plainly import is_plain, to_text

if TYPE_CHECKING:
    from flowlang.journal.records import Extent, Origin
    from flowlang.redaction import Redactor
    from flowlang.runtime.plan import Plan

SUFFIX: Final = ".spool"

_SHORT: Final = frozenset({int, float, bool, type(None)})
_IGNORED: Final = "*\n"
_SAFE: Final = re.compile(r"[A-Za-z0-9][\w-]{0,99}", re.ASCII)


def prepare_home(home: Path) -> None:
    """Make the folder for what is kept about runs, and keep it out of version control. Raises OSError."""
    if not home.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), open(home / ".gitignore", "x", encoding="utf-8") as file:
            file.write(_IGNORED)


def prepare_folder(folder: Path) -> None:
    """Make the folder of live runs. Raises OSError."""
    if not folder.is_dir():
        prepare_home(folder.parent)
        folder.mkdir(exist_ok=True)


def file_stem(run_id: str) -> str:
    """The beginning of the names of a run's files."""
    if _SAFE.fullmatch(run_id):
        return run_id
    from hashlib import sha256

    return sha256(run_id.encode("utf-8", "replace")).hexdigest()[:32]


def open_spool(create: Callable[[Path], Spool], folder: Path, run_id: str, session: int) -> tuple[Spool, int]:
    """The file of a session, and the session's number: a later one where its file is there already. Raises OSError."""
    stem = file_stem(run_id)
    while True:
        path = folder / f"{stem}.{session}{SUFFIX}"
        if not os.path.exists(path):
            try:
                return create(path), session
            except FileExistsError:
                # a draft that is left belongs to a process that died before it had written the first line
                if not os.path.exists(path.with_suffix(DRAFT)):
                    raise
        session += 1


def header(
    run_id: str,
    session: int,
    plan: Plan,
    given: Mapping[str, Any],
    redactor: Redactor,
    path: str | None,
    started: float,
    origin: Origin | None,
    extent: Extent | None,
    limit: int,
) -> dict[str, Any]:
    """What the first line says. An input is its value and whether that is tagged.

    Secret ones, and those with more than `limit` bytes of JSON, are only named.
    """
    secret = {declared.name for declared in plan.flow.inputs or () if declared.secret}
    inputs, masked = {}, []
    for name, value in given.items():
        written = None if name in secret else _written(value, redactor, limit)
        if written is None:
            masked.append(str(name))
        else:
            inputs[str(name)] = written
    return {
        "version": 1,
        "run_id": run_id,
        "session": session,
        "flow": plan.name,
        "path": path,
        "started": started,
        "inputs": inputs,
        "masked": masked,
        "origin": None if origin is None else [origin.run_id, origin.how, origin.from_step],
        **({} if extent is None else {"extent": _extent(extent, redactor, limit)}),
        **this_process(),
    }


def _extent(extent: Extent, redactor: Redactor, limit: int) -> dict[str, Any]:
    written = {path: _written(value, redactor, limit) for path, value in extent.outputs.items()}
    return {
        "until": extent.until,
        "only": extent.only,
        "outputs": {path: value for path, value in written.items() if value is not None},
        "lost": [path for path, value in written.items() if value is None],
    }


def _written(value: Any, redactor: Redactor, limit: int) -> list[Any] | None:
    """An input's value and whether it is tagged; None if it cannot be given again: a secret, or too large."""
    shown = redactor(value)
    if is_plain(value) and value == shown:
        return [value, False] if type(value) in _SHORT or len(to_text(value)) <= limit else None
    from flowlang.exact import decode, encode  # numbers, dates and the like are not needed by most runs

    text, _ = encode(value, shown, redactor)
    tagged = json.loads(text)
    return None if len(text) > limit or decode(tagged).why_not else [tagged, True]
