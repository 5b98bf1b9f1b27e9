"""A session as all that concerns statements needs it, and the transaction that may be around a step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from flowlang_plugins.sql.rows import Outcome


class Enclosure:
    """The transaction around all that a step does. It begins with the first thing that the step sends."""

    def __init__(self, begin: Callable[[str | None], Awaitable[None]]) -> None:
        self._begin = begin
        self._begun = False

    @classmethod
    def begun(cls) -> Enclosure:
        """A transaction that somebody else began, and ends."""

        async def begin(isolation: str | None) -> None:
            """Nothing is left to do."""

        enclosure = cls(begin)
        enclosure._begun = True
        return enclosure

    async def enter(self, isolation: str | None = None) -> None:
        """Begin the transaction, unless it has begun. `isolation` is as the session takes it."""
        if not self._begun:
            self._begun = True
            await self._begin(isolation)


class Session(Protocol):
    """A plugin's session. While it has an `enclosure`, its own transactions are part of that."""

    enclosure: Enclosure | None

    @property
    def alive(self) -> bool:
        """Whether the session exists as far as is known."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    async def send(self, text: str, params: Any = None) -> Outcome:
        """Run one statement and fetch all its rows."""

    def atomic(self, isolation: str | None = None) -> AbstractAsyncContextManager[None]:
        """Commits what happens inside, or, however that fails or is cancelled, undoes all of it."""

    async def restore(self) -> None:
        """Undo an open transaction and whatever else was left in the session."""
