"""The connections that a project keeps, in `.flowlang/connections.enc`.

The file is JSON. The name and type of each connection are readable, so that a flow can be checked without the
key; everything else is one token per connection, with the project, id, name and type inside once more, so that a
token that was moved to another entry or project is noticed. A file that cannot be read is never written to.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from flowlang.connections.atomic import locked, write_atomically
from flowlang.connections.project import store_path
from flowlang.connections.records import ProjectConnection, from_dict, now
from flowlang.connections.vault import VARIABLE, LockedError, Vault
from flowlang.errors import ConfigurationError
from flowlang.language.diagnostics import nearest

VERSION: Final = 1

_LOCK: Final = "connections.lock"
_IGNORED: Final = f"{_LOCK}\nconnections.db*\n"
_NAME_LENGTH: Final = 100

State = Literal["open", "locked", "damaged"]
Change = Callable[[ProjectConnection], ProjectConnection]


class StoreError(ConfigurationError):
    """The project's connections cannot be used, or not in this way."""


class Entry(NamedTuple):
    """A stored connection as it can be read without the key."""

    id: str
    name: str
    type: str
    token: str


class Rotation(NamedTuple):
    """What a change of the key did: how many connections have the new one, and which stayed locked."""

    renewed: int
    locked: list[str]


class Store:
    """The connections of the project in `root`. `env` stands for the environment of the process."""

    def __init__(self, root: Path, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.path = Path(store_path(root))
        self.env = env
        self._stamp: tuple[int, ...] | None = None
        self._content = _Content("", {})

    def entries(self) -> list[Entry]:
        """Every stored connection, by name; of a project that keeps none an empty list. Needs no key."""
        return sorted(self._read().entries.values(), key=lambda entry: entry.name.lower())

    def names(self) -> list[str]:
        """The names of the connections."""
        return [entry.name for entry in self.entries()]

    def entry(self, name: str) -> Entry | None:
        """What can be read of a connection without the key, or None if there is none of this name."""
        return self._read().entries.get(name)

    def get(self, name: str) -> ProjectConnection:
        """A connection with everything in it.

        Raises StoreError for a name that nothing has or an entry that was tampered with, and LockedError.
        """
        content = self._read()
        while True:
            entry = self._known(name, content)
            record = self._opened(entry, self._vault(content), content)
            if record is not None:
                return record
            # the key may have been rotated, and the old one forgotten, since the file was read
            content = self._read(afresh=True)
            if content.entries.get(name) == entry:
                raise self._locked([name], content)

    def key_source(self) -> str:
        """Where the key comes from: the name of the environment variable, or the path of the file."""
        return self._vault(self._read()).source

    def keys(self) -> tuple[str, ...]:
        """The keys of this store: secrets, wherever they turn up."""
        return self._vault(self._read()).keys

    def state(self, name: str) -> State:
        """Whether a connection can be read: `damaged` ones were changed from outside, or moved."""
        try:
            self.get(name)
        except ConfigurationError as error:
            return state_of(error)
        return "open"

    def add(self, connection: ProjectConnection) -> ProjectConnection:
        """Keep a new connection, and give back the record as it is kept. Makes the store if there is none."""
        check_name(connection.name)
        with self._changing(create=True) as content:
            self._free(connection.name, content)
            vault = self._writable(content)
            if not vault.keys:
                vault.add_key()
            return self._put(replace(connection, project_id=content.project_id), vault, content)

    def update(self, name: str, change: Change) -> ProjectConnection:
        """Replace a connection by what `change` makes of it; its name may be another one then."""
        with self._changing() as content:
            entry = self._known(name, content)
            vault = self._writable(content)
            record = self._opened(entry, vault, content)
            if record is None:
                raise self._locked([name], content)
            changed = replace(change(record), id=record.id, project_id=content.project_id, updated_at=now())
            if changed.name != name:
                del content.entries[name]
                self._free(changed.name, content)
            return self._put(changed, vault, content)

    def remove(self, name: str) -> None:
        """Forget a connection. Needs no key: that is the way out when it is lost."""
        with self._changing() as content:
            self._known(name, content)
            del content.entries[name]
            self._write(content)

    def rotate_key(self, *, forget_old: bool = False) -> Rotation:
        """Encrypt every connection anew: with a new key, or with the first one of the environment variable.

        Old keys stay in the file and go on to decrypt, for other copies of the project, until they are
        forgotten. A crash at any point leaves everything readable: the new key is written before anything
        that it encrypts, and an old one is forgotten after the last thing that needs it.
        """
        with self._changing() as content:
            vault = self._writable(content)
            if vault.from_environment and len(vault.keys) == 1:
                raise StoreError(
                    f"{VARIABLE} holds only the key that is in use",
                    hint=f"put a new one before it, as {VARIABLE}=<new>,<old>; `flowlang connection rotate-key "
                    "--generate` prints one",
                )
            readable = {name: vault.decrypt(entry.token) for name, entry in content.entries.items()}
            shut = [name for name, plain in readable.items() if plain is None]
            if forget_old and shut:
                raise self._locked(shut, content)
            if not vault.from_environment:
                vault.add_key()
            for name, plain in readable.items():
                if plain is not None:
                    content.entries[name] = content.entries[name]._replace(token=vault.encrypt(plain))
            self._write(content)
            if forget_old and not vault.from_environment:
                vault.forget_old_keys()
            return Rotation(len(readable) - len(shut), shut)

    @contextmanager
    def _changing(self, *, create: bool = False) -> Iterator[_Content]:
        """The content to change and write, while nobody else does."""
        if not create and not self.path.exists():
            raise self._unknown("", self._read())
        self._make_folder()
        with locked(self.path.parent / _LOCK):
            content = self._read(afresh=True).copy()
            if not content.project_id:
                content = _Content(uuid4().hex, {})
            yield content

    def _make_folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")

    def _read(self, *, afresh: bool = False) -> _Content:
        """What is in the file, read again only when it has changed, or `afresh`."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return _Content("", {})
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if afresh or stamp != self._stamp:
            self._content = _parsed(self.path)
            self._stamp = stamp
        return self._content

    def _write(self, content: _Content) -> None:
        write_atomically(self.path, content.to_json().encode("utf-8"))
        self._stamp = None

    def _vault(self, content: _Content) -> Vault:
        return Vault(self.root, content.project_id, self.env)

    def _writable(self, content: _Content) -> Vault:
        """The vault, if its key is the one of this store: a second key beside the first would help nobody."""
        vault = self._vault(content)
        if content.entries and all(vault.decrypt(entry.token) is None for entry in content.entries.values()):
            raise self._locked(list(content.entries), content)
        return vault

    def _opened(self, entry: Entry, vault: Vault, content: _Content) -> ProjectConnection | None:
        """The record of an entry, or None if no key opens it."""
        plain = vault.decrypt(entry.token)
        if plain is None:
            return None
        record = from_dict(json.loads(plain))
        written = (record.project_id, record.id, record.name, record.connection_type)
        if written != (content.project_id, entry.id, entry.name, entry.type):
            raise StoreError(
                f"the stored connection `{entry.name}` was tampered with: what is encrypted there belongs to another "
                "name, type or project",
                hint=f"restore {self.path}, or remove the connection and add it again",
            )
        return record

    def _put(self, record: ProjectConnection, vault: Vault, content: _Content) -> ProjectConnection:
        plain = json.dumps(record.to_dict(), ensure_ascii=False).encode("utf-8")
        content.entries[record.name] = Entry(record.id, record.name, record.connection_type, vault.encrypt(plain))
        self._write(content)
        return record

    def _known(self, name: str, content: _Content) -> Entry:
        if name in content.entries:
            return content.entries[name]
        raise self._unknown(name, content)

    def _unknown(self, name: str, content: _Content) -> StoreError:
        if not content.entries:
            return StoreError(
                f"the project {self.root} keeps no connections", hint="`flowlang connection add NAME` adds one"
            )
        near = nearest(name, content.entries)
        there_are = ", ".join(f"`{known}`" for known in sorted(content.entries))
        meant = f"did you mean `{near}`? " if near else ""
        return StoreError(f"the project keeps no connection called `{name}`", hint=f"{meant}There are {there_are}.")

    def _free(self, name: str, content: _Content) -> None:
        check_name(name)
        taken = next((known for known in content.entries if known.lower() == name.lower()), None)
        if taken is not None:
            raise StoreError(f"the project keeps a connection called `{taken}` already", hint="choose another name")

    def _locked(self, names: list[str], content: _Content) -> LockedError:
        vault = self._vault(content)
        what = f"`{names[0]}` is" if len(names) == 1 else f"{len(names)} of the project's connections are"
        why = f"no key in {vault.source} opens them" if vault.keys else f"there is no key at {vault.source}"
        return LockedError(
            f"{what} locked: {why.replace('them', 'it') if len(names) == 1 else why}",
            hint=f"put the key back there, or set {VARIABLE} to it. A key that is lost for good cannot be replaced: "
            f"then `flowlang connection remove {names[0]!r}` and add the connection again",
        )


class _Content:
    """What is in the file: the project's id, which is empty where there is no file, and the entries by name."""

    __slots__ = ("entries", "project_id")

    def __init__(self, project_id: str, entries: dict[str, Entry]) -> None:
        self.project_id = project_id
        self.entries = entries

    def copy(self) -> _Content:
        return _Content(self.project_id, dict(self.entries))

    def to_json(self) -> str:
        data: dict[str, Any] = {
            "version": VERSION,
            "project_id": self.project_id,
            "connections": [entry._asdict() for entry in sorted(self.entries.values(), key=lambda entry: entry.name)],
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def state_of(error: ConfigurationError) -> State:
    """The state of a connection that could not be read for this reason."""
    return "damaged" if isinstance(error, StoreError) else "locked"


def check_name(name: str) -> None:
    """Raise StoreError for what cannot be the name of a connection."""
    fits = name == name.strip() and 0 < len(name) <= _NAME_LENGTH and name.isprintable() and "${" not in name
    if not fits:
        raise StoreError(
            f"{name!r} cannot be the name of a connection",
            hint=f"a name is 1 to {_NAME_LENGTH} printable characters, such as `Production PostgreSQL`",
        )


def _parsed(path: Path) -> _Content:
    try:
        data = json.loads(path.read_bytes())
        version = data["version"]
        if isinstance(version, int) and version > VERSION:
            raise StoreError(f"{path} was written by a later version of flowlang", hint="update flowlang-tui")
        project_id, found = data["project_id"], [Entry(**entry) for entry in data["connections"]]
        whole = isinstance(project_id, str) and all(isinstance(field, str) for entry in found for field in entry)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole or re.fullmatch("[0-9a-f]{32}", project_id) is None:
        raise StoreError(
            f"{path} is damaged, and nothing was changed", hint="restore the file, or move it away and start anew"
        )
    return _Content(project_id, {entry.name: entry for entry in found})
