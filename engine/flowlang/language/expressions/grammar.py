"""Reads the text of one expression into Python's syntax tree, in which everything else is then looked for.

Python's parser does the work; this module spells our own operators in its way first (`&&`, `||`, `!`, `.*`, names
that are words of Python), and tells in plain sentences what it could not read. Every place is one in the original text.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from functools import lru_cache
from keyword import kwlist
from typing import Final, NamedTuple

from flowlang.language.pieces import MAX_CHARACTERS, MAX_DEPTH

#: The field that stands for `.*` in the tree.
PLUCK: Final = "__kw_*"

_OUR_WORDS = frozenset({"and", "or", "not", "in", "if", "else", "is", "True", "False", "None"})
_PYTHON_WORDS = frozenset(kwlist)
_PREFIX = "__kw_"
_PLUCKED = f"{_PREFIX}pluck"

_TOKEN = re.compile(
    r"""
    (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<number> (?: 0[xXoObB][\da-fA-F_]+ | \d[\d_]*\.?[\d_]*(?:[eE][+-]?\d+)? ) )
    | (?P<word> [^\W\d]\w* )
    | (?P<pluck> \.\s*\* )
    | (?P<and> && )
    | (?P<or> \|\| )
    | (?P<not> !(?!=) )
    | (?P<blank> [^\S ] )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<bad> \$\{ | ["'#\\$?`;~@] )
    | (?P<other> [^\w"'#\\$?`;~@()\[\]{}&|!.\s]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_UNKNOWN_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = frozenset("\\'\"abfnrtv01234567xNuU")

_NOT_OURS = {
    "is": "`is` is no operator here: use `==`",
    "lambda": "an expression can't define functions",
    "for": "an expression can't loop: use `.*` to read a field of every item, or a `for_each` step",
    "await": "an expression can't wait for anything",
    "yield": "an expression can't do this",
    "import": "an expression can't import anything",
    "while": "an expression can't loop",
}


class Misread(NamedTuple):
    """Why a text is no expression, and the stretch where that shows."""

    message: str
    start: int
    end: int
    code: str = "expression-syntax"


class Parsed:
    """A text that could be read, with the way back from the tree to the text."""

    __slots__ = ("_bases", "_encoded", "_places", "python", "text", "tree")

    def __init__(self, text: str, python: str, moves: list[tuple[int, int]], tree: ast.expr) -> None:
        self.text = text
        self.python = python
        self.tree = tree
        self._bases = [base for base, _ in moves]
        self._places = [place for _, place in moves]
        self._encoded = None if python.isascii() else python.encode()

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Where a node stands in the original text."""
        end = node.end_col_offset
        return self.start(node), self._place(node.col_offset if end is None else end)

    def start(self, node: ast.expr) -> int:
        """Where a node begins in the original text."""
        return self._place(node.col_offset)

    def _place(self, offset: int) -> int:
        if self._encoded is not None:
            offset = len(self._encoded[:offset].decode())
        return _original(offset, self._bases, self._places)


def _original(offset: int, bases: list[int], places: list[int]) -> int:
    index = bisect_right(bases, offset) - 1
    return places[index] + offset - bases[index]


def parse(text: str) -> Parsed | Misread:
    """Read the text of one expression."""
    if len(text) > MAX_CHARACTERS:
        message = f"an expression has at most {MAX_CHARACTERS:,} characters; this one has {len(text):,}"
        return Misread(message, 0, len(text), "expression-limit")
    return _parse_short(text) if len(text) <= 200 else _parse(text)


def _parse(text: str) -> Parsed | Misread:
    if not text.strip():
        return Misread("the expression is empty", 0, len(text), "empty-expression")
    spelled = _spelled(text)
    if isinstance(spelled, Misread):
        return spelled
    python, moves = spelled
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError as error:
        bases, places = [base for base, _ in moves], [place for _, place in moves]
        # Without an offset, or on a line of its own, the problem is the end of the text.
        at = (error.offset or 0) - 1
        if at < 0 or at > len(python) or error.lineno != 1:
            at = len(python)
        return _explained(error, text, min(_original(at, bases, places), len(text)))
    except ValueError:
        return Misread("the expression has a character in it that is no text", 0, len(text))
    except (MemoryError, RecursionError):
        return Misread("the expression nests too deep", 0, len(text), "expression-limit")
    return Parsed(text, python, moves, tree)


_parse_short = lru_cache(maxsize=2048)(_parse)


def word_of(name: str) -> str:
    """A name of the tree as its author wrote it."""
    if name == _PLUCKED:
        return PLUCK
    return name.removeprefix(_PREFIX)


def _spelled(text: str) -> tuple[str, list[tuple[int, int]]] | Misread:
    """The text as Python spells it, with pairs of places in that and in the original where the two part."""
    start = len(text) - len(text.lstrip())
    parts: list[str] = []
    moves = [(0, start)]
    length = 0
    depth = 0
    text_end = len(text.rstrip())
    for token in _TOKEN.finditer(text, start, text_end):
        kind = token.lastgroup
        original = written = token[0]
        if kind == "word":
            written = _spelled_word(text, token)
        elif kind == "text":
            if token.start() and (text[token.start() - 1].isalnum() or text[token.start() - 1] == "_"):
                return Misread("text in quotes has no letters before it", token.start() - 1, token.end())
            written = _spelled_text(original)
        elif kind == "number":
            following = text[token.end() : token.end() + 1]
            written = f"{original} " if following.isalpha() or following == "_" else original
        elif kind in _SPELLINGS:
            # Python takes no blank at the very beginning.
            written = _SPELLINGS[kind] if parts else _SPELLINGS[kind].lstrip()
        elif kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"the expression nests deeper than {MAX_DEPTH} levels"
                return Misread(message, token.start(), token.end(), "expression-limit")
        elif kind == "close":
            depth -= 1
        elif kind == "bad":
            return _bad(original, token.start(), text_end)
        parts.append(written)
        length += len(written)
        if len(written) != len(original):
            moves.append((length, token.end()))
    return "".join(parts), moves


_SPELLINGS: Final[dict[str | None, str]] = {
    "pluck": f".{_PLUCKED}",
    "and": " and ",
    "or": " or ",
    "not": " not ",
    "blank": " ",
}


def _spelled_word(text: str, token: re.Match[str]) -> str:
    word = token[0]
    if word.startswith(_PREFIX):
        return _PREFIX + word
    if word not in _PYTHON_WORDS:
        return word
    after_point = text[: token.start()].rstrip().endswith(".") if token.start() else False
    return _PREFIX + word if after_point or word not in _OUR_WORDS else word


def _spelled_text(literal: str) -> str:
    if "\\" in literal:
        # An escape that Python doesn't know is the two characters, without Python's warning about it.
        literal = _UNKNOWN_ESCAPE.sub(lambda found: found[0] if found[1] in _ESCAPES else "\\" + found[0], literal)
    if "\n" in literal or "\r" in literal:
        literal = literal.replace("\\\n", "").replace("\r", "\\r").replace("\n", "\\n")
    return literal


def _bad(original: str, start: int, end: int) -> Misread:
    if original == "${":
        message = "`${…}` can't stand inside `${…}`: write the inner one without `${` and `}`"
        return Misread(message, start, start + 2, "nested-expression")
    if original in "\"'":
        return Misread("the text that begins here has no closing quote", start, end)
    return Misread(f"`{original}` means nothing in an expression", start, start + 1)


def _explained(error: SyntaxError, text: str, at: int) -> Misread:
    reason = error.msg
    end = len(text.rstrip())
    if "was never closed" in reason:
        return Misread(f"`{text[at : at + 1]}` is never closed", at, at + 1)
    if reason.startswith(("unmatched", "closing parenthesis")):
        return Misread(f"`{text[at : at + 1]}` closes nothing that is open here", at, at + 1)
    if "too many nested" in reason or "Exceeds the limit" in reason:
        return Misread("this is too large for an expression", at, end, "expression-limit")
    for word, message in _NOT_OURS.items():
        found = re.search(rf"\b{word}\b", text)
        if found is not None:
            return Misread(message, found.start(), found.end())
    single = re.search(r"(?<![=!<>:])=(?!=)", text)
    if single is not None and reason != "positional argument follows keyword argument":
        return Misread("`=` compares nothing: use `==`", single.start(), single.end())
    negated = re.search(r"(?:[=!<>]=|[<>+\-*/%])\s*(!)", text)
    if negated is not None:
        return Misread("put parentheses around `!…` here", negated.start(1), negated.end(1))
    if "?" in text:
        return Misread("`?` means nothing here: use `a if condition else b`", text.index("?"), text.index("?") + 1)
    if at >= end:
        return Misread("the expression ends too early", max(end - 1, 0), end)
    rest = re.match(r"\w+|.", text[at:], re.DOTALL)
    shown = rest[0] if rest is not None else text[at : at + 1]
    return Misread(f"the expression can't be read from `{shown}` on", at, at + len(shown))
