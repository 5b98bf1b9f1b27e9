"""What the workbench remembers: for each project its arrangement and the like, for the person the theme."""

from __future__ import annotations

import json
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

_FOLDER = "flowlang-tui"


def config_folder() -> Path:
    """Where a person's own themes and keys are: `$XDG_CONFIG_HOME/flowlang-tui`."""
    return _home("XDG_CONFIG_HOME", ".config") / _FOLDER


def state_folder() -> Path:
    """Where the workbench keeps what it remembers: `$XDG_STATE_HOME/flowlang-tui`."""
    return _home("XDG_STATE_HOME", ".local/state") / _FOLDER


class Preferences:
    """A JSON file of values by name. Never give it a secret.

    A file that is missing, broken or not for us is taken for an empty one, and a value that cannot be written is
    remembered until the program ends: nobody should be kept from working by that. `problem` says why it was so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._values = self._read()

    @classmethod
    def of_project(cls, folder: str | os.PathLike[str]) -> Preferences:
        """What is remembered for the project in a folder."""
        name = sha256(os.path.realpath(folder).encode("utf-8", "surrogateescape")).hexdigest()[:20]
        return cls(state_folder() / f"{name}.json")

    @classmethod
    def of_person(cls) -> Preferences:
        """What is remembered for all projects."""
        return cls(state_folder() / "person.json")

    def get(self, name: str, default: Any = None) -> Any:
        """A value, as it was read when the program started or set since."""
        return self._values.get(name, default)

    def set(self, name: str, value: Any) -> None:
        """Remember a value that JSON can hold. What another workbench wrote under other names stays."""
        self._values[name] = value
        try:
            self._write({**self._read(), name: value})
        except OSError as error:
            self.problem = f"{self.path} cannot be written: {error.strerror}"

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problem = f"{self.path} cannot be read: {error.strerror}"
            return {}
        except (ValueError, RecursionError):
            self.problem = f"{self.path} is no JSON and will be replaced"
            return {}
        return values if isinstance(values, dict) else {}

    def _write(self, values: dict[str, Any]) -> None:
        text = json.dumps(values, indent=1, sort_keys=True)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, new = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=".tmp")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(new, self.path)
        except OSError:
            os.unlink(new)
            raise


def _home(variable: str, otherwise: str) -> Path:
    # a relative path there is to be ignored: XDG Base Directory Specification
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home() / otherwise
