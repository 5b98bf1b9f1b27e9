"""Checking the connections of a flow, and which of them each step uses."""

from __future__ import annotations

from collections.abc import Mapping

from flowlang.language.catalog import Catalog, ConnectionType, TaskInfo
from flowlang.language.diagnostics import Problems, Span, nearest
from flowlang.language.model import Connection, Flow, Name, Step, TaskStep
from flowlang.language.nodes import Mapping as MappingNode


class Connections:
    """The connections that a flow declares, with what is known of their types."""

    def __init__(self, flow: Flow, problems: Problems, catalog: Catalog) -> None:
        self.flow = flow
        self.problems = problems
        self.catalog = catalog
        self._reported: set[Span] = set()

    def check(self, connection: Connection) -> None:
        """Check one declaration: its type, and the configuration as far as it is known before the run."""
        if connection.use is not None:
            self._of_project(connection.use)
            return
        if connection.type is None:
            return
        found = self.catalog.connection_type(connection.type.text)
        if found is None:
            self.problems.error(
                "unknown-connection-type",
                f"no plugin makes connections of type `{connection.type.text}`",
                connection.type.span,
                suggestion=nearest(connection.type.text, self.catalog.connection_type_names()),
            )
            return
        if found.error is not None:
            self.problems.error(
                "broken-plugin",
                f"the plugin of type `{found.name}` cannot be used: {found.error}",
                connection.type.span,
            )
            return
        self._config(connection, found)

    def _config(self, connection: Connection, found: ConnectionType) -> None:
        known = {key: value.node.data for key, value in connection.config.items() if value.constant}
        unknown = frozenset(connection.config.keys() - known.keys())
        for problem in self.catalog.check_connection(found.name, known, unknown):
            value = connection.config.get(problem.key or "")
            if value is None:
                span = connection.span
            else:
                span = connection.keys[problem.key or ""] if problem.code == "unknown-key" else value.node.span
            self.problems.error(problem.code, problem.message, span, suggestion=problem.suggestion)

    def _of_project(self, name: Name) -> str | None:
        type = self.catalog.project_connection(name.text)
        if type is None:
            self._unknown(name)
        return type

    def known(self, name: Name) -> bool:
        """Whether a step may use the name; reports it if not."""
        if name.text in self.flow.connections:
            return True
        return self._of_project(name) is not None

    def _unknown(self, name: Name) -> None:
        if name.span in self._reported:
            return
        self._reported.add(name.span)
        names = [*self.flow.connections, *self.catalog.project_connection_names()]
        there_are = f"; there are {', '.join(f'`{known}`' for known in names)}" if names else ""
        self.problems.error(
            "unknown-connection",
            f"no connection is called `{name.text}`{there_are}",
            name.span,
            suggestion=nearest(name.text, names),
        )

    def type_of(self, name: str) -> str | None:
        """The plugin's own name for the type of a connection, or None if that is not known."""
        declared = self.flow.connections.get(name)
        if declared is None:
            type = self.catalog.project_connection(name)
        elif declared.use is not None:
            type = self.catalog.project_connection(declared.use.text)
        else:
            type = None if declared.type is None else declared.type.text
        found = None if type is None else self.catalog.connection_type(type)
        return type if found is None else found.name

    def resolve(self, step: TaskStep, info: TaskInfo, given: Name | None) -> None:
        """Find the connection of a step whose task needs one, and note it on the step."""
        if given is not None:
            step.connection = given
            type = self.type_of(given.text)
            if info.provider is not None and type is not None and type != info.provider:
                self.problems.error(
                    "wrong-connection-type",
                    f"task `{info.name}` needs a connection of type `{info.provider}`, and `{given.text}` is `{type}`",
                    given.span,
                )
            return
        fitting = [name for name in self.flow.connections if info.provider in (None, self.type_of(name))]
        if len(fitting) == 1:
            step.connection = Name(fitting[0], step.task.span)
            return
        of_type = "" if info.provider is None else f" of type `{info.provider}`"
        if fitting:
            message = (
                f"task `{info.name}` needs `connection`: it could be {' or '.join(f'`{name}`' for name in fitting)}"
            )
        else:
            message = f"task `{info.name}` needs a connection{of_type}, and the flow declares none"
        self.problems.error("missing-connection", message, step.task.span)

    def check_exactly_once(self, step: Step, infos: Mapping[str, TaskInfo | None]) -> None:
        """Report a step that takes effect where no mark can be left in the same transaction."""
        why = self._no_mark(step, infos)
        if why is not None:
            span = _key_span(step)
            self.problems.error("not-exactly-once", f"`exactly_once` needs a database with transactions: {why}", span)

    def _no_mark(self, step: Step, infos: Mapping[str, TaskInfo | None]) -> str | None:
        """Why a step cannot leave a mark where it takes effect; None if it can, or if that is not known."""
        if not isinstance(step, TaskStep):
            return f"put it on the steps inside this `{step.kind}`"
        info = infos.get(step.task.text)
        if info is None:
            return None
        if info.provider is None and not info.wants_connection:
            return f"task `{info.name}` takes no connection"
        type = None if step.connection is None else self.type_of(step.connection.text)
        found = None if type is None else self.catalog.connection_type(type)
        if found is None or found.error is not None or found.exactly_once:
            return None
        return f"a connection of type `{found.name}` has none"


def _key_span(step: Step) -> Span:
    """Where a step says `exactly_once`: beside its task, or among the arguments."""
    node: object = step.node
    if isinstance(node, MappingNode) and "exactly_once" not in node.entries and step.key.value in node.entries:
        node = node.entries[step.key.value][1]
    if isinstance(node, MappingNode) and "exactly_once" in node.entries:
        return node.entries["exactly_once"][0].span
    return step.key.span
