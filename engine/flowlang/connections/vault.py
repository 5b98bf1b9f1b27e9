"""The keys of a project's stored connections, and what is done with them.

A key comes from the environment variable `FLOWLANG_KEY` (a comma list: the first encrypts, the others only
decrypt), else from a file outside the project that only its owner can read. Fernet is what encrypts: AES in CBC
mode with HMAC-SHA256. `cryptography` is imported when something is encrypted or decrypted, and not before.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from flowlang.connections.atomic import locked, write_atomically
from flowlang.errors import ConfigurationError

VARIABLE: Final = "FLOWLANG_KEY"


class LockedError(ConfigurationError):
    """Stored connections cannot be read, because their key is not there or is another one."""


class KeyFileError(ConfigurationError):
    """The file with the key cannot be used as it is."""


class Vault:
    """Encrypts and decrypts for one project. Nothing is read before it is needed.

    `env` stands for the environment of the process.
    """

    def __init__(self, project: Path, project_id: str, env: Mapping[str, str] | None = None) -> None:
        self._env: Mapping[str, str] = os.environ if env is None else env
        self._project = project
        self.path = _folder(self._env) / project_id
        self._keys: tuple[str, ...] | None = None

    @property
    def from_environment(self) -> bool:
        """Whether the keys come from the environment variable, and no file is looked at."""
        return bool(self._env.get(VARIABLE, "").strip())

    @property
    def source(self) -> str:
        """Where the keys come from, for messages."""
        return VARIABLE if self.from_environment else str(self.path)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, that which encrypts first; none if there is no file yet. Raises KeyFileError."""
        if self._keys is None:
            self._keys = self._read()
        return self._keys

    def encrypt(self, content: bytes) -> str:
        """`content` as a token that the first key can decrypt."""
        from cryptography.fernet import Fernet

        if not self.keys:
            raise LockedError(f"there is no key at {self.source}")
        return Fernet(self.keys[0]).encrypt(content).decode("ascii")

    def decrypt(self, token: str) -> bytes | None:
        """What was encrypted with any of the keys, or None if it was none of them or the token was changed."""
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        if not self.keys:
            return None
        try:
            return MultiFernet([Fernet(key) for key in self.keys]).decrypt(token)
        except InvalidToken:
            return None

    def add_key(self) -> None:
        """Make a new key and write it to the file, before those that are there and still decrypt."""
        if self.from_environment:
            raise KeyFileError(
                f"the key comes from {VARIABLE}, which only you can change",
                hint=f"put a new key before the one that is there: {VARIABLE}=<new>,<old>",
            )
        self._change(lambda keys: (new_key(), *keys))

    def forget_old_keys(self) -> None:
        """Keep only the key that encrypts. What another one encrypted cannot be read any more."""
        self._change(lambda keys: keys[:1])

    def _change(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        """Write other keys to the file. Another copy of the project may be about to do the same."""
        folder = self.path.parent
        if Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(self._project)):
            raise KeyFileError(
                f"the key would lie in the project, at {self.path}, beside what it locks",
                hint="let XDG_CONFIG_HOME name a folder outside the project",
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(folder)
        with locked(self.path.with_suffix(".lock")):
            keys = change(self._read())
            write_atomically(self.path, "".join(f"{key}\n" for key in keys).encode("ascii"))
        self._keys = keys

    def _read(self) -> tuple[str, ...]:
        if self.from_environment:
            return _checked([key.strip() for key in self._env[VARIABLE].split(",") if key.strip()], VARIABLE)
        try:
            _private(self.path.parent)
            _private(self.path)
            text = self.path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise KeyFileError(f"the key file {self.path} cannot be read: {error.strerror}") from error
        return _checked(text.split(), str(self.path))


def new_key() -> str:
    """A fresh key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode("ascii")


def _folder(env: Mapping[str, str]) -> Path:
    given = env.get("XDG_CONFIG_HOME", "")
    config = Path(given) if os.path.isabs(given) else Path(env.get("HOME") or os.path.expanduser("~"), ".config")
    return config / "flowlang" / "keys"


def _checked(keys: Sequence[str], source: str) -> tuple[str, ...]:
    """The keys, if they are keys. A message never shows one."""
    for number, key in enumerate(keys, 1):
        try:
            fits = len(urlsafe_b64decode(key.encode("ascii"))) == 32
        except ValueError:
            fits = False
        if not fits:
            which = "the key" if len(keys) == 1 else f"key {number}"
            raise KeyFileError(
                f"{which} in {source} is no key: it takes 32 bytes as URL-safe base64, 44 characters",
                hint="`flowlang connection rotate-key --generate` prints a new one",
            )
    return tuple(keys)


def _private(path: Path) -> None:
    """Refuse what others than its owner could read, or could have written."""
    status = path.stat()
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyFileError(f"{path} belongs to somebody else", hint="keep keys in a folder of your own")
    if status.st_mode & 0o077:
        mode = "700" if path.is_dir() else "600"
        raise KeyFileError(
            f"{path} can be read by others than its owner (mode {status.st_mode & 0o777:o})",
            hint=f"chmod {mode} {path}; if others may have read it, then run `flowlang connection rotate-key` too",
        )
