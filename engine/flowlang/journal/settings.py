"""What a project says of its journal, under `journal:` in `flowlang.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowlang.errors import ConfigurationError

FILE: Final = "flowlang.yaml"

_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(B|KB|MB|GB)?\s*", re.IGNORECASE)
_UNITS: Final = {"B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How much is kept. Sizes are bytes of JSON.

    `keep_runs` and `keep_days` are limits at which old runs go, 0 is no limit. Values over `inline_limit` are
    kept beside the run's lines, equal ones once; values over `value_limit` are not kept.
    """

    enabled: bool = True
    keep_runs: int = 1000
    keep_days: int = 90
    inline_limit: int = 64_000
    value_limit: int = 16_000_000


DEFAULTS: Final = Settings()
_KEYS: Final = tuple(Settings.__dataclass_fields__)


def read_settings(root: Path) -> Settings:
    """The settings of a project. Raises ConfigurationError that names the file and what is wrong in it."""
    path = root / FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return DEFAULTS
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if "journal" not in text:
        return DEFAULTS
    return _settings(_section(text, path), path)


def _section(text: str, path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(text)
    # a date or a number that there cannot be is a plain ValueError
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no YAML: {error}", hint="mend it, or remove it") from error
    section = content.get("journal") if isinstance(content, dict) else None
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise ConfigurationError(f"{path}: `journal` must be a map of settings", hint=f"known are {', '.join(_KEYS)}")
    return section


def _settings(section: dict[str, Any], path: Path) -> Settings:
    found: dict[str, Any] = {}
    for name, value in section.items():
        if name not in _KEYS:
            raise ConfigurationError(f"{path}: `journal` has no setting `{name}`{_suggestion(name)}")
        read = _READERS[name](value)
        if read is None:
            raise ConfigurationError(f"{path}: `journal.{name}` must be {_WANTED[name]}, not {value!r}")
        found[name] = read
    return Settings(**found)


def _suggestion(name: Any) -> str:
    from flowlang.language.diagnostics import nearest

    near = nearest(str(name), _KEYS)
    return f"; did you mean `{near}`?" if near else f"; known are {', '.join(_KEYS)}"


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _size(value: Any) -> int | None:
    if type(value) is int:
        return value if value > 0 else None
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else int(float(found[1]) * _UNITS[(found[2] or "B").upper()]) or None


_READERS: Final = {
    "enabled": _flag,
    "keep_runs": _number,
    "keep_days": _number,
    "inline_limit": _size,
    "value_limit": _size,
}
_SIZE_WANTED: Final = "a size, such as `64 KB` or `16 MB`"
_WANTED: Final = {
    "enabled": "true or false",
    "keep_runs": "a whole number from 0, where 0 is no limit",
    "keep_days": "a whole number from 0, where 0 is no limit",
    "inline_limit": _SIZE_WANTED,
    "value_limit": _SIZE_WANTED,
}
