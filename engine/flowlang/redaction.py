"""Keeps secrets out of everything that leaves a run. This is the one place where that is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flowlang.values import plain

MASK: Final = "••••"

#: Shorter text is masked only where it is the whole value, so that a short password doesn't blank the output.
SHORTEST_INSIDE: Final = 4

#: So many characters of a longer secret give it away: servers repeat long values in their messages only in part.
LONGEST_SHOWN: Final = 32

_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(?:KEY|DSN)S?(?:_|$)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s:@]*:([^\s/?#]*)@")
_WORDS_THAT_SAY_NOTHING = frozenset({"", "true", "false", "null", "none", "yes", "no"})

_NOTHING: Final[frozenset[type]] = frozenset({bool, type(None)})
_NUMBERS: Final = _NOTHING | {int}
_ATOMS: Final = _NUMBERS | {str}
_KEYS_REMEMBERED = 1000


def is_secret_name(name: str) -> bool:
    """Whether a variable or key with this name holds a secret (`API_KEY`, `PGPASSWORD`, `GITHUB_TOKEN` …)."""
    return _SECRET_NAME.search(name) is not None


def url_passwords(text: str) -> list[str]:
    """The passwords inside the URLs of a text, as they are written there."""
    return _URL_PASSWORD.findall(text) if "://" in text else []


class Redactor:
    """Knows the secrets of a run and masks them.

    `redactor(value)` is the value as plain data (see `flowlang.values`) with every secret replaced by `••••`.
    Secrets may be added at any time; what was masked before stays as it was.
    """

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        self._whole: set[Any] = set()
        self._inside: set[str] = set()
        self._long: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._mask: Callable[[Any], Any] | None = None
        self._harmless_keys: set[str] = set()
        self._numbers = False
        #: Types whose values need neither masking nor conversion.
        self.harmless: frozenset[type] = _ATOMS
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Any) -> None:
        """Treat `secret`, in all the forms it takes in text, as secret; the leaves of a map or list each."""
        if isinstance(secret, Mapping):
            for item in secret.values():
                self.add(item)
        elif isinstance(secret, (list, tuple, set, frozenset)):
            for item in secret:
                self.add(item)
        elif isinstance(secret, bytes):
            self.add(secret.decode("utf-8", "replace"))
            self._add_text(plain(secret))
        elif secret is None or isinstance(secret, bool):
            return
        else:
            if not isinstance(secret, str):
                self._whole.add(secret)
                self._numbers = True
                self.harmless = _NOTHING
                self._mask = self._leaf
            self._add_text(plain(secret) if not isinstance(secret, str) else secret)

    def _add_text(self, secret: Any) -> None:
        text = str(secret)
        if text.lower() in _WORDS_THAT_SAY_NOTHING or text in self._whole:
            return
        self._whole.add(text)
        self._mask = self._leaf
        self.harmless = _NOTHING if self._numbers else _NUMBERS
        self._harmless_keys.clear()
        if len(text) < SHORTEST_INSIDE:
            return
        self._inside |= _forms(text)
        self._pattern = None

    def text(self, text: str) -> str:
        """`text` with every secret in it masked."""
        if self._mask is None:
            return text
        if text in self._whole:
            return MASK
        if not self._inside:
            return text
        if self._pattern is None:
            beginnings = {form[:LONGEST_SHOWN] for form in self._inside}
            longest_first = sorted(beginnings, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            self._long = sorted(form for form in self._inside if len(form) > LONGEST_SHOWN)
        return self._masked(text, self._pattern) if self._long else self._pattern.sub(MASK, text)

    def _masked(self, text: str, pattern: re.Pattern[str]) -> str:
        parts = []
        at = 0
        while (found := pattern.search(text, at)) is not None:
            parts += [text[at : found.start()], MASK]
            at = max([found.end(), *(_end(text, found.start(), form) for form in self._long)])
        return "".join([*parts, text[at:]])

    def quick(self, value: Any) -> Any:
        """The same as calling the redactor, quicker for the small flat maps that steps mostly exchange."""
        if type(value) is not dict:
            return plain(value, self._mask)
        if self._mask is None:
            for key, item in value.items():
                if type(item) not in _ATOMS or type(key) is not str:
                    return plain(value)
            return value.copy()
        harmless = self._harmless_keys
        for key, item in value.items():
            if type(item) not in self.harmless or key not in harmless:
                self._learn(value)
                return plain(value, self._mask)
        return value.copy()

    def _learn(self, value: dict[Any, Any]) -> None:
        if len(self._harmless_keys) < _KEYS_REMEMBERED:
            self._harmless_keys.update(key for key in value if type(key) is str and self.text(key) == key)

    def _leaf(self, value: Any) -> Any:
        if type(value) is str:
            return self.text(value)
        return MASK if value in self._whole else value

    def __call__(self, value: Any) -> Any:
        return plain(value, self._mask)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._whole)} secrets>"


def _end(text: str, start: int, secret: str) -> int:
    """Where the secret that begins at `start` ends, or stops being told; `start` if it doesn't begin there."""
    if text.startswith(secret, start):
        return start + len(secret)
    same = 0
    for character, expected in zip(text[start : start + len(secret)], secret, strict=False):
        if character != expected:
            break
        same += 1
    return start + same if same >= LONGEST_SHOWN else start


def _forms(secret: str) -> set[str]:
    """The spellings in which a secret turns up in messages: as it is, quoted for URLs, JSON, Python."""
    from json import dumps
    from urllib.parse import quote, quote_plus

    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    forms |= {dumps(secret)[1:-1], dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {re.sub(r"%[0-9A-F]{2}", lambda code: code.group().lower(), form) for form in forms}
    return {form for form in forms if len(form) >= SHORTEST_INSIDE}
