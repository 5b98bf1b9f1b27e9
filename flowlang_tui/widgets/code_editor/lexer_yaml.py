"""The lexer of flows: YAML with the keys of the language, expressions and SQL in it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Final, NamedTuple

from flowlang.language import vocabulary
from flowlang.language.vocabulary import KINDS
from flowlang_tui.widgets.code_editor import lexer_code
from flowlang_tui.widgets.code_editor.lexer import Token, TokenKind
from flowlang_tui.widgets.code_editor.lexer_expression import Fill, all_of, embedded, expression, nothing, template


class YamlState(NamedTuple):
    """What goes on at the start of a line.

    `inside` is `|` in a block scalar, the quote in a quoted scalar, else empty. Lines of a block scalar are indented
    more than `indent`. `depth` counts the open brackets of flow collections, `content` names what the scalar holds.
    """

    inside: str = ""
    indent: int = -1
    depth: int = 0
    content: str = ""


_PLAIN: Final = YamlState()

_KIND_KEYS: Final = frozenset(kind.name for kind in KINDS)
_COMMON_KEYS: Final = frozenset(key.name for key in vocabulary.STEP_KEYS)
_TABLES: Final = (
    vocabulary.FLOW_KEYS,
    vocabulary.INPUT_KEYS,
    vocabulary.OUTPUT_KEYS,
    vocabulary.CONNECTION_KEYS,
    vocabulary.STEP_KEYS,
    vocabulary.RETRY_KEYS,
    vocabulary.CASE_KEYS,
    vocabulary.EXIT_KEYS,
    *(kind.keys for kind in KINDS),
)
_KEYS: Final = {key.name: key for table in _TABLES for key in table}
_CONDITIONS: Final = frozenset(
    key.name for table in _TABLES for key in table if key.shape in ("condition", "expression")
)

_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?:ms|[smh])?|0x[\da-fA-F]+|0o[0-7]+")
_CONSTANTS: Final = frozenset({"true", "false", "null", "~", "True", "False", "TRUE", "FALSE", "Null", "NULL"})

#: What may start something that goes on in the next line.
_OPENING = re.compile(r"[\"'\[|>]|(?<!\$)\{")
_INDENT = re.compile(r" *")
_KEY = re.compile(r"""([^\s:#'"{}\[\],&*!|>%@`$][^:#{}\[\],'"]*+|"(?:[^"\\]|\\.)*+"|'[^']*+')(?=:(?:\s|$))""")
_ALONE = re.compile(r"\s*:\s*(?:#|$)")
_DASH = re.compile(r"-(?=\s|$)")
_HEADER = re.compile(r"[|>][-+\d]*(?=\s*(?:#|$))")
_COMMENT = re.compile(r"#.*")
_REFERENCE = re.compile(r"[&*!][^\s,\]}]*")
_END_IN_BLOCK = re.compile(r"\$\{|\s#")
_END_IN_FLOW = re.compile(r"\$\{|\s#|[,\]}]|:(?=\s|$)")
_END_OF_QUOTE: Final = {
    '"': re.compile(r'(?:[^"\\]|\\.)*+("|\\?$)'),
    "'": re.compile(r"(?:[^']|'')*+('|$)"),
}

_FILLS: Final[dict[str, Fill]] = {
    "": template(nothing),
    "string": template(all_of("string")),
    "expression": template(expression),
    "sql": template(lexer_code.sql().fill),
    "definition": template(all_of("definition")),
    "function": template(all_of("function")),
}

#: What the value of a key holds, beside expressions and conditions.
_CONTENT: Final = {
    "id": "definition",
    "flow": "definition",
    "as": "definition",
    "task": "function",
    "subflow": "function",
    "query": "sql",
} | dict.fromkeys(_CONDITIONS, "expression")


class YamlLexer:
    """Lexes the YAML of flows and of everything else that is YAML."""

    start: Hashable = _PLAIN

    def lex(self, line: str, state: Hashable) -> tuple[list[Token], Hashable]:
        assert isinstance(state, YamlState)
        if state.inside == "|":
            indent = _indent_of(line)
            if indent == len(line):
                return [], state
            if indent > state.indent:
                tokens: list[Token] = []
                _FILLS[state.content](line, indent, len(line), tokens)
                return tokens, state
            state = _PLAIN
        return _Line(line, state).lex()

    def after(self, line: str, state: Hashable) -> Hashable:
        if state == _PLAIN and not _OPENING.search(line):
            return state
        if isinstance(state, YamlState) and state.inside == "|" and _indent_of(line) > state.indent:
            return state
        return self.lex(line, state)[1]


def _indent_of(line: str) -> int:
    return _INDENT.match(line).end()  # type: ignore[union-attr]


class _Line:
    """The lexing of one line that is not inside a block scalar."""

    def __init__(self, line: str, state: YamlState) -> None:
        self.line = line
        self.position = 0
        self.depth = state.depth
        self.tokens: list[Token] = []
        self.quote = state.inside
        self.content = state.content
        self.indent = _indent_of(line)

    def lex(self) -> tuple[list[Token], YamlState]:
        if self.quote:
            self.quoted(0)
        elif self.depth == 0:
            self.start_of_block()
        block = False
        while not self.quote and not block and (character := self.next_character()):
            block = self.node(character)
        if block:
            return self.tokens, YamlState("|", self.indent, 0, self.content if self.content == "sql" else "string")
        if self.quote:
            return self.tokens, YamlState(self.quote, self.indent, self.depth, self.content)
        return self.tokens, YamlState(depth=self.depth) if self.depth else _PLAIN

    def add(self, end: int, kind: TokenKind) -> None:
        self.tokens.append(Token(self.position, end, kind))
        self.position = end

    def next_character(self) -> str:
        """The character after white space; empty at the end of the line."""
        line, position = self.line, self.position
        while position < len(line) and line[position] in " \t":
            position += 1
        self.position = position
        return line[position : position + 1]

    def start_of_block(self) -> None:
        """The dashes and the key that a line of a block collection starts with."""
        if self.line.startswith(("---", "...")) and not self.line[3:4].strip():
            self.add(3, "punctuation")
        first = False
        while self.next_character() == "-" and _DASH.match(self.line, self.position):
            self.indent = self.position
            self.add(self.position + 1, "punctuation")
            first = True
        self.key(first)

    def key(self, first: bool) -> None:
        """The key at this place, if there is one; `first` says that it is the first of an item."""
        found = _KEY.match(self.line, self.position)
        if found is None:
            return
        name = found[0].strip().strip("\"'")
        if self.depth == 0:
            self.indent = self.position
        self.content = _CONTENT.get(name, "")
        self.add(found.end(), self.kind_of_key(name, first))
        self.add(found.end() + 1, "punctuation")

    def kind_of_key(self, name: str, first: bool) -> TokenKind:
        if name in _KIND_KEYS and (first or name not in _COMMON_KEYS):
            return "kind"
        if name in _KEYS:
            return "keyword"
        return "function" if first and _ALONE.match(self.line, self.position + len(name)) else "key"

    def node(self, character: str) -> bool:
        """What starts here, up to where the next begins; true for a block scalar's header."""
        if character == "#":
            self.add(len(self.line), "comment")
        elif character in "\"'":
            self.add(self.position + 1, "string")
            self.quote = character
            self.quoted(self.position - 1)
        elif character in "[{":
            self.bracket(1)
        elif self.depth and character in "]}":
            self.bracket(-1)
        elif self.depth and character in ",:":
            self.add(self.position + 1, "punctuation")
            if character == ",":
                self.flow_key()
        elif self.depth == 0 and (header := _HEADER.match(self.line, self.position)):
            self.add(header.end(), "operator")
            if comment := _COMMENT.search(self.line, self.position):
                self.tokens.append(Token(comment.start(), comment.end(), "comment"))
            return True
        elif character in "&*!" and (reference := _REFERENCE.match(self.line, self.position)):
            self.add(reference.end(), "variable")
        else:
            self.plain()
        return False

    def bracket(self, step: int) -> None:
        self.add(self.position + 1, "punctuation")
        self.depth += step
        if step > 0:
            self.flow_key()

    def flow_key(self) -> None:
        self.content = ""
        self.next_character()
        self.key(False)

    def quoted(self, start: int) -> None:
        """The rest of a quoted scalar, of which the tokens from `start` are to be made anew."""
        found = _END_OF_QUOTE[self.quote].match(self.line, self.position)
        assert found is not None
        if self.tokens and self.tokens[-1].start == start:
            self.tokens.pop()
        content = "string" if self.content in ("", "definition", "function") else self.content
        inner = self.position
        if start < inner:
            self.tokens.append(Token(start, inner, "string"))
        if found.start(1) > inner:
            _FILLS[content](self.line, inner, found.start(1), self.tokens)
        if found[1] == self.quote:
            self.tokens.append(Token(found.start(1), found.end(1), "string"))
            self.quote = ""
        self.position = max(found.end(), inner)

    def plain(self) -> None:
        """A plain scalar: up to a comment, or in a flow collection to its next sign."""
        start = position = self.position
        ends = _END_IN_FLOW if self.depth else _END_IN_BLOCK
        pieces: list[Token] = []
        while (found := ends.search(self.line, position)) is not None and found[0] == "${":
            position = embedded(self.line, found.start(), len(self.line), pieces)
        end = len(self.line) if found is None else found.start()
        self.position = max(end, start + 1)
        text = self.line[start:end].rstrip()
        if text in _CONSTANTS:
            self.tokens.append(Token(start, start + len(text), "constant"))
        elif _NUMBER.fullmatch(text):
            self.tokens.append(Token(start, start + len(text), "number"))
        else:
            _FILLS[self.content](self.line, start, start + len(text), self.tokens)
