"""What the plugins for database servers have in common: the life of their pool, and what they scaffold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from flowlang.connections.base import Address, ConnectionPlugin, Lasting, Mark
from flowlang.errors import ConnectionError

if TYPE_CHECKING:
    from flowlang_plugins.sql.marks import Marks
    from flowlang_plugins.sql.pool import Session, SessionPool
    from flowlang_plugins.sql.sandbox import SandboxLender, Undoable

S = TypeVar("S", bound="Session")


class Templates(Protocol):
    """What a plugin writes for people: the module `templates` of each."""

    CONFIG: str
    EXAMPLE: str
    HELPERS: str


class ServerPlugin(ConnectionPlugin, Generic[S]):
    """Databases on a server, each step with a session for itself."""

    category = "database"
    transactional = True
    server_cancel = True
    explainable = True
    read_only = True
    sandbox = True

    #: Where the server listens unless the configuration says so, and the variable that the scaffold reads its URL from.
    port: int
    url_variable: str

    def __init__(self) -> None:
        super().__init__()
        self._pool: SessionPool[S] | SandboxLender[Any] | None = None
        self._marks: Marks | None = None

    @abstractmethod
    def _new_marks(self) -> Marks:
        """The marks of steps that are exactly once, in this kind of database."""

    @abstractmethod
    def _opener(self, config: dict[str, Any]) -> Callable[[], Awaitable[S]]:
        """What opens one more session. It raises `ConnectionError` with the stage that failed."""

    @abstractmethod
    def _templates(self) -> Templates:
        """The plugin's templates."""

    @abstractmethod
    async def _sandboxed(self, config: dict[str, Any]) -> Undoable:
        """The session of a sandbox that has begun. Raises as the opener does."""

    async def connect(self, config: dict[str, Any]) -> SessionPool[S]:
        from flowlang_plugins.sql.pool import SessionPool

        self._pool = pool = SessionPool(
            self._opener(config), config.get("pool_size", 10), config.get("min_pool_size", 1)
        )
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

    def addresses(self, config: dict[str, Any]) -> Sequence[Address | Path]:
        return super().addresses(config if config.get("url") else {"host": "localhost", "port": self.port, **config})

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        return self._templates().CONFIG.format(name=name, variable=kwargs.get("variable", self.url_variable))

    def scaffold_task_helpers(self, output_dir: str, **kwargs: Any) -> str:
        from flowlang_plugins.sql.files import written

        return written(output_dir, f"{self.name}_helpers.py", self._templates().HELPERS)

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "db", **kwargs: Any) -> str:
        from flowlang_plugins.sql.files import written

        text = self._templates().EXAMPLE.replace("CONNECTION", connection_name)
        return written(output_dir, f"{self.name}_example.yaml", text)
