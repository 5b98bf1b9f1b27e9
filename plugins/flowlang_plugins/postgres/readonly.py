"""What a read-only connection refuses beside what the server refuses in a read-only transaction.

The transaction is the protection: the server lets nothing in it write to a table. But a few commands leave it,
as COMMIT does, or write elsewhere, as `COPY … TO PROGRAM` does; so only those that read are let through.
"""

from __future__ import annotations

import re
from typing import Final

from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql.text import POSTGRES, command

_READING: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "FETCH", "DECLARE", "CLOSE"})

#: What the driver's own transactions send.
_CONTROL: Final = re.compile(
    r"BEGIN(?: ISOLATION LEVEL [A-Z ]+?)? READ ONLY(?: DEFERRABLE)?;"
    r"|COMMIT;|ROLLBACK;|(?:SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO) \w+;"
)
_DRIVERS: Final = re.compile(r"(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO)\b[\w ]*;")


def controls_transaction(query: str) -> bool:
    """Whether it is what the driver sends to begin or end a transaction that can't write."""
    return _CONTROL.fullmatch(query) is not None


def sent_by_driver(query: str) -> bool:
    """Whether it is what the driver sends to begin or end any transaction, or a part of one."""
    return query.endswith(";") and _DRIVERS.fullmatch(query) is not None


def refuse_writing(query: str) -> None:
    """Raise `FlowExecutionError` unless a statement is one of those that read."""
    words = command(query, POSTGRES)
    if not words or words[0] not in _READING:
        named = words[0] if words else "a statement that starts like this"
        raise FlowExecutionError(f"{named} is refused on a read-only connection")
