"""A database on a real server, and what sandbox runs tell of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flowlang import FlowResult
from flowlang.debugger.sandbox import Sandbox
from flowlang.debugger.sandbox_report import report_lines
from tests.runtime.conftest import Engine

Look = Callable[[str], Awaitable[list[dict[str, Any]]]]


class Sandboxed:
    """An engine, a database, and what sandbox runs tell of it. `look` asks from outside."""

    def __init__(self, engine: Engine, type: str, url: str, look: Look) -> None:
        self.engine = engine
        self.url = url
        self.look = look
        self.report: Mapping[str, Any] = {}
        self.head = f"flow: test\nconnections: {{db: {{type: {type}, url: '{url}'}}}}\nsteps:\n"

    async def run(self, steps: str, **options: Any) -> FlowResult:
        sandbox = Sandbox()
        result = await self.engine.run(self.head + steps, interceptors=[sandbox], **options)
        (self.report,) = self.engine.of_type("sandbox_ended")  # type: ignore[assignment]
        return result

    def changes(self) -> dict[str, list[tuple[Any, ...]]]:
        return {
            step["path"]: [(one["kind"], one["table"] or one["what"], one["count"]) for one in step["changes"]]
            for step in self.report["steps"]
        }

    def lines(self) -> list[str]:
        return report_lines(self.report, repr)
