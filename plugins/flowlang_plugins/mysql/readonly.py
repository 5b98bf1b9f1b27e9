"""What a read-only connection refuses beside what the server refuses in a read-only transaction.

The transaction is the protection: the server lets nothing in it write to a table. But a few commands leave it,
as COMMIT does, or write elsewhere, as `SELECT … INTO OUTFILE` does; so only those that read are let through.
"""

from __future__ import annotations

import re
from typing import Final

from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql.text import MYSQL, code, command

_READING: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"})
#: Besides files and variables, sequences: they are outside of transactions.
_ELSEWHERE: Final = re.compile(r"\b(INTO|NEXTVAL|SETVAL|NEXT\s+VALUE)\b", re.I)


def refuse_writing(query: str) -> None:
    """Raise `FlowExecutionError` unless a statement is one of those that read."""
    words = command(query, MYSQL)
    if not words or words[0] not in _READING:
        named = words[0] if words else "a statement that starts like this"
        raise FlowExecutionError(f"{named} is refused on a read-only connection")
    if (found := _ELSEWHERE.search(code(query, MYSQL))) is not None:
        raise FlowExecutionError(f"{found[1].upper()} is refused on a read-only connection")
