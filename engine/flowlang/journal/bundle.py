"""A run in one file, for somebody else: a zip of JSON, without secrets and without places of this machine.

| in it | what |
|---|---|
| `manifest.json` | the format and its version, the run's id, its sessions |
| `definition/1.json` | the texts that session 1 ran, and the hashes of its tasks' files |
| `events/1.jsonl` | the lines of session 1, as `recording` describes them |

What is read is taken for hostile: sizes are limited before anything is unpacked, names of members lead nowhere, and
every line is read to its end before the database sees any of it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from json import loads
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from flowlang.errors import JournalError
from flowlang.journal.definitions import StepFacts
from flowlang.journal.finding import summary_of
from flowlang.journal.opened import stored_sessions
from flowlang.journal.reading import SessionReading, parsed
from flowlang.journal.records import RunSummary
from flowlang.journal.sealing import Packed, pack, put
from flowlang.journal.settings import DEFAULTS
from flowlang.journal.sharing import shareable
from flowlang.journal.store import Store
from flowlang.plainly import to_text
from flowlang.runtime.events import EVENT_TYPES

FORMAT: Final = "flowlang-run"
VERSION: Final = 1

#: The most bytes that a bundle may have, unpacked, and the most sessions.
LARGEST: Final = 512_000_000
MOST_SESSIONS: Final = 1000

_NUMBER: Final = (int, float)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "path": (str,),
    "duration_ms": _NUMBER,
    "attempts": (int,),
    "attempt": (int,),
    "delay": _NUMBER,
    "index": (int,),
    "length": (int, type(None)),
    "count": (int,),
    "status": (str,),
    "error_type": (str,),
    "branch": (str, type(None)),
    "connection": (str,),
    "connection_type": (str,),
    "text": (str,),
    "rows": (int, type(None)),
    "ms": _NUMBER,
    "level": (str,),
    "answered_by": (str,),
}

_RUN_ID: Final = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_KEPT: Final = ("version", "run_id", "session", "flow", "path", "started", "inputs", "masked", "origin", "extent")


class Bundle(NamedTuple):
    """A bundle that was read and found whole."""

    run_id: str
    sessions: list[Packed]

    def put(self, store: Store) -> RunSummary:
        """Take the run into a journal, and pin it there. Raises JournalError for one that is there already."""
        with store.writing() as database:
            if database.execute("SELECT 1 FROM runs WHERE run_id = ?", (self.run_id,)).fetchone():
                raise JournalError(f"run {self.run_id} is in this journal already", hint="delete it first")
            for session in self.sessions:
                put(database, session)
            imported = (self.run_id, "imported", self.run_id)
            database.execute(
                "UPDATE runs SET pinned = 1, origin_run = ?, origin_how = ?, origin_step = NULL WHERE run_id = ?",
                imported,
            )
            return summary_of(database, self.run_id)


def write_bundle(store: Store, root: Path, run_id: str, path: Path) -> Path:
    """Write a run of a journal into a file, whole or not at all. Raises OSError."""
    places = _places(root)
    sessions = stored_sessions(store, run_id)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "run_id": run_id,
        "flow": sessions[-1].header["flow"],
        "sessions": [{"number": one.number, "complete": one.ending == "complete"} for one in sessions],
    }
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as bundle:
            bundle.writestr("manifest.json", to_text(manifest))
            for session in sessions:
                flows = {name: shareable(text) for name, text in session.definition["flows"].items()}
                definition = _without(places, to_text({**session.definition, "flows": flows}))
                bundle.writestr(f"definition/{session.number}.json", definition)
                lines = "".join(f"{_without(places, to_text(line))}\n" for line in _lines(session))
                bundle.writestr(f"events/{session.number}.jsonl", lines)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
    return path


def read_bundle(path: Path) -> Bundle:
    """Read a bundle to its end. Raises JournalError for a file that is none, is damaged or is too large."""
    try:
        with ZipFile(path) as bundle:
            return _read(bundle, path)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from error
    # a damaged file shows in any of these, wherever the reading comes upon it
    except (
        BadZipFile,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
        NotImplementedError,
    ) as error:
        raise JournalError(
            f"{path} is not a run that was exported, or it is damaged",
            hint="export it again with `flowlang runs export`",
        ) from error


def _read(bundle: ZipFile, path: Path) -> Bundle:
    if sum(member.file_size for member in bundle.infolist()) > LARGEST:
        raise JournalError(f"{path} holds more than {LARGEST // 1_000_000} MB")
    manifest = loads(_member(bundle, "manifest.json"))
    if manifest["format"] != FORMAT:
        raise ValueError("another format")
    if manifest["version"] > VERSION:
        raise JournalError(f"{path} was exported by a later version", hint="update flowlang")
    run_id, told = manifest["run_id"], manifest["sessions"]
    if not _RUN_ID.fullmatch(run_id) or not 0 < len(told) <= MOST_SESSIONS:
        raise ValueError("no such run")
    return Bundle(run_id, [_session(bundle, run_id, one["number"], one["complete"]) for one in told])


def _session(bundle: ZipFile, run_id: str, number: int, complete: bool) -> Packed:
    definition = loads(_member(bundle, f"definition/{int(number)}.json"))
    known = {
        "flows": {str(name): str(text) for name, text in definition["flows"].items()},
        "tasks": {str(name): str(text) for name, text in definition["tasks"].items()},
        "steps": [_step(*facts) for facts in definition["steps"]],
    }
    content = _member(bundle, f"events/{int(number)}.jsonl")
    lines = parsed(content)
    head = _header(lines[0])
    if head["run_id"] != run_id or head["session"] != number:
        raise ValueError("another run")
    if len(lines) != content.count(b"\n") or any(line[0] in ("h", "f", "b", "z") for line in lines[1:]):
        raise ValueError("lines that no export has")
    lines[:1] = [["h", head], ["f", known]]
    whole = "".join(f"{to_text(line)}\n" for line in lines).encode("ascii")
    reading = SessionReading(whole, "complete" if complete else "dead", lambda key: None)
    for event in reading.events():
        _check(event)
    reading.steps()  # what cannot be put together shows now
    tally = reading.tally()
    tally.has_large = True
    return pack(whole, tally, inline_limit=DEFAULTS.inline_limit)


def _header(line: list[Any]) -> dict[str, Any]:
    letter, told = line
    origin = told["origin"]
    if letter != "h" or type(told["session"]) is not int or told["session"] < 1:
        raise ValueError("no header")
    extent = told.get("extent")
    return {
        "version": int(told["version"]),
        "run_id": str(told["run_id"]),
        "session": told["session"],
        "flow": str(told["flow"]),
        "path": None if told["path"] is None else str(told["path"]),
        "started": float(told["started"]),
        "inputs": {str(name): [value, bool(is_tagged)] for name, (value, is_tagged) in told["inputs"].items()},
        "masked": [str(name) for name in list(told["masked"])],
        "origin": None
        if origin is None
        else [origin[0] and str(origin[0]), str(origin[1]), origin[2] and str(origin[2])],
        **({} if extent is None else {"extent": _extent(extent)}),
    }


def _extent(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "until": None if told["until"] is None else str(told["until"]),
        "only": bool(told["only"]),
        "outputs": {str(path): [value, bool(is_tagged)] for path, (value, is_tagged) in told["outputs"].items()},
        "lost": [str(path) for path in list(told["lost"])],
    }


def _check(event: dict[str, Any]) -> None:
    """Raise ValueError for an event that no run tells."""
    if event["type"] not in EVENT_TYPES:
        raise ValueError("no such event")
    for name, kinds in _TYPES.items():
        if name in event and not isinstance(event[name], kinds):
            raise ValueError(f"`{name}` of an event is of another type")


def _step(flow: str, step_id: str, task: str | None, kind: str, line: int) -> StepFacts:
    return str(flow), str(step_id), None if task is None else str(task), str(kind), int(line)


def _member(bundle: ZipFile, name: str) -> bytes:
    with bundle.open(name) as member:
        content = member.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("more than it said")
    return content


def _lines(reading: SessionReading) -> Iterator[list[Any]]:
    """The lines that are exported: without the machine and the process, and with large values in their places."""
    yield ["h", {name: reading.header[name] for name in _KEPT if name in reading.header}]
    for letter, line in reading.lines():
        if letter not in ("h", "f", "z"):
            yield line


def _places(root: Path) -> list[tuple[str, str]]:
    """What stands for places of this machine, as JSON text: longer ones first."""
    places = [(f"{os.path.realpath(root)}/", ""), (f"{os.path.abspath(root)}/", ""), (str(Path.home()), "~")]
    return [(to_text(place)[1:-1], short) for place, short in places if len(place) > 2]


def _without(places: list[tuple[str, str]], text: str) -> str:
    for place, short in places:
        text = text.replace(place, short)
    return text
