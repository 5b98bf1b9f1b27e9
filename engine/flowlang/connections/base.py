"""The plugin API: what a connection type is made of.

A plugin is a class that derives from `ConnectionPlugin`. `get_config_schema`, `connect`, `disconnect` and
`get_connection` are its own; everything else has a default that a plain plugin can live with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from flowlang.connections.addresses import Address, addresses_of
from flowlang.connections.effects import ROWS_TOLD, Change, EffectSink, Lasting, RowChange, effect_sink
from flowlang.connections.marks import Mark, Marked
from flowlang.connections.results import RESULT_LIMIT, ResultMeter, ResultTooLarge, size_of
from flowlang.connections.shielded import shielded
from flowlang.connections.statements import (
    PendingStatement,
    Statement,
    TransactionLost,
    announce,
    one_by_one,
    statement,
    statement_gate,
    statement_sink,
)

__all__ = [
    "RESULT_LIMIT",
    "ROWS_TOLD",
    "Address",
    "Change",
    "ConnectionPlugin",
    "EffectSink",
    "Lasting",
    "Mark",
    "Marked",
    "PendingStatement",
    "ResultMeter",
    "ResultTooLarge",
    "RowChange",
    "Statement",
    "TransactionLost",
    "announce",
    "effect_sink",
    "one_by_one",
    "shielded",
    "size_of",
    "statement",
    "statement_gate",
    "statement_sink",
]


class ConnectionPlugin:
    """One connection of a run, or of the runs that share it: made without arguments, then connected once.

    Every connection name has its own instance, so state may live on `self`. `connect`, then any number of
    `get_connection` and `release_connection` around the steps, then `disconnect`: all in one event loop.
    """

    #: The `type` that a flow names, and other names for it.
    name: str = ""
    aliases: tuple[str, ...] = ()
    #: One line for lists, the plugin's own version, and the group it is shown under.
    description: str = ""
    version: str = "1.0.0"
    category: str = "service"

    #: Whether statements can be grouped so that all or none of them take effect.
    transactional: bool = False
    #: Whether a cancelled step's work ends at the server too.
    server_cancel: bool = False
    #: Whether the server can explain how it would run a query.
    explainable: bool = False
    #: Whether the `read_only` of the config is enforced by the server or driver.
    read_only: bool = False
    #: Whether all that a run does can be undone at its end: `begin_sandbox` works.
    sandbox: bool = False
    #: The tasks that change nothing, so that a sandbox run has nothing to tell of them.
    reading_tasks: frozenset[str] = frozenset()

    #: Whether the driver works in threads of its own. Opening it is begun before what the event loop has to compute.
    threaded: bool = False

    #: Whether a server may keep the connection open while no run uses it. Not for files, which may be replaced.
    may_idle: bool = True

    #: Folder of the flow that declares the connection, set before `connect`: what relative paths start from.
    folder: Path | None = None

    def __init__(self) -> None:
        """Set up an instance that is not connected. Must not do any work: discovery makes instances too."""

    def get_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of the configuration: an object with `properties`; unknown keys are refused.

        `format: password` or `secret: true` marks a property whose value is masked everywhere.
        """
        return {"type": "object", "properties": {}}

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        """Whether a configuration that fits the schema can work at all, and if not, why."""
        return True, None

    def normalise_config(self, config: dict[str, Any]) -> dict[str, Any]:
        """The configuration as `connect` gets it, with what depends on `folder` made absolute.

        Connections of one name share a pool when their normalised configurations are equal.
        """
        return config

    def shareable(self, config: dict[str, Any]) -> bool:
        """Whether runs with an equal configuration may share one instance. If not, each run gets its own."""
        return True

    async def connect(self, config: dict[str, Any]) -> Any:
        """Open the connection or pool and make sure that it works. Raises `ConnectionError` if it doesn't."""
        raise NotImplementedError(f"{type(self).__name__}.connect")

    async def disconnect(self) -> None:
        """Close everything that `connect` opened, also after a `connect` that failed half-way."""

    async def begin_sandbox(self, config: dict[str, Any]) -> None:
        """Connect as `connect` does, on an instance for one run, of which everything is undone at its end.

        Steps work as ever, one at a time; what one did the next one sees. Whatever would make something last, such
        as COMMIT, is refused. What steps change is told to the `effect_sink`. The default says that it cannot be.
        """
        raise NotImplementedError(f"{type(self).__name__}.begin_sandbox")

    async def end_sandbox(self) -> Sequence[Lasting]:
        """Undo everything, before `disconnect`; what stays nevertheless, as far as it was not told of before."""
        return ()

    async def get_connection(self) -> Any:
        """A connection for one attempt of one step."""
        raise NotImplementedError(f"{type(self).__name__}.get_connection")

    async def release_connection(self, connection: Any) -> None:
        """Take back what `get_connection` gave, however the step ended."""

    def try_release(self, connection: Any) -> bool:
        """Take a connection back at once, if nothing has to be waited for; else false, and it is released above.

        Only a shortcut: it saves each step the task that otherwise keeps `release_connection` from being
        cancelled half-way.
        """
        return False

    async def exactly_once(
        self, connection: Any, mark: Mark, work: Callable[[], Awaitable[Any]], *, own_task: bool
    ) -> Any:
        """Do `work` on `connection` and leave `mark` in the same transaction; what the work gives.

        If the mark is there already, the work is not done again: the mark tells what it gave. `own_task` says that
        the work is one of the plugin's tasks, which begin transactions by themselves. Only for plugins with
        transactions: steps on others can't say `exactly_once`.
        """
        raise NotImplementedError(f"{type(self).__name__}.exactly_once")

    async def forget_marks(self, connection: Any, run_id: str, prefix: str) -> None:
        """Remove the marks of a run's steps whose path starts with `prefix`: it came to a good end."""

    @classmethod
    def leaves_marks(cls) -> bool:
        """Whether steps on this type of connection may say `exactly_once`."""
        return cls.exactly_once is not ConnectionPlugin.exactly_once

    async def check(self, connection: Any) -> str | None:
        """Ask the server, in one round trip, whether the connection can be used; what it says in a few words.

        For a test of the connection: `connection` is what `get_connection` gives, the answer may be
        `PostgreSQL 17.2, database shop`. Raises `ConnectionError`, with `stage="authorise"` where the database
        doesn't exist or may not be read. A plugin without this method is only connected in a test.
        """
        return None

    def addresses(self, config: dict[str, Any]) -> Sequence[Address | Path]:
        """Where `config`, complete and normalised, leads: servers, or a file; nothing if only the driver knows.

        A test of the connection looks there first. The default reads `url` (or a key like it), `host` and `port`.
        """
        return addresses_of(config)

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        """The tasks that flows can call, by name. Start the names with the plugin's, as in `myservice_get`.

        A parameter called `connection` gets what `get_connection` gives. Signature and docstring (`Args:`,
        `Returns:`, `Example YAML:`) are what checks, completion and documentation know of a task.
        """
        return {}

    def get_dependencies(self) -> list[str]:
        """The distributions that the plugin needs, as requirements: `httpx>=0.24`."""
        return []

    def check_dependencies(self) -> tuple[bool, list[str]]:
        """Whether all dependencies are installed in a version that fits, and the requirements that are not met."""
        from flowlang.connections.dependencies import missing_dependencies

        missing = missing_dependencies(self.get_dependencies())
        return not missing, missing

    def scaffold_connection_config(self, name: str = "connection", **kwargs: Any) -> str:
        """YAML for the `connections` of a flow. The default lists the required properties of the schema."""
        schema = self.get_config_schema()
        lines = [f"  {name}:", f"    type: {self.name}"]
        for key in schema.get("required", ()):
            variable = f"{self.name}_{key}".upper().replace("-", "_")
            lines.append(f"    {key}: ${{env.{variable}}}")
        return "\n".join(lines) + "\n"

    def scaffold_task_helpers(self, output_dir: str, **kwargs: Any) -> str | None:
        """Write Python helpers for tasks that use the connection; the path of the file, None if there are none."""
        return None

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "connection", **kwargs: Any) -> str | None:
        """Write an example flow; the path of the file, None if there is none."""
        return None

    def get_info(self) -> dict[str, Any]:
        """What the plugin is, as plain data."""
        return {
            "name": self.name,
            "aliases": list(self.aliases),
            "description": self.description,
            "version": self.version,
            "category": self.category,
            "dependencies": self.get_dependencies(),
            "tasks": list(self.get_builtin_tasks()),
            "config_schema": self.get_config_schema(),
            "capabilities": {
                "transactional": self.transactional,
                "server_cancel": self.server_cancel,
                "explainable": self.explainable,
                "read_only": self.read_only,
                "sandbox": self.sandbox,
            },
        }
