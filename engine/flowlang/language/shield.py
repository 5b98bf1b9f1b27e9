"""Makes `${…}` safe for YAML without moving anything.

Plain YAML stumbles over the braces, brackets, commas, colons and hash signs of an expression that stands unquoted.
The shield replaces each of them by a private-use character that the text doesn't contain, one for one, so that every
line and column stays true; what is read afterwards gets the real characters back. Quotes and backslashes stay as they
are, for an expression inside a quoted scalar keeps its escapes. Also shielded are the line separators that
YAML 1.1 counts as line breaks and nobody else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_IN_EXPRESSIONS: Final = "{}[],:#"
_ANYWHERE: Final = "\x85\u2028\u2029\ufeff"

#: So many `${` of a line may be without an end before the rest of the line is left alone.
_MAX_OPEN: Final = 3

_SIMPLE = re.compile(r"\$\{([\w. ]*+)\}")
_FLAT = re.compile(r"""\$\{[^{}'"\\\n]*+\}""")
_TOKEN = re.compile(r"""[{}\n]|\\"(?:[^"\\\n]|\\[^"\n])*+\\"|"(?:[^"\\\n]|\\[^\n])*+"|'(?:[^'\\\n]|\\[^\n])*+'|["']""")


class Shield:
    """The shielded form of one text, and the way back."""

    __slots__ = ("_back", "_hidden", "mark", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        #: The character that every shielded expression contains; empty when there is none.
        self.mark = ""
        self._back: dict[int, str] = {}
        self._hidden = False
        self._hide_separators()
        if "${" in text:
            self._hide_expressions()

    def _hide_separators(self) -> None:
        if self.text.isascii() or not any(separator in self.text for separator in _ANYWHERE):
            return
        table = self._table(_ANYWHERE)
        if table:
            self._hidden = True
            self.text = self.text.translate(table)

    def _hide_expressions(self) -> None:
        table = self._table(_IN_EXPRESSIONS)
        if not table:
            return
        self.mark = table[ord("{")]
        text = _SIMPLE.sub(rf"${table[ord('{')]}\1{table[ord('}')]}", self.text)
        if "${" in text:
            text = _FLAT.sub(lambda found: found.group().translate(table), text)
        if "${" in text:
            text = _hide_nested(text, table)
        self.text = text

    def _table(self, characters: str) -> dict[int, str]:
        """A placeholder for each of `characters`, or nothing if the text uses up all there could be."""
        free = _unused(self.text)
        table = {ord(character): next(free, "") for character in characters}
        if not all(table.values()):
            return {}
        self._back.update((ord(placeholder), chr(character)) for character, placeholder in table.items())
        return table

    def restore(self, text: str) -> str:
        """`text`, read from the shielded text, with the real characters."""
        return text.translate(self._back) if self._back else text

    @property
    def everywhere(self) -> bool:
        """Whether a text without an expression may contain placeholders too."""
        return self._hidden


def _hide_nested(text: str, table: dict[int, str]) -> str:
    """Hide the expressions that have braces or quotes inside."""
    parts: list[str] = []
    done = unclosed = 0
    line_end = -1
    start = text.find("${")
    while start >= 0:
        if start > line_end:
            line_end = text.find("\n", start) % (len(text) + 1)
            unclosed = 0
        end = _closing(text, start + 1)
        if end is not None:
            parts += text[done:start], text[start:end].translate(table)
            done = end
        else:
            unclosed += 1
        onward = end or (start + 2 if unclosed < _MAX_OPEN else line_end)
        start = text.find("${", onward)
    return "".join((*parts, text[done:]))


def _closing(text: str, start: int) -> int | None:
    """Where the brace that opens at `start` is closed, in the same line and outside of quotes."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        kind = token.group()
        if kind == "{":
            depth += 1
        elif kind == "}":
            depth -= 1
            if depth == 0:
                return token.end()
        elif len(kind) == 1:
            return None
    return None


def _unused(text: str) -> Iterator[str]:
    plain = text.isascii()
    for first, last in ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)):
        for code in range(first, last + 1):
            if plain or chr(code) not in text:
                yield chr(code)
