"""What was changed on a session of a sandbox, until it is told to whoever wants to know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from flowlang.connections.base import ROWS_TOLD, Change, Lasting, RowChange, effect_sink

Kind = Literal["insert", "update", "delete", "other"]

#: Tables of the engine's own, of which nobody needs to be told.
_UNQUOTED: Final = re.compile('["`]')
_OWN_TABLES: Final = frozenset({"flowlang_marks"})


class _Noted(NamedTuple):
    affected: int
    rows: tuple[RowChange, ...]
    key: tuple[str, ...]


class Noted:
    """Gathers changes by kind and table: all are counted, the first rows kept."""

    def __init__(self) -> None:
        self._changes: dict[tuple[Kind, str | None, str | None], _Noted] = {}
        self._lasting: dict[Lasting, None] = {}

    def add(
        self, kind: Kind, table: str | None, count: int, rows: Iterable[RowChange] = (), key: tuple[str, ...] = ()
    ) -> None:
        """So many rows were changed; `rows` are those of them that are known."""
        table = None if table is None else _UNQUOTED.sub("", table)
        if count < 1 or (table or "").rpartition(".")[2] in _OWN_TABLES:
            return
        before = self._changes.get((kind, table, None), _Noted(0, (), key))
        known = before.rows if len(before.rows) >= ROWS_TOLD else (*before.rows, *rows)[:ROWS_TOLD]
        self._changes[kind, table, None] = _Noted(before.affected + count, known, key or before.key)

    def wants_rows(self, kind: Kind, table: str | None) -> bool:
        """Whether rows of such a change would be kept."""
        found = self._changes.get((kind, None if table is None else _UNQUOTED.sub("", table), None))
        return found is None or len(found.rows) < ROWS_TOLD

    def other(self, what: str) -> None:
        """A command took effect that changes no rows."""
        count = self._changes.get(("other", None, what), _Noted(0, (), ())).affected
        self._changes["other", None, what] = _Noted(count + 1, (), ())

    def uncounted(self, whats: Iterable[str]) -> None:
        """More may have been changed, in words; nobody knows how much."""
        for what in whats:
            self._changes["other", None, what] = _Noted(1, (), ())

    def lasts(self, what: str, table: str | None = None) -> None:
        """Something was done that stays."""
        self._lasting[Lasting(what, table)] = None

    def mark(self) -> object:
        """Where `back` can lead to."""
        return dict(self._changes)

    def back(self, marked: object) -> None:
        """What was changed since the mark was undone."""
        assert isinstance(marked, dict), "it comes from mark"
        self._changes = dict(marked)

    def since(self, marked: object) -> dict[tuple[Kind, str], int]:
        """How many rows of each table were noted since the mark."""
        assert isinstance(marked, dict), "it comes from mark"
        nothing = _Noted(0, (), ())
        return {
            (kind, table): noted.affected - marked.get((kind, table, what), nothing).affected
            for (kind, table, what), noted in self._changes.items()
            if table is not None
        }

    def forget_unnamed(self, marked: object) -> None:
        """Forget the rows noted since the mark of which the table is not known."""
        assert isinstance(marked, dict), "it comes from mark"
        for key in [key for key in self._changes if key[1] is None and key[2] is None]:
            if key in marked:
                self._changes[key] = marked[key]
            else:
                del self._changes[key]

    def tell(self) -> None:
        """Tell everything to the current step's sink, and forget it."""
        changes, self._changes = self._changes, {}
        lasting, self._lasting = self._lasting, {}
        sink = effect_sink.get()
        if sink is None:
            return
        for (kind, table, what), noted in changes.items():
            sink.changed(Change(kind, table, noted.affected, noted.rows, noted.key, what))
        for one in lasting:
            sink.lasts(one)
