"""What the plugins for SQL databases have in common: the life of their pool, and steps that are exactly once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from flowlang.connections.base import Address, Lasting, Mark
from flowlang.errors import ConnectionError
from flowlang_plugins.scaffolds import ScaffoldingPlugin

if TYPE_CHECKING:
    from flowlang_plugins.sql.marks import Marks
    from flowlang_plugins.sql.pool import Session, SessionPool
    from flowlang_plugins.sql.sandbox import SandboxLender, SandboxSession

S = TypeVar("S")
P = TypeVar("P", bound="Session")


class Lender(Protocol[S]):
    """A pool, as a plugin needs it."""

    async def open(self) -> None:
        """Open what has to be there from the start. Raises `ConnectionError` with the stage that failed."""

    async def acquire(self) -> S:
        """A session, waiting for one if all are lent."""

    def try_release(self, session: S) -> bool:
        """Take a session back at once; false if it has to be cleaned first."""

    async def release(self, session: S) -> None:
        """Take a session back, cleaned."""

    async def close(self) -> None:
        """Close all sessions, the lent ones too."""


class SQLPlugin(ScaffoldingPlugin, Generic[S]):
    """SQL databases, each step with a session for itself."""

    category = "database"
    transactional = True
    server_cancel = True
    explainable = True
    read_only = True
    sandbox = True

    def __init__(self) -> None:
        super().__init__()
        self._pool: Lender[S] | SandboxLender[Any] | None = None
        self._marks: Marks | None = None

    @abstractmethod
    def _new_pool(self, config: dict[str, Any]) -> Lender[S]:
        """A pool that is not open yet."""

    @abstractmethod
    async def _sandboxed(self, config: dict[str, Any]) -> SandboxSession:
        """The session of a sandbox that has begun. Raises `ConnectionError` with the stage that failed."""

    @abstractmethod
    def _new_marks(self) -> Marks:
        """The marks of steps that are exactly once, in this kind of database."""

    async def connect(self, config: dict[str, Any]) -> Lender[S]:
        self._pool = pool = self._new_pool(config)
        await pool.open()
        return pool

    async def begin_sandbox(self, config: dict[str, Any]) -> None:
        from flowlang_plugins.sql.sandbox import SandboxLender
        from flowlang_plugins.sql.unmarked import Unmarked

        self._pool = SandboxLender(await self._sandboxed(config))
        self._marks = Unmarked()

    async def end_sandbox(self) -> Sequence[Lasting]:
        from flowlang_plugins.sql.sandbox import SandboxLender

        if isinstance(self._pool, SandboxLender):
            lasting: Sequence[Lasting] = await self._pool.session.undo()
            return lasting
        return ()

    async def disconnect(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def get_connection(self) -> S:
        if self._pool is None:
            raise ConnectionError("the connection is not open")
        session: S = await self._pool.acquire()
        return session

    async def release_connection(self, connection: S) -> None:
        if self._pool is not None:
            await self._pool.release(connection)

    def try_release(self, connection: S) -> bool:
        return self._pool is None or self._pool.try_release(connection)

    async def exactly_once(
        self, connection: Any, mark: Mark, work: Callable[[], Awaitable[Any]], *, own_task: bool
    ) -> Any:
        if self._marks is None:
            self._marks = self._new_marks()
        return await self._marks.once(connection, mark, work, own_task=own_task)

    async def forget_marks(self, connection: Any, run_id: str, prefix: str) -> None:
        if self._marks is not None:
            await self._marks.forget(connection, run_id, prefix)


class ServerPlugin(SQLPlugin[P]):
    """Databases on a server."""

    #: Where the server listens unless the configuration says so, and the variable that the scaffold reads its URL from.
    port: int
    url_variable: str

    @abstractmethod
    def _opener(self, config: dict[str, Any]) -> Callable[[], Awaitable[P]]:
        """What opens one more session. It raises `ConnectionError` with the stage that failed."""

    def _new_pool(self, config: dict[str, Any]) -> SessionPool[P]:
        from flowlang_plugins.sql.pool import SessionPool

        return SessionPool(self._opener(config), config.get("pool_size", 10), config.get("min_pool_size", 1))

    def addresses(self, config: dict[str, Any]) -> Sequence[Address | Path]:
        return super().addresses(config if config.get("url") else {"host": "localhost", "port": self.port, **config})

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        return self._templates().CONFIG.format(name=name, variable=kwargs.get("variable", self.url_variable))
