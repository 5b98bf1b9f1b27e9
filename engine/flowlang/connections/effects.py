"""What the steps of a sandbox run do to a database, told by plugins before it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final, Literal, NamedTuple, Protocol

#: How many rows a plugin tells of each change. All are counted.
ROWS_TOLD: Final = 20


class RowChange(NamedTuple):
    """A row before and after a change, as far as that is known: None where there was none, or it isn't known."""

    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class Change(NamedTuple):
    """What a step did to a table: to `affected` rows, the first of which are in `rows` where they could be had.

    `table` is None where only the database knows it; `key` are the columns that tell rows apart. Of a change of
    `other` kind, such as CREATE TABLE, `what` is the command.
    """

    kind: Literal["insert", "update", "delete", "other"]
    table: str | None
    affected: int = 0
    rows: tuple[RowChange, ...] = ()
    key: tuple[str, ...] = ()
    what: str | None = None


class Lasting(NamedTuple):
    """Something that undoing doesn't undo, in words; `table` if it comes from inserting into one."""

    what: str
    table: str | None = None


class EffectSink(Protocol):
    """Receives the effects of the current step."""

    def changed(self, change: Change) -> None:
        """The step changed something, which will be undone."""

    def lasts(self, lasting: Lasting) -> None:
        """The step did something that stays."""


#: Receives the effects of the current step; set in sandbox runs only.
effect_sink: ContextVar[EffectSink | None] = ContextVar("flowlang_effect_sink", default=None)
