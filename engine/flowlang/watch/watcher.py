"""Tells what changed in a project, as it changes."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flowlang.watch.files import ENDINGS, GONE, Files, Seen

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

#: Milliseconds: how often the system's notices are looked at, and for how long those of one save are gathered.
#: Looking more often costs up to 1 % of a processor while nothing happens.
_STEP: Final = 30
_GATHER: Final = 60

#: As many files at once are no save but a checkout. It is over when nothing came for some milliseconds: the more
#: files there were, the longer. It is waited for no longer than so many seconds.
_MANY: Final = 5
_QUIET: Final = (60, 300)
_LONGEST: Final = 3.0

#: Seconds to wait for the rest of a file that was found gone, empty or without the end of its last line.
_REREAD: Final = 0.01
_PATIENCE: Final = {"gone": 0.15, "empty": 0.3, "cut": 0.03}

#: Seconds between two looks at everything where the system gives no notice.
_POLL: Final = 0.3
_POLL_MS: Final = 300


class Change(NamedTuple):
    """Files that hold something else than before: changed, new or gone."""

    paths: frozenset[Path]


class Watcher:
    """Watches the files with these endings in a project's folder and those `also` named, and gives each change once.

        async with Watcher(root) as watcher:
            async for change in watcher:
                ...

    Whatever is saved after `start` returned is seen. Changes that come while nobody asks for the next one are given
    together. A file with the same content as before is no change. Paths begin with `root` as it was given, made
    absolute. `polling` says why files are looked at several times a second instead, if the system gives no notices.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        also: Iterable[str | os.PathLike[str]] = (),
        endings: tuple[str, ...] = ENDINGS,
        polling: bool = False,
    ) -> None:
        self.root = Path(os.path.abspath(root))
        self.polling: str | None = "asked for" if polling else None
        self._files = Files(str(self.root), map(os.path.abspath, also), endings)
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Watcher:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()

    async def start(self) -> None:
        """Begin to watch, if that isn't so already. Returns when every later save will be seen."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._ready = asyncio.Event()
        self._thread = threading.Thread(target=self._watch, name="flowlang-watch", daemon=True)
        self._thread.start()
        await self._ready.wait()

    def stop(self) -> None:
        """Watch no longer; whoever waits for the next change is told that there is none. From any thread."""
        self._stopped = True
        self._wake.set()
        self._tell()

    def also(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Watch these files, inside or outside of the project, instead of those that were named so before."""
        named = frozenset(map(os.path.abspath, paths))
        if named != self._files.also:
            self._files.name(named)
            self._wake.set()

    def expect(self, path: str | os.PathLike[str], content: bytes) -> None:
        """Say, before writing it, what a file is about to hold, so that the write is no change."""
        self._files.expect(os.path.abspath(path), content)

    def __aiter__(self) -> Watcher:
        return self

    async def __anext__(self) -> Change:
        await self.start()
        while True:
            await self._news.wait()
            self._news.clear()
            with self._lock:
                changed, self._changed = self._changed, set()
            if self._failure is not None:
                raise self._failure
            if self._stopped:
                self._news.set()
                raise StopAsyncIteration
            if changed:
                return Change(frozenset(map(Path, changed)))

    def _watch(self) -> None:
        try:
            self._remember(self._files.scan())
            while not self._stopped:
                self._watch_folders()
                self._wake.clear()
        # whatever goes wrong in this thread is raised where the changes are awaited
        except BaseException as error:
            self._failure = error
        finally:
            self._announce_start()
            self._tell()

    def _watch_folders(self) -> None:
        """Watch the folders that there are, until others are there."""
        folders = self._files.folders
        notices = None if self.polling else self._notices(folders)
        if notices is not None:
            with notices:
                self._follow(notices, folders)
        else:
            self._report(self._files.scan())
            self._announce_start()
            self._wake.wait(_POLL)

    def _notices(self, folders: set[str]) -> RustNotify | None:
        from watchfiles._rust_notify import RustNotify

        if not folders:
            return None
        try:
            return RustNotify(sorted(folders), False, False, _POLL_MS, False, True)
        except (OSError, RuntimeError) as error:
            # it is "not found" both for a folder that went away since it was listed and for too many folders
            if all(map(os.path.isdir, folders)):
                self.polling = f"the system gives no notice of changes: {error}"
            return None

    def _follow(self, notices: RustNotify, watched: set[str]) -> None:
        """Tell what changes, as long as the watched folders are those that there are."""
        self._report(self._files.scan())
        self._announce_start()
        while self._files.folders == watched:
            paths = self._gathered(notices)
            if paths is None:
                return
            if any(path in watched or os.path.isdir(path) for path in paths):
                self._report(self._files.scan())
                if watched & paths:
                    return
            self._report(self._files.look(paths))

    def _gathered(self, notices: RustNotify) -> set[str] | None:
        """The paths that the system names next. None: the watcher was woken."""
        found = notices.watch(_GATHER, _STEP, 0, self._wake)
        if isinstance(found, str):
            return None
        paths = {path for _, path in found}
        until = time.monotonic() + _LONGEST
        while (count := sum(map(self._files.is_watched, paths))) >= _MANY and time.monotonic() < until:
            shortest, longest = _QUIET
            found = notices.watch(_GATHER, _STEP, min(shortest + count, longest), self._wake)
            if isinstance(found, str) or not any(self._files.is_watched(path) for _, path in found):
                break
            paths |= {path for _, path in found}
        return paths

    def _report(self, paths: Iterable[str]) -> None:
        """Tell of these files, each when nobody seems to be writing it any more."""
        waiting = {path: (self._files.now(path), time.monotonic()) for path in paths}
        while waiting and not self._stopped:
            settled = [path for path, state in waiting.items() if self._is_settled(path, *state)]
            self._publish({path: waiting.pop(path)[0] for path in settled})
            if waiting:
                time.sleep(_REREAD)
            for path, (seen, _) in list(waiting.items()):
                now = self._files.now(path)
                if now.digest != seen.digest:
                    waiting[path] = now, time.monotonic()

    def _is_settled(self, path: str, seen: Seen, since: float) -> bool:
        return time.monotonic() - since >= _patience(self._files.before(path), seen)

    def _publish(self, settled: dict[str, Seen]) -> None:
        changed = {path for path, seen in settled.items() if seen.digest != self._files.before(path).digest}
        for path, seen in settled.items():
            self._files.note(path, seen)
        if changed:
            with self._lock:
                self._changed |= changed
            self._tell()

    def _remember(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._files.note(path, self._files.now(path))

    def _announce_start(self) -> None:
        self._from_thread(self._ready)

    def _tell(self) -> None:
        if self._thread is not None:
            self._from_thread(self._news)

    def _from_thread(self, event: asyncio.Event) -> None:
        try:
            self._loop.call_soon_threadsafe(event.set)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._stopped = True


def _patience(before: Seen, now: Seen) -> float:
    if now.digest == before.digest:
        return 0.0
    if now.digest == GONE:
        return _PATIENCE["gone"]
    if now.is_empty:
        return _PATIENCE["empty"]
    return _PATIENCE["cut"] if before.ends_line and not now.ends_line else 0.0
