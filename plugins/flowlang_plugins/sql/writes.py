"""Reads a statement that writes as far as is needed to find the rows that it changes.

What isn't understood is not guessed: then only the number of rows is known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from flowlang_plugins.sql.text import Dialect


class Write(NamedTuple):
    """A statement that inserts into, updates or deletes from one table.

    `target` is the table as it is written, with its alias; `name` what its columns can be qualified with. `tail` is
    the condition with what follows it, None where the rows can't be found by a query on the table alone. `upserts`
    says that rows which are there may be changed instead of inserted.
    """

    kind: Literal["insert", "update", "delete"]
    table: str
    target: str
    name: str
    tail: str | None
    returns: bool
    upserts: bool = False


_NAME: Final = r"\w+(?:\s*\.\s*\w+)*"
_ALIAS: Final = r"(?:\s+(?:AS\s+)?(?!(?:{})\b)(?P<alias>\w+))?"
_FORMS: Final[tuple[tuple[Literal["insert", "update", "delete"], re.Pattern[str]], ...]] = (
    ("insert", re.compile(rf"\s*(?:INSERT(?:\s+(?:IGNORE|OR\s+\w+))?|REPLACE)\s+INTO\s+(?P<table>{_NAME})", re.I)),
    (
        "update",
        re.compile(
            rf"\s*UPDATE\s+(?:ONLY\s+|IGNORE\s+)?(?P<table>{_NAME}){_ALIAS.format('SET|JOIN|INNER|LEFT|RIGHT|STRAIGHT_JOIN')}"
            r"\s+SET\b",
            re.I,
        ),
    ),
    (
        "delete",
        re.compile(
            rf"\s*DELETE\s+(?:IGNORE\s+)?FROM\s+(?:ONLY\s+)?(?P<table>{_NAME})"
            rf"{_ALIAS.format('WHERE|USING|RETURNING|ORDER|LIMIT|JOIN|INNER|LEFT|RIGHT')}(?=\s|$)",
            re.I,
        ),
    ),
)
_EDGES: Final = re.compile(r"[()]|\b(WHERE|FROM|USING|RETURNING|JOIN|ORDER\s+BY|LIMIT|CURRENT\s+OF)\b", re.I)

_UPSERTS: Final = re.compile(r"^\s*REPLACE\b|\bON\s+(?:CONFLICT\b.*?\bDO\s+UPDATE|DUPLICATE\s+KEY)\b", re.I | re.S)


@lru_cache(maxsize=200)
def parsed(text: str, dialect: Dialect) -> Write | None:
    """What a statement writes to; None for one that is no such statement, or is not understood."""
    if dialect.executed is not None and ("/*!" in text or "/*M!" in text):
        return None
    shown = masked(text, dialect)
    for kind, form in _FORMS:
        if (found := form.match(shown)) is not None:
            return _write(kind, text, shown, found)
    return None


def _write(kind: Literal["insert", "update", "delete"], text: str, shown: str, found: re.Match[str]) -> Write:
    table = text[slice(*found.span("table"))]
    alias = text[slice(*found.span("alias"))] if kind != "insert" and found["alias"] else ""
    target = f"{table} {alias}".strip()
    edges = _edges(shown, found.end())
    end = edges.get("RETURNING", len(shown.rstrip().rstrip(";")))
    simple = kind != "insert" and not {"FROM", "USING", "JOIN", "CURRENT OF"} & edges.keys()
    starts = [edges[word] for word in ("WHERE", "ORDER BY", "LIMIT") if word in edges]
    tail = text[min([*starts, end]) : end].strip() if simple else None
    upserts = kind == "insert" and _UPSERTS.search(shown) is not None
    return Write(kind, table, target, alias or table, tail, "RETURNING" in edges, upserts)


def _edges(shown: str, start: int) -> dict[str, int]:
    """Where each of the words first stands outside of parentheses."""
    depth = 0
    found: dict[str, int] = {}
    for edge in _EDGES.finditer(shown, start):
        if edge[0] == "(":
            depth += 1
        elif edge[0] == ")":
            depth -= 1
        elif depth == 0:
            found.setdefault(" ".join(edge[0].upper().split()), edge.start())
    return found


def masked(text: str, dialect: Dialect) -> str:
    """The text with comments, literals and quoted names covered, each character by another one."""
    parts = []
    at = 0
    while (found := dialect.token.search(text, at)) is not None:
        parts.append(text[at : found.start()])
        end = found.end()
        if found[0] == "/*":
            closing = text.find("*/", end)
            end = len(text) if closing < 0 else closing + 2
            cover = " "
        elif found[0].startswith(("--", "#")):
            cover = " "
        else:
            cover = "_" if found[0][0] in '"`[' else "'"
        parts.append(cover * (end - found.start()))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def body_of(text: str, dialect: Dialect) -> str:
    """The statement without what may follow it: a semicolon, a comment."""
    return text[: len(masked(text, dialect).rstrip().rstrip(";").rstrip())]


_NUMBERED: Final = re.compile(r"\$(\d+)")


def as_query(write: Write, dialect: Dialect) -> tuple[str, list[int]]:
    """A query for the rows that a statement will find, and which of its numbered parameters that takes."""
    tail = write.tail or ""
    shown = masked(tail, dialect)
    numbers: list[int] = []
    parts = []
    at = 0
    for found in _NUMBERED.finditer(shown):
        number = int(found[1])
        if number not in numbers:
            numbers.append(number)
        parts += [tail[at : found.start()], f"${numbers.index(number) + 1}"]
        at = found.end()
    return f"SELECT * FROM {write.target} {''.join([*parts, tail[at:]])}", numbers
