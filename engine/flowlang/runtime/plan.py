"""A checked flow, made ready to run: what is known before a run is worked out once, and shared by all runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from flowlang.language.diagnostics import Span
from flowlang.language.model import Connection, Flow, Output, Retry, Step, Value
from flowlang.runtime.frame import Frame, StepState

if TYPE_CHECKING:
    from pathlib import Path


class Body(Protocol):
    """What a step of one kind does in one attempt."""

    def inputs(self, frame: Frame) -> Mapping[str, Any] | None:
        """What goes into the attempt, as shown to whoever watches; None for kinds that take nothing."""

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> Any:
        """Do the work and give back the step's result."""


class StepPlan:
    """A step, ready to run.

    `inline` is the task's own coroutine function where the step is nothing but a call of it, `bind` what makes
    its arguments: such a step is awaited where it stands, without any machinery around it. `started` and
    `completed` are the events of that name, as far as they are the same in every run.
    """

    __slots__ = (
        "bind",
        "body",
        "completed",
        "condition",
        "continue_on_error",
        "id",
        "inline",
        "kind",
        "line",
        "on_error",
        "promised",
        "retry",
        "silent",
        "started",
        "step",
        "task",
        "timeout",
    )

    def __init__(self, step: Step, body: Body, *, task: str | None, silent: bool) -> None:
        self.step = step
        self.id = step.id
        self.kind = step.kind
        self.line = step.line
        self.task = task
        self.body = body
        self.silent = silent
        self.condition: Value | None = step.condition
        self.retry: Retry | None = step.retry
        self.timeout: Value | None = step.timeout
        self.on_error: Sequence[StepPlan] | None = None
        self.continue_on_error = step.continue_on_error
        self.promised: tuple[str, ...] = tuple(name.text for name in step.outputs)
        self.inline: Callable[..., Coroutine[Any, Any, Any]] | None = None
        self.bind: Callable[[Frame], dict[str, Any]] | None = None
        self.started: dict[str, Any] | None = None
        self.completed: dict[str, Any] | None = None

    @property
    def bare(self) -> bool:
        """Whether the step has nothing around its body but the names its result must have."""
        return (
            self.condition is None
            and self.retry is None
            and self.timeout is None
            and self.on_error is None
            and not self.continue_on_error
        )


class EnvironmentRead(NamedTuple):
    """A variable of the environment that the flow cannot run without."""

    name: str
    span: Span
    path: str | None


class Plan:
    """A flow, ready to run any number of times.

    `steps` are those of the flow's own list, `every_step` also those inside them and those of the handlers.
    `text` is what the plan was made from; it is empty for a flow given as data. `template` holds the state of every
    step before the run. `connections` are those that steps use, and
    `connection_steps` the ids of these steps. `marks` tells of steps, in it or in flows that it calls, that take
    effect exactly once.
    """

    __slots__ = (
        "blocks",
        "connection_environment",
        "connection_steps",
        "connections",
        "environment",
        "every_step",
        "flow",
        "folder",
        "marks",
        "name",
        "on_cancel",
        "on_error",
        "outputs",
        "path",
        "root",
        "steps",
        "subplans",
        "template",
        "text",
        "timeout",
        "waits_for",
    )

    def __init__(self, flow: Flow, folder: Path, root: Path) -> None:
        self.flow = flow
        self.text = ""
        self.name = flow.name
        self.path = flow.path
        self.folder = folder
        self.root = root
        self.steps: Sequence[StepPlan] = ()
        self.every_step: tuple[StepPlan, ...] = ()
        self.waits_for: list[set[int]] | None = None
        self.on_error: Sequence[StepPlan] = ()
        self.on_cancel: Sequence[StepPlan] = ()
        self.blocks: dict[str, Sequence[StepPlan]] = {}
        self.outputs: Sequence[Output] = flow.outputs
        self.template: dict[str, StepState] = {}
        self.timeout: Value | None = flow.timeout
        self.connections: dict[str, Connection] = {}
        self.connection_steps: dict[str, tuple[str, ...]] = {}
        self.subplans: dict[str, Plan] = {}
        self.environment: tuple[EnvironmentRead, ...] = ()
        self.connection_environment: frozenset[str] = frozenset()
        self.marks = False

    def with_subplans(self) -> list[Plan]:
        """The plan, and those of all the flows that it calls, directly or not."""
        found = {self: None}
        waiting = [self]
        while waiting:
            for called in waiting.pop().subplans.values():
                if called not in found:
                    found[called] = None
                    waiting.append(called)
        return list(found)

    @property
    def finally_(self) -> Sequence[StepPlan]:
        """Steps that run whatever the ending."""
        return self.blocks.get("finally", ())
