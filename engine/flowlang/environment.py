"""The environment of a run: the process's own variables, then those of `.env` files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from os import PathLike
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from flowlang.errors import ConfigurationError
from flowlang.redaction import is_secret_name, url_passwords

if TYPE_CHECKING:
    from flowlang.dotenv import Dotenv

_Path = str | PathLike[str]
_Stamp = tuple[int, ...]

_read: dict[str, tuple[_Stamp, Dotenv]] = {}


class Environment(Mapping[str, str]):
    """Variables by name. `problems` are sentences about the `.env` files, each with its place."""

    __slots__ = ("_base", "_values", "problems")

    def __init__(
        self, values: Mapping[str, str], base: Mapping[str, str] | None = None, problems: tuple[str, ...] = ()
    ) -> None:
        """Variables of `base` (the process's own, if None) go before `values`."""
        self._values = values
        self._base = os.environ if base is None else base
        self.problems = problems

    @classmethod
    def load(
        cls,
        folder: _Path,
        root: _Path | None = None,
        env_file: _Path | None = None,
        base: Mapping[str, str] | None = None,
    ) -> Environment:
        """The environment of a flow in `folder`, of the project in `root`.

        A variable is taken from `base` (the process's own environment, if None), else from `env_file`, else
        from `.env` in `folder`, else from `.env` in `root`. Files are read again only when they have changed.
        Raises ConfigurationError when `env_file` doesn't exist.
        """
        base = os.environ if base is None else base
        beside = os.path.join(folder, ".env")
        files = [] if root is None else [os.path.join(root, ".env")]
        if beside not in files:
            files.append(beside)
        values: dict[str, str] = {}
        problems: tuple[str, ...] = ()
        for path in files:
            content = _content(path)
            if content is not None:
                content.add_to(values, base)
                problems += content.problems
        if env_file is not None:
            content = _content(os.path.abspath(env_file))
            if content is None:
                raise ConfigurationError(f"there is no file {os.fspath(env_file)} to read variables from")
            content.add_to(values, base)
            problems += content.problems
        return cls(values, base, problems)

    def __getitem__(self, name: str) -> str:
        try:
            return self._base[name]
        except KeyError:
            return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._base or name in self._values

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from (name for name in self._values if name not in self._base)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Environment of {len(self)} variables>"

    def secrets(self) -> list[str]:
        """What must not be shown: values of variables whose name says so, and the passwords of URLs in any."""
        return list(_secrets_of(tuple({**self._values, **self._base}.items())))


def read_dotenv(path: _Path) -> dict[str, str]:
    """The variables of a `.env` file, expanded by themselves alone; of a missing or broken one what there is."""
    from flowlang.dotenv import read_file

    values: dict[str, str] = {}
    read_file(path).add_to(values, {})
    return values


def _content(path: str) -> Dotenv | None:
    """What the file holds, read again only when it has changed; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        _read.pop(path, None)
        return None
    # a virtual environment is often called .env
    if S_ISDIR(status.st_mode):
        return None
    # what comes through a pipe can be read only once, and its size and times say nothing
    regular = S_ISREG(status.st_mode)
    stamp = (status.st_ino, status.st_mtime_ns, status.st_size) if regular else (status.st_ino,)
    known = _read.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    from flowlang.dotenv import read_file  # most projects have no .env: keep its patterns off the start-up path

    content = read_file(path)
    _read[path] = (stamp, content)
    return content


@lru_cache(maxsize=16)
def _secrets_of(variables: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name, value in variables:
        if value and is_secret_name(name):
            found[value] = None
        for password in url_passwords(value):
            found[password] = None
            if "%" in password:
                from urllib.parse import unquote

                found[unquote(password)] = None
    return tuple(found)
