"""Checking flows that use the plugin, as they are checked before a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from flowlang.connections.config import check_config
from flowlang.connections.contract.subject import Subject
from flowlang.language.catalog import ConfigProblem, ConnectionType, TaskInfo
from flowlang.language.check import check_flow
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text
from flowlang.tasks.signatures import describe


class PluginCatalog:
    """Knows one plugin and its tasks, and nothing else."""

    def __init__(self, subject: Subject, *, configs: bool = True) -> None:
        self._subject = subject
        self._configs = configs
        self.infos = {
            name: describe(function, name=name, provider=subject.name)
            for name, function in subject.plugin().get_builtin_tasks().items()
        }

    def task(self, name: str) -> TaskInfo | None:
        return self.infos.get(name)

    def task_names(self) -> Iterable[str]:
        return list(self.infos)

    def connection_type(self, name: str) -> ConnectionType | None:
        plugin = self._subject.plugin
        if name not in (plugin.name, *plugin.aliases):
            return None
        return ConnectionType(
            plugin.name,
            tuple(plugin.aliases),
            plugin.description,
            self._subject.schema,
            tuple(self.infos),
            exactly_once=plugin.leaves_marks(),
        )

    def connection_type_names(self) -> Iterable[str]:
        return [self._subject.name, *self._subject.plugin.aliases]

    def check_connection(
        self, type: str, config: Mapping[str, Any], unknown: Collection[str]
    ) -> Sequence[ConfigProblem]:
        return check_config(self._subject.schema, config, unknown)[1] if self._configs else []

    def project_connection(self, name: str) -> str | None:
        return None

    def project_connection_names(self) -> Iterable[str]:
        return ()


def problems_of(text: str, catalog: PluginCatalog) -> list[Diagnostic]:
    """Every problem of a flow that uses nothing but the plugin."""
    problems = Problems()
    source = read_text(text, problems)
    flow = parse_flow(source, problems)
    check_flow(flow, source, problems, catalog, lambda name: None, tasks_known=False)
    return problems.in_order()


def sentences(problems: Iterable[Diagnostic]) -> str:
    """The problems in one line."""
    return "; ".join(f"line {problem.line}: {problem.sentence}" for problem in problems)
