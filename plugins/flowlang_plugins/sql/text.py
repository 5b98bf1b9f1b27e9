"""Reads the text of a statement as far as a plugin has to: its command, and what it may leave in a session.

Nothing here protects a database. That is for the server; this only decides what is worth asking it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from flowlang.errors import FlowExecutionError


class Dialect(NamedTuple):
    """How a database's statements are cut into comments, literals and code.

    `token` finds what isn't code. `executed` is the start of a comment that the server takes for code.
    """

    token: re.Pattern[str]
    nested_comments: bool = False
    executed: re.Pattern[str] | None = None


_IDENTIFIER: Final = r'"(?:[^"]|"")*"'

STANDARD: Final = Dialect(re.compile(rf"--[^\n]*|/\*|'(?:[^']|'')*'|{_IDENTIFIER}|`[^`]*`|\[[^\]]*\]"))
POSTGRES: Final = Dialect(
    re.compile(
        rf"--[^\n]*|/\*|(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|{_IDENTIFIER}"
        r"|(?<![\w$])(\$(?:[^\W\d]\w*)?\$).*?\1",
        re.S,
    ),
    nested_comments=True,
)
MYSQL: Final = Dialect(
    re.compile(
        r"--(?=\s)[^\n]*|--$|#[^\n]*|/\*"
        r"""|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`""",
        re.S,
    ),
    executed=re.compile(r"/\*M?!\d*"),
)

_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


@lru_cache(maxsize=500)
def code(text: str, dialect: Dialect) -> str:
    """The statement without comments, with `''` for each literal and `"_"` for each quoted name."""
    parts = []
    at = 0
    while (found := dialect.token.search(text, at)) is not None:
        parts.append(text[at : found.start()])
        at = found.end()
        if found[0] == "/*":
            executed = dialect.executed and dialect.executed.match(text, found.start())
            at = executed.end() if executed else _comment_end(text, at, dialect.nested_comments)
            parts.append(" ")
        else:
            parts.append(_substitute(found[0]))
    parts.append(text[at:])
    joined = "".join(parts)
    return joined.replace("*/", " ") if dialect.executed else joined


def _substitute(token: str) -> str:
    if token.startswith(("--", "#")):
        return " "
    return ' "_" ' if token[0] in '"`[' else "''"


def _comment_end(text: str, at: int, nested: bool) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, at):
        if edge[0] == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if depth == 0:
            return edge.end()
    return len(text)


_WORDS: Final = re.compile(r"[\s;(\ufeff]*(\w+(?:\s+\w+)*)")


def command(text: str, dialect: Dialect) -> list[str]:
    """The words that a statement starts with, in capitals."""
    found = _WORDS.match(code(text, dialect))
    return [] if found is None else found[1].upper().split()


#: Commands that, called by themselves, leave nothing in the session.
_TRACELESS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "WITH", "VALUES", "SHOW"})
#: What may stand before a parenthesis without being a function that could do anything.
_HARMLESS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    abs all and any array as asc avg between bit by case cast ceil ceiling char_length coalesce concat concat_ws
    conflict count cume_dist curdate current_date current_timestamp date date_add date_format date_part date_sub
    date_trunc datediff day decimal dense_rank desc distinct else exists extract filter first_value floor from
    generate_series greatest group_concat having hour if ifnull in interval json_agg json_array json_arrayagg
    json_extract json_object json_objectagg json_value jsonb_agg jsonb_build_object key lag last_value lateral lcase
    lead least left length like limit lower lpad ltrim materialized max md5 min minute mod month not now nullif
    numeric offset on or over partition pow power rand random rank recursive repeat replace returning right round
    row row_number row_to_json rpad rtrim second select set sign some sqrt string_agg substr substring sum then
    to_char to_date to_jsonb to_timestamp trim trunc truncate ucase union unnest upper using uuid values varchar
    when where year
        """,
    )
)
_INSERTED: Final = re.compile(r"\bINTO\s+(?:[\w\"]+\s*\.\s*)*[\w\"]+\s*\(", re.I)
_CALLS: Final = re.compile(r"([\w\".]+)\s*\(")
_INTO: Final = re.compile(r"\bINTO\b", re.I)


@lru_cache(maxsize=500)
def traceless(text: str, dialect: Dialect) -> bool:
    """Whether a statement certainly leaves no variable, lock or temporary table in its session.

    Only statements that call none but well-known functions count; for all others the session is reset.
    """
    words = command(text, dialect)
    if not words or words[0] not in _TRACELESS:
        return False
    statement = code(text, dialect)
    if "@" in statement or (words[0] in ("SELECT", "WITH", "VALUES") and _INTO.search(statement)):
        return False
    calls = _CALLS.findall(_INSERTED.sub(" ", statement))
    return all(name.lower() in _HARMLESS for name in calls)


def checked_name(name: object) -> str:
    """`name` if it can be the name of a table or column; else raises `FlowExecutionError`."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise FlowExecutionError(f"{name!r} is no name of a table or column")
    return name
