"""Lexing one line at a time: what every lexer gives, and the start states of the lines of a text that is edited."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, Literal, NamedTuple, Protocol, get_args

TokenKind = Literal[
    "brace",
    "comment",
    "constant",
    "decorator",
    "definition",
    "function",
    "key",
    "keyword",
    "kind",
    "name",
    "number",
    "operator",
    "punctuation",
    "string",
    "variable",
]

TOKEN_KINDS: Final[tuple[TokenKind, ...]] = get_args(TokenKind)

#: What stands behind this column of a line is shown without colours.
MAX_COLUMN: Final = 2000

#: So many lines below an edit are lexed at once for the old states to become true again.
_MAX_AHEAD: Final = 200


class Token(NamedTuple):
    """A stretch of a line: columns from 0, the end exclusive."""

    start: int
    end: int
    kind: TokenKind


class Lexer(Protocol):
    """Finds the tokens of a line, given the state in which the line before it ended."""

    @property
    def start(self) -> Hashable:
        """The state at the start of a text."""

    def lex(self, line: str, state: Hashable) -> tuple[list[Token], Hashable]:
        """Tokens in the order of their columns, none over another, and the state at the start of the next line."""

    def after(self, line: str, state: Hashable) -> Hashable:
        """The state that `lex` would give, faster."""


class PlainLexer:
    """Text without tokens."""

    start: Hashable = None

    def lex(self, line: str, state: Hashable) -> tuple[list[Token], Hashable]:
        return [], None

    def after(self, line: str, state: Hashable) -> Hashable:
        return None


class Highlighter:
    """The tokens of lines that change. Start states are found when they are first asked for, and kept.

    `lines` is read, never changed; whoever changes it tells `edited` afterwards.
    """

    def __init__(self, lexer: Lexer, lines: Sequence[str]) -> None:
        self.lexer = lexer
        self._lines = lines
        self._states: list[Hashable] = [lexer.start]

    def state(self, row: int) -> Hashable:
        """The state at the start of a line; rows count from 0."""
        states = self._states
        while len(states) <= row:
            states.append(self._after(len(states) - 1, states[-1]))
        return states[row]

    def tokens(self, row: int) -> list[Token]:
        """The tokens of a line."""
        return self.lexer.lex(self._lines[row][:MAX_COLUMN], self.state(row))[0]

    def edited(self, first: int, old_last: int, new_last: int) -> int | None:
        """The lines `first` to `old_last` have become `first` to `new_last`.

        Returns the last line whose tokens may differ from before, apart from moving; None if all below it may.
        """
        below = self._states[old_last + 1 :]
        states = self._states = self._states[: first + 1]
        if not below or len(states) <= first:
            return None
        for row in range(first, new_last + 1):
            states.append(self._after(row, states[-1]))
        for ahead, old in enumerate(below[:_MAX_AHEAD]):
            if states[-1] == old:
                states += below[ahead + 1 :]
                return new_last + ahead
            if new_last + 1 + ahead >= len(self._lines):
                return None
            states.append(self._after(new_last + 1 + ahead, states[-1]))
        return None

    def _after(self, row: int, state: Hashable) -> Hashable:
        return self.lexer.after(self._lines[row][:MAX_COLUMN], state)
