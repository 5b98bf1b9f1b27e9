"""A sandbox run: what its steps do to SQL databases is undone at the end, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowlang.connections.base import Change, Lasting, effect_sink
from flowlang.debugger.sandbox_pools import SandboxPools, Undone
from flowlang.debugger.sandbox_report import STEPS_TOLD, Remaining, SandboxReport, StepEffects
from flowlang.runtime.bodies.tasks import PluginTaskBody, TaskBody
from flowlang.runtime.interception import Intercepted, Interception, Interceptor

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan
    from flowlang.runtime.run import Run

__all__ = ["Sandbox", "SandboxReport"]


class Sandbox(Interceptor):
    """Makes one run a sandbox run. Among interceptors it comes after pins: what those answer for does nothing.

    At the end of the run `report` is what was done, and the event `sandbox_ended` has the same.
    """

    undoes = True

    def __init__(self) -> None:
        self.report: SandboxReport | None = None
        self._pools = SandboxPools()
        self._effects: dict[str, StepEffects] = {}
        self._lasting: dict[str, dict[str, None]] = {}

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        self._run = run
        self._flow = plan.name
        run.pools = self._pools
        if run.events is not None:
            run.events.emit("sandbox_started", plan.name)
        interception.concern(self, [step for one in plan.with_subplans() for step in one.every_step])

    async def bound(self, execution: Intercepted) -> None:
        body = execution.plan.body
        connection = body.connection if isinstance(body, (TaskBody, PluginTaskBody)) else None
        path = execution.frame.path + execution.plan.id
        effect_sink.set(_StepSink(self, path, connection))
        if isinstance(body, TaskBody):
            self.lasts(f"what the Python task `{execution.plan.task}` does outside of these connections", path)
        elif isinstance(body, PluginTaskBody):
            self._look_at(execution, body, path)

    async def settle(self) -> None:
        undone = await self._pools.end()
        self.report = report = self._reported(undone)
        if self._run.events is not None:
            self._run.events.emit("sandbox_ended", self._flow, report.as_data())

    def told(self) -> dict[str, Any]:
        return {} if self.report is None else {"sandbox": self.report.as_data()}

    def changed(self, change: Change, path: str, connection: str | None) -> None:
        """A step changed something that will be undone."""
        if path not in self._effects and len(self._effects) >= STEPS_TOLD:
            path, change = _address(path), change._replace(rows=())
        self._effects.setdefault(path, StepEffects(path, connection)).add(change)

    def lasts(self, what: str, path: str) -> None:
        """A step did something that stays."""
        steps = self._lasting.setdefault(what, {})
        steps[path if len(steps) < STEPS_TOLD else _address(path)] = None

    def _look_at(self, execution: Intercepted, body: PluginTaskBody, path: str) -> None:
        """A task of a plugin is about to run: can what it does be undone?"""
        connections = execution.frame.call.connections
        if connections is None or body.connection not in connections:
            return
        plugin = connections.plugin(body.connection)
        if not self._pools.undoes(plugin) and not plugin.sandbox and body.task not in plugin.reading_tasks:
            self.lasts(f"`{body.task}` on `{body.connection}`: {plugin.name} has no transaction for a run", path)

    def _reported(self, undone: list[Undone]) -> SandboxReport:
        for one in undone:
            for lasting in one.lasting:
                steps = self._lasting.setdefault(lasting.what, {})
                steps.update(dict.fromkeys(self._inserting(lasting, one.names)))
        return SandboxReport(
            sorted({name for one in undone for name in one.names}),
            list(self._effects.values()),
            [Remaining(what, list(steps)) for what, steps in self._lasting.items()],
        )

    def _inserting(self, lasting: Lasting, names: tuple[str, ...]) -> list[str]:
        """The steps that inserted into the table that something comes from."""
        if lasting.table is None:
            return []
        table = _bare(lasting.table)
        return [
            effects.path
            for effects in self._effects.values()
            if effects.connection in names
            and any(one.kind == "insert" and _bare(one.table or "") == table for one in effects.changes)
        ]


class _StepSink:
    """Where the plugins tell what one execution of a step does."""

    def __init__(self, sandbox: Sandbox, path: str, connection: str | None) -> None:
        self._sandbox = sandbox
        self._path = path
        self._connection = connection

    def changed(self, change: Change) -> None:
        self._sandbox.changed(change, self._path, self._connection)

    def lasts(self, lasting: Lasting) -> None:
        self._sandbox.lasts(lasting.what, self._path)


def _address(path: str) -> str:
    from flowlang.runtime.paths import address_of

    return address_of(path)


def _bare(table: str) -> str:
    """A table's name without its schema and quotes."""
    return table.rpartition(".")[2].strip().strip('"`').lower()
