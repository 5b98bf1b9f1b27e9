"""Files that are open: what is in the editor, what is on the disk, and whether the two agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Final, Literal

from flowlang.errors import FlowLangError
from flowlang.language.diagnostics import Diagnostic

Language = Literal["yaml", "python", "json", "text"]

#: A file with more bytes than this is not opened.
MOST_BYTES: Final = 20_000_000

_LANGUAGES: Final[dict[str, Language]] = {".yaml": "yaml", ".yml": "yaml", ".py": "python", ".json": "json"}


class DocumentError(FlowLangError):
    """A file could not be read, or not be written."""


class Document:
    """A file that is open.

    `text` is what the editor shows, with `\\n` between lines; `newline` is what ends them in the file. `saved` is
    the text that the file had when it was read or written last, and `on_disk` what it has now if that is another
    one and there are changes here: then somebody has to choose.
    """

    __slots__ = ("mark", "newline", "on_disk", "path", "problems", "saved", "text", "version")

    def __init__(self, path: Path, text: str, newline: str = "\n", mark: bytes = b"") -> None:
        self.path = path
        self.text = text
        self.saved = text
        self.newline = newline
        self.mark = mark
        self.on_disk: str | None = None
        self.problems: list[Diagnostic] = []
        self.version = 0

    @property
    def is_changed(self) -> bool:
        """Whether there are changes that the file doesn't have."""
        return self.text != self.saved

    @property
    def language(self) -> Language:
        """How the text is to be read."""
        return _LANGUAGES.get(self.path.suffix.lower(), "text")

    @property
    def in_conflict(self) -> bool:
        """Whether the file was changed by somebody else while there are changes here."""
        return self.on_disk is not None

    def edit(self, text: str) -> bool:
        """Take over what the editor has; whether that is something else."""
        if text == self.text:
            return False
        self.text = text
        self.version += 1
        return True

    @property
    def content(self) -> bytes:
        """What saving would write."""
        return self.mark + self.text.replace("\n", self.newline).encode("utf-8", "surrogatepass")

    def save(self) -> None:
        """Write the text to the file. Raises DocumentError; the text is kept."""
        from flowlang.connections.atomic import write_atomically

        try:
            write_atomically(self.path, self.content, 0o644)
        except OSError as error:
            raise DocumentError(
                f"{self.path} cannot be written: {error.strerror}", hint="the changes are still here: save elsewhere"
            ) from error
        self.saved, self.on_disk = self.text, None

    def look(self) -> bool:
        """See whether the file has another text now. Without changes here it is taken over; whether it was."""
        try:
            text, newline, mark = read(self.path)
        except DocumentError:
            return False
        if text == self.saved:
            self.on_disk = None
            return False
        if self.is_changed and text != self.text:
            self.on_disk = text
            return False
        self._take(text, newline, mark)
        return True

    def take_theirs(self) -> None:
        """Give up the changes here for what the file has now."""
        if self.on_disk is not None:
            self._take(self.on_disk, self.newline, self.mark)

    def keep_mine(self) -> None:
        """Stay with the changes here; saving will replace what the file has now."""
        if self.on_disk is not None:
            self.saved, self.on_disk = self.on_disk, None

    def difference(self) -> str:
        """What saving would change in the file, as a unified diff."""
        before = self.saved if self.on_disk is None else self.on_disk
        lines = unified_diff(
            before.splitlines(), self.text.splitlines(), f"{self.path.name} on disk", f"{self.path.name} here", n=2
        )
        return "\n".join(line.rstrip("\n") for line in lines)

    def _take(self, text: str, newline: str, mark: bytes) -> None:
        self.text = self.saved = text
        self.newline, self.mark, self.on_disk = newline, mark, None
        self.version += 1


class Documents:
    """The open files, in the order in which they were opened."""

    def __init__(self) -> None:
        self._open: dict[Path, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, path: Path) -> Document | None:
        """The document of a file, if it is open."""
        return self._open.get(_true(path))

    def open(self, path: Path) -> Document:
        """The document of a file. Raises DocumentError if it cannot be read as text."""
        path = _true(path)
        known = self._open.get(path)
        if known is None:
            known = self._open[path] = Document(path, *read(path))
        return known

    def bring_back(self, path: Path, base: str, text: str) -> Document:
        """The document of a file with changes that were made to another text of it, or to a file that is gone."""
        try:
            document = self.open(path)
        except DocumentError:
            document = self._open[_true(path)] = Document(_true(path), base, "\n", b"")
        document.saved = base
        document.edit(text)
        document.look()
        return document

    def close(self, path: Path) -> None:
        """Forget a document, with the changes in it."""
        self._open.pop(_true(path), None)

    @property
    def changed(self) -> list[Document]:
        """Those that have changes that are not saved."""
        return [document for document in self if document.is_changed]


def read(path: Path) -> tuple[str, str, bytes]:
    """A file's text with `\\n` between lines, what ends its lines, and its byte order mark. Raises DocumentError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DocumentError(f"{path} has more than {MOST_BYTES // 1_000_000} MB", hint="open it in another editor")
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = content[len(mark) :].decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path} is not text in UTF-8 (byte {error.start})") from error
    newline = "\r\n" if text.count("\r\n") > text.count("\n") / 2 else "\n"
    return text.replace("\r\n", "\n"), newline, mark


def _true(path: Path) -> Path:
    return Path(os.path.abspath(path))
