"""Changes that were not saved, kept beside the project until they are: neither a crash nor a signal loses them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from flowlang.language.lookup import find_project
from flowlang_tui.preferences import state_folder
from flowlang_tui.session.documents import Document, DocumentError, read

#: Seconds after the first of several changes in which they are written.
SOON: Final = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that was never saved. `base` is what its file had when the changes began, `place` where it is kept."""

    path: Path
    base: str
    text: str
    place: Path


class Unsaved:
    """The texts of one workbench's changed documents.

    They are in `.flowlang/unsaved` of the project that `folder` belongs to; in the person's own state while nothing
    says that it is one. `changed` gives the documents that have changes. Files are for their owner alone: a text may
    hold a secret. Where none can be written, nothing is kept, and nobody is kept from working.
    """

    def __init__(self, folder: Path, changed: Callable[[], Iterable[Document]]) -> None:
        project = find_project(folder)
        own = [] if project is None else [project / ".flowlang" / "unsaved"]
        #: Where texts may be kept: in the first of them now, in the last before the folder became a project.
        self._folders = [*own, state_folder() / "unsaved"]
        self.folder = self._folders[0]
        self._worked_in = folder
        self._changed = changed
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._written: dict[Path, str] = {}
        self._given_up = False

    def note(self) -> None:
        """Something has changed: keep it soon, in another thread."""
        if self._timer is None:
            self._timer = threading.Timer(SOON, self.write)
            self._timer.daemon = True
            self._timer.start()

    def write(self) -> None:
        """Keep what has changed by now, and nothing else any more."""
        with self._lock, suppress(OSError):
            self._timer = None
            changed = () if self._given_up else self._changed()
            documents = {self._place(document.path): document for document in changed}
            for place in self._written.keys() - documents.keys():
                self._remove(place)
            for place, document in documents.items():
                text = document.text
                if self._written.get(place) != text:
                    self._write(place, document, text)
                    self._written[place] = text

    def forget(self) -> None:
        """Keep nothing from now on: the changes were given up."""
        self._given_up = True
        self.write()

    def rest(self) -> None:
        """Write nothing later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def found(self) -> list[Kept]:
        """What was left in the folder by workbenches that are gone, the oldest first.

        What its file has by now is removed.
        """
        found = []
        places = [place for folder in self._folders for place in folder.glob("*.json")]
        for place in sorted(places, key=_age):
            kept = _read(place)
            if kept is None or not kept.path.is_relative_to(self._worked_in):
                continue
            if place in self._written or _is_at_work(place):
                continue
            if _on_disk(kept.path) == kept.text:
                self.drop(kept)
            else:
                found.append(kept)
        return found

    def drop(self, kept: Kept) -> None:
        """Forget what was found."""
        with suppress(OSError):
            kept.place.unlink(missing_ok=True)

    def _place(self, path: Path) -> Path:
        name = sha256(os.fsencode(path)).hexdigest()[:20]
        return self.folder / f"{name}.{os.getpid()}.json"

    def _write(self, place: Path, document: Document, text: str) -> None:
        from flowlang.connections.atomic import write_atomically

        self.folder.mkdir(parents=True, exist_ok=True)
        ignored = self.folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n")
        kept = {"path": os.fspath(document.path), "base": document.saved, "text": text}
        write_atomically(place, json.dumps(kept).encode("utf-8"), 0o600)

    def _remove(self, place: Path) -> None:
        del self._written[place]
        place.unlink(missing_ok=True)


def _read(place: Path) -> Kept | None:
    try:
        told = json.loads(place.read_bytes())
        return Kept(Path(told["path"]), str(told["base"]), str(told["text"]), place)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _age(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _is_at_work(place: Path) -> bool:
    """Whether the workbench that keeps this still runs. One in this process knows what is its own."""
    number = place.name.split(".")[1]
    if not number.isdecimal() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _on_disk(path: Path) -> str | None:
    try:
        return read(path)[0]
    except DocumentError:
        return None
