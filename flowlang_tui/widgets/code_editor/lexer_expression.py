"""Tokens of expressions, and of text with `${…}` in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from flowlang.language.pieces import piece_at
from flowlang.language.vocabulary import RESERVED, ROOTS
from flowlang_tui.widgets.code_editor.lexer import Token, TokenKind

#: Appends the tokens of the stretch of a line between two columns.
Fill = Callable[[str, int, int, list[Token]], None]

_CONSTANTS: Final = frozenset({"true", "false", "null", "True", "False", "None"})
_WORDS: Final = RESERVED - _CONSTANTS - ROOTS.keys()

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?)
    |(?P<number>(?<![\w.])\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<operator>&&|\|\||[=!<>]=|//|[-+*/%<>=!|?])
    |(?P<punctuation>[()\[\]{},:.])""",
    re.VERBOSE,
)
_KINDS: Final[dict[str, TokenKind]] = {
    "string": "string",
    "number": "number",
    "operator": "operator",
    "punctuation": "punctuation",
}
_CALL = re.compile(r"\s*\(")
_FILTER = re.compile(r"(?<!\|)\|\s*\Z")


def expression(line: str, start: int, end: int, tokens: list[Token]) -> None:
    """The tokens of the inside of an expression."""
    for found in _TOKEN.finditer(line, start, end):
        kind = _KINDS.get(found.lastgroup or "") or _kind_of_word(line, found, start, end)
        tokens.append(Token(found.start(), found.end(), kind))


def _kind_of_word(line: str, found: re.Match[str], start: int, end: int) -> TokenKind:
    word = found.group()
    if line[max(start, found.start() - 1) : found.start()] == ".":
        return "name"
    if word in _CONSTANTS:
        return "constant"
    if word in _WORDS:
        return "operator"
    if _CALL.match(line, found.end(), end) or _FILTER.search(line, max(start, found.start() - 8), found.start()):
        return "function"
    return "variable" if word in ROOTS else "name"


def template(fill: Fill) -> Fill:
    """`fill` for the text around the `${…}` of a stretch; what is inside of them is an expression."""

    def filled(line: str, start: int, end: int, tokens: list[Token]) -> None:
        position = start
        while (opening := line.find("${", position, end)) >= 0:
            position = opening + 2
            if opening > start and line[opening - 1] == "$":
                continue
            if opening > start:
                fill(line, start, opening, tokens)
            start = position = embedded(line, opening, end, tokens)
        if end > start:
            fill(line, start, end, tokens)

    return filled


def embedded(line: str, opening: int, end: int, tokens: list[Token]) -> int:
    """The tokens of the `${…}` that starts at `opening`; the column after it."""
    piece = piece_at(line[:end], opening + 2)
    tokens.append(Token(opening, opening + 2, "brace"))
    expression(line, opening + 2, piece.end, tokens)
    if not piece.closed:
        return end
    tokens.append(Token(piece.end, piece.end + 1, "brace"))
    return piece.end + 1


def all_of(kind: TokenKind) -> Fill:
    """The whole stretch is one token."""
    return lambda line, start, end, tokens: tokens.append(Token(start, end, kind))


def nothing(line: str, start: int, end: int, tokens: list[Token]) -> None:
    """Text without tokens."""
