"""The sessions of one connection to a database server, lent to one step at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from flowlang.connections.base import shielded

#: How many seconds a session may take to be cleaned before it is given up.
RESTORE_SECONDS: Final = 5.0
#: How many seconds of that a step waits. A server that can be reached needs less; the rest goes on without the step.
PATIENCE: Final = 0.2
#: How many seconds closing may take for what is still going on, and for each session to take its leave.
CLOSE_SECONDS: Final = 1.0
#: How many seconds a session that is being opened is waited for when nobody wants it any more.
LOGIN_SECONDS: Final = 0.5


class Session(Protocol):
    """A connection of a driver, as the pool needs it."""

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""

    @property
    def clean(self) -> bool:
        """Whether the next step can have it as it is."""

    def lend(self) -> None:
        """Get ready for a step that may use it in any way."""

    @property
    def ending(self) -> asyncio.Future[None] | None:
        """What still goes on at the server for a session that was given up."""

    async def restore(self) -> None:
        """Undo an open transaction and whatever else was left in the session."""

    async def shut(self) -> None:
        """Take leave of the server."""

    def abandon(self) -> None:
        """Close it at once, without a word to the server."""


S = TypeVar("S", bound=Session)

_log = logging.getLogger("flowlang.connections")


class SessionPool(Generic[S]):
    """Never holds more than `size` sessions, and keeps those that were opened.

    A session that was lost, or can't be cleaned, makes room for a new one.
    """

    def __init__(self, connect: Callable[[], Awaitable[S]], size: int, minimum: int = 1) -> None:
        self._connect = connect
        self._free = asyncio.Semaphore(size)
        self._minimum = min(minimum, size)
        self._idle: list[S] = []
        self._all: set[S] = set()
        #: What goes on without a step that waits for it: sessions that are cleaned, or ended at the server.
        self._going_on: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Open the first session, which shows whether the server can be used, and the others of the minimum."""
        self._idle.append(await self._opened())
        if self._minimum > 1:
            further = await asyncio.gather(*(self._opened() for _ in range(self._minimum - 1)), return_exceptions=True)
            for result in further:
                if isinstance(result, BaseException):
                    raise result
                self._idle.append(result)

    async def acquire(self) -> S:
        """A session, waiting for one if all are lent."""
        await self._free.acquire()
        try:
            session = self._kept() or await self._opened()
        except BaseException:
            self._free.release()
            raise
        session.lend()
        return session

    def try_release(self, session: S) -> bool:
        """Take a session back at once; false if it has to be cleaned first."""
        if session not in self._all:
            return True
        if not session.alive:
            self._forget(session)
        elif session.clean:
            self._idle.append(session)
        else:
            return False
        self._free.release()
        return True

    async def release(self, session: S) -> None:
        """Take a session back, cleaned; one that doesn't let itself be cleaned is given up."""
        if not self.try_release(session):
            restoring = asyncio.ensure_future(self._restored(session))
            self._keep(restoring)
            await asyncio.wait((restoring,), timeout=PATIENCE)

    async def close(self) -> None:
        """Close all sessions, the lent ones too."""
        if self._going_on:
            await asyncio.wait(self._going_on, timeout=CLOSE_SECONDS)
            for unfinished in self._going_on:
                unfinished.cancel()
            await asyncio.gather(*self._going_on, return_exceptions=True)
        sessions = list(self._all)
        self._all.clear()
        self._idle.clear()
        await asyncio.gather(*(self._shut(session) for session in sessions))

    async def _restored(self, session: S) -> None:
        try:
            async with asyncio.timeout(RESTORE_SECONDS):
                await session.restore()
        # whatever keeps it from being cleaned, another session takes its place
        except Exception as error:
            _log.debug("a session could not be cleaned and was closed: %s", type(error).__name__)
        finally:
            if not (session.alive and session.clean):
                session.abandon()
            self.try_release(session)

    def _keep(self, work: asyncio.Future[None]) -> None:
        self._going_on.add(work)
        work.add_done_callback(self._going_on.discard)

    def _kept(self) -> S | None:
        while self._idle:
            session = self._idle.pop()
            if session.alive:
                return session
            self._forget(session)
        return None

    def _forget(self, session: S) -> None:
        self._all.discard(session)
        session.abandon()
        if session.ending is not None and not session.ending.done():
            self._keep(session.ending)

    async def _opened(self) -> S:
        opening = asyncio.ensure_future(self._connect())
        try:
            session = await asyncio.shield(opening)
        except asyncio.CancelledError:
            await shielded(_given_up(opening))
            raise
        self._all.add(session)
        return session

    async def _shut(self, session: S) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await session.shut()
        # whatever keeps it from a proper farewell, the socket is closed
        except Exception:
            session.abandon()


async def _given_up(opening: asyncio.Future[S]) -> None:
    """Close a session that nobody wants any more before it is open."""
    # drivers leave something behind when they are interrupted while they log in, which takes a moment
    await asyncio.wait((opening,), timeout=LOGIN_SECONDS)
    opening.cancel()
    await asyncio.wait((opening,))
    if not opening.cancelled() and opening.exception() is None:
        opening.result().abandon()
