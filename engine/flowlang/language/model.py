"""A flow as data: what `parse` makes of a file, what `check` completes, and what a plan is made from."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flowlang.language.diagnostics import NOWHERE, Span
from flowlang.language.nodes import Mapping, Node, Scalar

if TYPE_CHECKING:
    from flowlang.language.source import Source

Form = Literal["value", "condition", "expression"]


class Read(NamedTuple):
    """One name that an expression reads: `${orders.rows[0].id}` has root `orders` and path `("rows", 0, "id")`.

    The path ends where it is no longer known before the run. `optional` is true under `default`, where what
    is missing is no error.
    """

    root: str
    path: tuple[str | int, ...]
    span: Span
    optional: bool = False


class Value:
    """A place of a flow where an expression may stand.

    `form` says how text is read: as a `value` (text with `${…}` in it), as a `condition` (the text around
    `${…}` belongs to the expression), or as an `expression` (text without `${…}` is one). Checking fills
    `tree`, the Python expression that computes it, and `reads`; planning fills `run`. A `constant` value
    reads nothing. `objects` are what the tree takes by name instead of spelling it out, and `source` is the text
    that the value stands in.
    """

    __slots__ = ("constant", "form", "node", "objects", "reads", "run", "source", "tree")

    def __init__(self, node: Node, form: Form = "value") -> None:
        self.node = node
        self.form: Form = form
        self.constant = False
        self.reads: tuple[Read, ...] = ()
        self.tree: ast.expr | None = None
        self.run: Callable[[Any], Any] | None = None
        self.objects: dict[str, Any] | None = None
        self.source: Source | None = None


class Name(NamedTuple):
    """A name in the file, with its place."""

    text: str
    span: Span


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Retry:
    """How a failing step is tried again. Durations are seconds once evaluated."""

    max_attempts: Value | None = None
    delay: Value | None = None
    backoff: Value | None = None
    backoff_multiplier: Value | None = None
    max_delay: Value | None = None
    jitter: Value | None = None
    on: tuple[Name, ...] = ()


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class Step:
    """What every step has, whatever its kind. `key` is the node that shows the step's kind, for messages."""

    kind: str
    id: str
    id_span: Span = NOWHERE
    id_given: bool = False
    node: Node
    key: Scalar
    description: str | None = None
    condition: Value | None = None
    depends_on: tuple[Name, ...] = ()
    retry: Retry | None = None
    timeout: Value | None = None
    on_error: list[Step] | None = None
    continue_on_error: bool = False
    silent: bool | None = None
    connection: Name | None = None
    outputs: tuple[Name, ...] = ()
    idempotent: bool = False
    exactly_once: bool = False

    @property
    def span(self) -> Span:
        """Where the step stands, from its first key to the end of its last value."""
        return self.node.span

    @property
    def line(self) -> int:
        """Line of the step, from 1."""
        return self.node.span.line

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        """The lists of steps inside this one, each with the name of its branch."""
        if self.on_error is not None:
            yield "on_error", self.on_error

    def values(self) -> Iterator[Value]:
        """The values that the step itself evaluates, without those of the steps inside."""
        for value in (self.condition, self.timeout):
            if value is not None:
                yield value
        if self.retry is not None:
            retry = self.retry
            for value in (
                retry.max_attempts,
                retry.delay,
                retry.backoff,
                retry.backoff_multiplier,
                retry.max_delay,
                retry.jitter,
            ):
                if value is not None:
                    yield value


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class TaskStep(Step):
    """A call of a task. `builtin_form` is true for `- <task name>: {…}`."""

    task: Name
    arguments: Value
    builtin_form: bool = False

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        yield self.arguments


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class ParallelStep(Step):
    """Branches that run at once."""

    branches: list[Step] = field(default_factory=list)
    max_concurrency: Value | None = None

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        yield "parallel", self.branches
        yield from Step.blocks(self)

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        if self.max_concurrency is not None:
            yield self.max_concurrency


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Elif:
    """A further condition of an `if` step."""

    condition: Value
    then: list[Step]


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class IfStep(Step):
    """A choice between lists of steps. The step is never skipped by its own `test`."""

    test: Value
    then: list[Step] = field(default_factory=list)
    elifs: list[Elif] = field(default_factory=list)
    otherwise: list[Step] = field(default_factory=list)

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        yield "then", self.then
        for number, further in enumerate(self.elifs, 1):
            yield f"elif {number}", further.then
        yield "else", self.otherwise
        yield from Step.blocks(self)

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        yield self.test
        for further in self.elifs:
            yield further.condition


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Case:
    """One case of a `switch`: `when` is a value or a list of values."""

    when: Value
    body: list[Step]


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class SwitchStep(Step):
    """A choice by the value of an expression."""

    subject: Value
    cases: list[Case] = field(default_factory=list)
    default: list[Step] | None = None

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        for number, case in enumerate(self.cases, 1):
            yield f"case {number}", case.body
        if self.default is not None:
            yield "default", self.default
        yield from Step.blocks(self)

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        yield self.subject
        for case in self.cases:
            yield case.when


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class ForEachStep(Step):
    """A loop over items."""

    items: Value
    as_: Name
    body: list[Step] = field(default_factory=list)
    concurrency: Value | None = None
    collect: Value | None = None

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        yield "do", self.body
        yield from Step.blocks(self)

    def values(self) -> Iterator[Value]:
        """All but `collect`, which is evaluated in the scope of the body."""
        yield from Step.values(self)
        yield self.items
        if self.concurrency is not None:
            yield self.concurrency


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class WhileStep(Step):
    """A loop as long as a condition holds."""

    test: Value
    body: list[Step] = field(default_factory=list)
    max_iterations: Value | None = None

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        yield "do", self.body
        yield from Step.blocks(self)

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        yield self.test
        if self.max_iterations is not None:
            yield self.max_iterations


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class SubflowStep(Step):
    """A call of another flow."""

    flow: Name
    arguments: Value

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        yield self.arguments


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class ExitStep(Step):
    """The end of the flow."""

    reason: Value | None = None
    exit_outputs: Value | None = None
    status: Literal["success", "failure"] = "success"

    def values(self) -> Iterator[Value]:
        yield from Step.values(self)
        for value in (self.reason, self.exit_outputs):
            if value is not None:
                yield value


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Input:
    """A declared input. `type` is a JSON type name or None for any. `default` is read only if `has_default`."""

    name: str
    span: Span
    type: str | None = None
    required: bool = True
    has_default: bool = False
    default: Any = None
    description: str | None = None
    enum: list[Any] | None = None
    secret: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Output:
    """A value that the flow gives back."""

    name: str
    span: Span
    value: Value
    description: str | None = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Connection:
    """A declared connection: a plugin `type` with its `config`, or `use`, the name of one of the project's.

    `config` maps each key to its value; `keys` holds the places of the keys.
    """

    name: str
    span: Span
    type: Name | None = None
    use: Name | None = None
    config: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, Span] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Flow:
    """A flow. A half-typed file gives a partial one: whatever could be read.

    `inputs` is None when the file has no such key, and the flow takes whatever it is given.
    """

    name: str = ""
    name_span: Span = NOWHERE
    path: str | None = None
    node: Mapping | None = None
    description: str | None = None
    version: str | None = None
    tags: tuple[Name, ...] = ()
    inputs: list[Input] | None = None
    connections: dict[str, Connection] = field(default_factory=dict)
    triggers: list[Node] = field(default_factory=list)
    mode: Literal["sequential", "dag"] = "sequential"
    steps: list[Step] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    on_error: list[Step] = field(default_factory=list)
    on_cancel: list[Step] = field(default_factory=list)
    finally_: list[Step] = field(default_factory=list)
    silent: bool = False
    timeout: Value | None = None

    def blocks(self) -> Iterator[tuple[str, list[Step]]]:
        """The flow's own lists of steps, each with its key."""
        yield "steps", self.steps
        yield "on_error", self.on_error
        yield "on_cancel", self.on_cancel
        yield "finally", self.finally_

    def walk(self) -> Iterator[Step]:
        """Every step, also inside others, in the order of the text of each list."""
        stack = [step for _, steps in reversed(list(self.blocks())) for step in reversed(steps)]
        while stack:
            step = stack.pop()
            yield step
            stack.extend(inner for _, steps in reversed(list(step.blocks())) for inner in reversed(steps))
