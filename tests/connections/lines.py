"""A small service that speaks in lines, and the plugin for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

from flowlang.connections.addresses import addresses_of
from flowlang.connections.base import ConnectionPlugin
from flowlang.errors import ConnectionError, FlowExecutionError

Answer = Callable[[str], str | None]


def polite(line: str) -> str | None:
    """What a service in good order answers; it is silent about what it doesn't know."""
    if line.startswith("hello "):
        return "welcome" if line == "hello s3cret-word" else f"refused {line.removeprefix('hello ')}"
    return {"ping": "pong"}.get(line)


class Service:
    """The service, listening. `sessions` is how many clients are connected, `quiet` is set when the last one left."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.port = 0
        self.heard: list[str] = []
        self.sessions = 0
        self.most = 0
        self.quiet = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self.quiet.clear()
        self.most = max(self.most, self.sessions)
        try:
            while line := (await reader.readline()).decode().strip():
                self.heard.append(line)
                answer = self.answer(line)
                if answer is not None:
                    writer.write(f"{answer}\n".encode())
        finally:
            self.sessions -= 1
            writer.close()
            if not self.sessions:
                self.quiet.set()


@asynccontextmanager
async def service(answer: Answer = polite, tls: SSLContext | None = None) -> AsyncIterator[Service]:
    """A service that answers each line, on a free port."""
    running = Service(answer)
    server = await asyncio.start_server(running.talk, "127.0.0.1", 0, ssl=tls)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        await server.wait_closed()


class Session:
    """One session of the plugin with the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, line: str) -> str:
        self._writer.write(f"{line}\n".encode())
        return (await self._reader.readline()).decode().strip()

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class LinesPlugin(ConnectionPlugin):
    """Talks to the service, in up to `pool_size` sessions."""

    name = "lines"
    description = "A service that speaks in lines"
    category = "service"

    def __init__(self) -> None:
        super().__init__()
        self._config: dict[str, Any] = {}
        self._sessions: list[Session] = []
        self._idle: list[Session] = []
        self._free = asyncio.Semaphore(0)

    def get_config_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": {"type": "string", "pattern": "^lines://", "description": "Where the service is."},
                "word": {"type": "string", "format": "password", "description": "Lets you in."},
                "pool_size": {"type": "integer", "default": 3, "minimum": 1, "description": "Sessions at most."},
            },
        }

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        return (True, None) if addresses_of(config) else (False, "`url` needs a host and a port")

    async def connect(self, config: dict[str, Any]) -> None:
        self._config = config
        self._idle.append(await self._opened())
        self._free = asyncio.Semaphore(config["pool_size"])

    async def _opened(self) -> Session:
        address = addresses_of(self._config)[0]
        session = Session(*await asyncio.open_connection(address.host, address.port))
        self._sessions.append(session)
        answer = await session.ask(f"hello {self._config.get('word', 's3cret-word')}")
        if answer != "welcome":
            raise ConnectionError(f"the service says: {answer}", hint="check `word`", stage="authenticate")
        return session

    async def disconnect(self) -> None:
        self._idle.clear()
        while self._sessions:
            await self._sessions.pop().close()

    async def get_connection(self) -> Session:
        if not self._sessions:
            raise ConnectionError("the service is not connected")
        await self._free.acquire()
        try:
            return self._idle.pop() if self._idle else await self._opened()
        except BaseException:
            self._free.release()
            raise

    async def release_connection(self, connection: Session) -> None:
        if connection in self._sessions:
            self._idle.append(connection)
            self._free.release()

    async def check(self, connection: Session) -> str:
        answer = await connection.ask("ping")
        if answer != "pong":
            raise ConnectionError(f"nobody plays: {answer}", hint="ask for a partner", stage="authorise")
        return "the service plays"

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        return {"lines_ask": lines_ask}


async def lines_ask(line: str, connection: Any = None) -> dict[str, Any]:
    """Send a line and wait for the answer.

    Args:
        line: What to send
        connection: The session (injected)

    Returns:
        answer: What came back

    Example YAML:
        - lines_ask:
            id: ask
            connection: service
            line: ping
    """
    if not isinstance(line, str):
        raise FlowExecutionError("`line` must be text")
    return {"answer": await connection.ask(line)}
