"""A database, and what sandbox runs tell of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiomysql

from flowlang import FlowResult
from flowlang.debugger.sandbox import Sandbox
from flowlang.debugger.sandbox_report import report_lines
from tests.runtime.conftest import Engine

Look = Callable[[str], Awaitable[list[dict[str, Any]]]]


class Sandboxed:
    """An engine, a database, and what sandbox runs tell of it.

    `prefix` is that of the database's tasks, `where` its place in the configuration of a connection.
    """

    def __init__(self, engine: Engine, type: str, prefix: str, where: str) -> None:
        self.engine = engine
        self.type = type
        self.prefix = prefix
        self.report: Mapping[str, Any] = {}
        self.head = f"flow: test\nconnections: {{db: {{type: {type}, {where}}}}}\nsteps:\n"

    async def run(self, steps: str, **options: Any) -> FlowResult:
        sandbox = Sandbox()
        flow = steps if steps.startswith("flow:") else self.head + steps
        result = await self.engine.run(flow, interceptors=[sandbox], **options)
        (self.report,) = self.engine.of_type("sandbox_ended")
        assert sandbox.report is not None
        return result

    def changes(self) -> dict[str, list[tuple[Any, ...]]]:
        """Of each step the kind, table and number of its changes."""
        return {
            step["path"]: [(one["kind"], one["table"] or one["what"], one["count"]) for one in step["changes"]]
            for step in self.report["steps"]
        }

    def lines(self) -> list[str]:
        return report_lines(self.report, repr)


class OnServer(Sandboxed):
    """The same with a database on a server; `look` asks from outside."""

    def __init__(self, engine: Engine, type: str, prefix: str, url: str, look: Look) -> None:
        super().__init__(engine, type, prefix, f"url: '{url}'")
        self.look = look


async def mysql_session(url: str, **options: Any) -> Any:
    """A session of the driver's own, on which every statement takes effect at once."""
    parts = urlsplit(url)
    return await aiomysql.connect(
        host=parts.hostname or "",
        port=parts.port or 3306,
        user=parts.username or "",
        password=parts.password or "",
        db=parts.path.strip("/"),
        autocommit=True,
        **options,
    )
