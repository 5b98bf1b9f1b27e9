"""Lexers of languages that a table of patterns describes: Python, JSON, SQL, `.env`."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Hashable, Mapping
from typing import Final

from flowlang_tui.widgets.code_editor.lexer import Token, TokenKind

_SQL_WORDS: Final = re.findall(
    r"\w+",
    """
    add all alter and as asc begin between by case cast check column commit conflict constraint copy create cross
    current_date current_timestamp database default delete desc distinct do drop else end except exists explain false
    filter first for foreign from full group having if ignore in index inner insert intersect into is isolation join
    key last lateral left level like ilike limit not nothing null nulls offset on or order outer over partition pragma
    primary recursive references replace returning right rollback row rows savepoint schema select set table temp
    temporary then to transaction trigger true truncate union unique update using vacuum values view when where
    window with
    """,
)


class PatternLexer:
    """Tokens by one pattern with a named group for each kind.

    `words` gives the kind of what the group `word` finds. The group `open` starts a text that goes on over lines
    until what `closing` has for it; the state of a line is what it goes on with, or None.
    """

    start: Hashable = None

    def __init__(self, pattern: str, words: Mapping[str, TokenKind], closing: Mapping[str, str] | None = None) -> None:
        self._pattern = re.compile(pattern, re.VERBOSE)
        self._words = words
        self._ends = {opening: re.compile(end) for opening, end in (closing or {}).items()}
        self._fold_case = all(word.islower() for word in words)

    def lex(self, line: str, state: Hashable) -> tuple[list[Token], Hashable]:
        tokens: list[Token] = []
        position = 0
        if isinstance(state, str):
            position, state = self._go_on(line, 0, 0, state, tokens)
        while position < len(line) and (found := self._pattern.search(line, position)) is not None:
            position = found.end()
            if found.lastgroup == "open":
                position, state = self._go_on(line, found.start(), position, found[0][-3:], tokens)
            else:
                self._add(found, tokens)
        return tokens, state

    def after(self, line: str, state: Hashable) -> Hashable:
        if state is None and not any(opening in line for opening in self._ends):
            return None
        return self.lex(line, state)[1]

    def fill(self, line: str, start: int, end: int, tokens: list[Token]) -> None:
        """The tokens of a stretch of a line that is in another language otherwise."""
        for found in self._pattern.finditer(line, start, end):
            self._add(found, tokens)

    def _add(self, found: re.Match[str], tokens: list[Token]) -> None:
        for group in self._pattern.groupindex:
            text = found[group]
            kind = _GROUPS.get(group) or (text and self._words.get(text.lower() if self._fold_case else text))
            if text and kind:
                tokens.append(Token(*found.span(group), kind))

    def _go_on(self, line: str, start: int, after: int, opening: str, tokens: list[Token]) -> tuple[int, Hashable]:
        found = self._ends[opening].search(line, after)
        end = len(line) if found is None else found.end()
        if end > start:
            tokens.append(Token(start, end, "string"))
        return end, opening if found is None else None


_GROUPS: Final[dict[str, TokenKind]] = {
    "comment": "comment",
    "remark": "comment",
    "key": "key",
    "string": "string",
    "number": "number",
    "decorator": "decorator",
    "keyword": "keyword",
    "definition": "definition",
    "variable": "variable",
    "operator": "operator",
    "punctuation": "punctuation",
}

_NUMBER: Final = r"(?P<number>(?<!\w)\d(?:[\w.]|(?<=[eE])[+-])*)"


def python() -> PatternLexer:
    """The lexer of Python."""
    words: dict[str, TokenKind] = {name: "function" for name in dir(builtins) if not name.startswith("_")}
    words |= dict.fromkeys(keyword.kwlist, "keyword")
    words |= dict.fromkeys(("True", "False", "None"), "constant")
    words |= dict.fromkeys(("self", "cls"), "variable")
    return PatternLexer(
        rf"""(?P<comment>\#.*)
        |(?P<open>(?:\b[rRbBuUfF]{{1,2}})?(?:\"\"\"|'''))
        |(?P<string>(?:\b[rRbBuUfF]{{1,2}})?(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?))
        |(?P<decorator>^\s*@[\w.]+)
        |\b(?P<keyword>def|class)\b\s+(?P<definition>\w+)
        |{_NUMBER}
        |(?P<word>[^\W\d]\w*)
        |(?P<operator>[-+*/%@&|^~<>=!]+)
        |(?P<punctuation>[()\[\]{{}},:.;])""",
        words,
        {'"""': r'(?:[^"\\]|\\.|"(?!""))*+"""', "'''": r"(?:[^'\\]|\\.|'(?!''))*+'''"},
    )


def json() -> PatternLexer:
    """The lexer of JSON."""
    return PatternLexer(
        r"""(?P<key>"(?:[^"\\]|\\.)*+")(?=\s*:)
        |(?P<string>"(?:[^"\\]|\\.)*+"?)
        |(?P<number>-?\d[\d.eE+-]*)
        |(?P<word>[a-z]+)
        |(?P<punctuation>[\[\]{},:])""",
        dict.fromkeys(("true", "false", "null"), "constant"),
    )


def sql() -> PatternLexer:
    """The lexer of SQL; of what the databases have in common."""
    return PatternLexer(
        rf"""(?P<comment>--.*|/\*.*?(?:\*/|$))
        |(?P<string>'(?:[^']|'')*+'?)
        |(?P<key>"[^"]*"?|`[^`]*`?)
        |(?P<variable>\$\d+|(?<![:\w]):[A-Za-z_]\w*|%s|\?)
        |{_NUMBER}
        |(?P<word>[^\W\d]\w*)
        |(?P<operator>[-+*/%<>=!|]+)
        |(?P<punctuation>[(),.;])""",
        dict.fromkeys(_SQL_WORDS, "keyword"),
    )


def env() -> PatternLexer:
    """The lexer of `.env` files."""
    return PatternLexer(
        r"""^\s*(?P<comment>\#.*)
        |^\s*(?:(?P<word>export)\s+)?(?P<key>[A-Za-z_]\w*)\s*(?P<operator>=)
        |(?P<string>"(?:[^"\\]|\\.)*+"?|'[^']*'?)
        |(?<=\s)(?P<remark>\#.*)""",
        {"export": "keyword"},
    )
