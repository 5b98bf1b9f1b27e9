"""Values written in one go, `[…]`, `{…}` and `${…}`, as far as they are typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_WORD: Final = re.compile(r"[^,\[\]{}:\"'$]+|.", re.DOTALL)


@dataclass(slots=True)
class Bracket:
    """An open `[` or `{`. `keys` are those of the whole map; `key` is the one whose value is open."""

    sign: str
    key: str | None = None
    keys: dict[str, str] = field(default_factory=dict)
    items: int = 0


@dataclass(slots=True)
class Opened:
    """What is open at a place of a text. The token there stands at `start`, in quotes that begin with `quote`."""

    brackets: list[Bracket]
    start: int
    quote: str = ""


def open_expression(text: str) -> int | None:
    """Where the inside of the `${` begins that is open at the end of a text, or None."""
    position = 0
    while (found := text.find("${", position)) >= 0:
        if found and text[found - 1] == "$":
            position = found + 2
            continue
        end = end_of_expression(text, found + 2)
        if end is None:
            return found + 2
        position = end
    return None


def end_of_expression(text: str, start: int) -> int | None:
    """The position after the `}` that closes the expression whose inside begins at `start`, or None."""
    depth = 0
    quote = ""
    position = start
    while position < len(text):
        sign = text[position]
        if quote:
            if sign == "\\":
                position += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign in "{[(":
            depth += 1
        elif sign in "}])":
            if sign == "}" and depth == 0:
                return position + 1
            depth -= 1
        position += 1
    return None


def opened_at(text: str, cursor: int) -> Opened:
    """What is open at `cursor`. The rest of the text tells which keys the open maps have besides."""
    scan = _Scan(text)
    scan.run(cursor)
    opened = Opened([Bracket(one.sign, one.key, one.keys, one.items) for one in scan.open], scan.start, scan.quote)
    scan.run(len(text))
    return opened


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.open: list[Bracket] = []
        self.start = 0
        self.quote = ""
        self.token = ""

    def run(self, end: int) -> None:
        while self.position < end:
            self.step(end)

    def step(self, end: int) -> None:
        text, position = self.text, self.position
        sign = text[position]
        if self.quote:
            self.quoted(sign)
        elif sign == "$" and text[position + 1 : position + 2] == "{":
            after = end_of_expression(text, position + 2) or len(text)
            self.take(text[position : min(after, end)])
        elif sign in "[{":
            self.open.append(Bracket(sign))
            self.begin(position + 1)
        elif sign in "]}":
            self.close_item()
            if self.open:
                self.open.pop()
            self.begin(position + 1)
        elif sign == ",":
            self.close_item()
            self.begin(position + 1)
        elif sign == ":" and self.open and self.open[-1].sign == "{" and text[position + 1 : position + 2] in " ,]}":
            self.name()
            self.begin(position + 1)
        elif sign in "\"'" and not self.token.strip():
            self.quote = self.token = sign
            self.start = position
            self.position += 1
        else:
            word = _WORD.match(text, position, end)
            self.take(sign if word is None else word[0])

    def quoted(self, sign: str) -> None:
        self.token += sign
        self.position += 1
        if sign == "\\" and self.quote == '"':
            self.token += self.text[self.position : self.position + 1]
            self.position += 1
        elif sign == self.quote:
            self.quote = ""

    def take(self, part: str) -> None:
        if not self.token.strip():
            self.start = self.position + len(part) - len(part.lstrip())
            part_start = part.lstrip()
            self.token = part_start
        else:
            self.token += part
        self.position += len(part)

    def begin(self, position: int) -> None:
        self.position = self.start = position
        self.token = ""

    def name(self) -> None:
        bracket = self.open[-1]
        bracket.key = self.token.strip().strip("\"'")
        bracket.keys.setdefault(bracket.key, "")

    def close_item(self) -> None:
        if not self.open:
            return
        bracket = self.open[-1]
        token = self.token.strip()
        if bracket.key is not None:
            bracket.keys[bracket.key] = token.strip("\"'")
        elif token and bracket.sign == "{":
            bracket.keys.setdefault(token.strip("\"'"), "")
        bracket.key = None
        bracket.items += 1
