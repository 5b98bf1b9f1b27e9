"""What checking knows about the world outside the file: tasks, connection types, project connections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Parameter(NamedTuple):
    """An argument of a task. `type` is a JSON type name, or None for any; several are joined by `|`."""

    name: str
    type: str | None = None
    required: bool = True
    default: Any = None
    description: str = ""


class TaskInfo(NamedTuple):
    """What is known of a task before it runs.

    `results` are the keys of its result, None if unknown. `open_ended` tasks take arguments of any name.
    `provider` is the connection type whose plugin brings the task, None for a project's own.
    """

    name: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    results: Mapping[str, str] | None = None
    open_ended: bool = False
    wants_connection: bool = False
    provider: str | None = None
    stub: bool = False
    example: str = ""
    source: str | None = None

    def parameter(self, name: str) -> Parameter | None:
        """The parameter called `name`, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


class ConnectionType(NamedTuple):
    """A kind of connection. `error` says why its plugin could not be loaded; then the rest is empty.

    `exactly_once` tells whether a step on it can leave a mark in the same transaction.
    """

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    schema: Mapping[str, Any] = {}
    tasks: tuple[str, ...] = ()
    error: str | None = None
    exactly_once: bool = False


class ConfigProblem(NamedTuple):
    """What is wrong with a connection's configuration. `key` is None where it concerns the whole."""

    key: str | None
    code: str
    message: str
    suggestion: str | None = None


class Catalog(Protocol):
    """Looks up tasks and connection types by name."""

    def task(self, name: str) -> TaskInfo | None:
        """The task called `name`, of the project or of any plugin."""

    def task_names(self) -> Iterable[str]:
        """Every task there is, for suggestions and completion."""

    def connection_type(self, name: str) -> ConnectionType | None:
        """The connection type with this name or alias."""

    def connection_type_names(self) -> Iterable[str]:
        """Every connection type, aliases included."""

    def check_connection(
        self, type: str, config: Mapping[str, Any], unknown: Collection[str]
    ) -> Sequence[ConfigProblem]:
        """What is wrong with a configuration; the values of the keys in `unknown` are known only in a run."""

    def project_connection(self, name: str) -> str | None:
        """The type of the project's connection called `name`, or None if there is none."""

    def project_connection_names(self) -> Iterable[str]:
        """Every connection that the project keeps."""
