"""What can be seen at a stop: the names of the step's flow with their values, and the blocks and calls around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from flowlang.debugger.places import Places

if TYPE_CHECKING:
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan


@dataclass(frozen=True, slots=True)
class StackFrame:
    """A step of the stack, the stopped one first; `call` is how many calls of subflows lie between.

    `index` and `length` are those of the iteration in which the next inner one runs, for a loop.
    """

    flow: str
    file: str | None
    step_id: str
    kind: str
    path: str
    line: int
    call: int
    index: int | None = None
    length: int | None = None


class Variable(NamedTuple):
    """A name and its value, plain and masked. `path` is what `set_value` takes; None where nothing can be set.

    `status` is that of a step.
    """

    name: str
    value: Any
    path: str | None = None
    status: str | None = None


class Group(NamedTuple):
    """Names that belong together, with a title to show.

    The kinds are `step` (facts of the step itself), `arguments` (its inputs, which `set_input` changes), `loop`,
    `steps`, `inputs` (of the flow) and `context`.
    """

    kind: str
    title: str
    variables: tuple[Variable, ...]


class Scope(NamedTuple):
    """The names that can be read at a place, in groups."""

    groups: tuple[Group, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The value of each name, as an expression would read it."""
        found: dict[str, Any] = {}
        for group in reversed(self.groups):
            if group.kind == "inputs":
                found["inputs"] = {one.name: one.value for one in group.variables}
            elif group.kind in ("step", "loop", "steps"):
                found.update((one.name, one.value) for one in group.variables)
        return found


Masking = Callable[[Any], Any]


def scope_of(
    frame: Frame, items: Sequence[str], mask: Masking, own: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Scope:
    """What can be read in a frame.

    `items` are the variables of the loops around, the innermost first; `own` facts of the step itself by name, and
    `arguments` its inputs.
    """
    groups = []
    if own:
        facts = (Variable(name, mask(value), name if name == "result" else None) for name, value in own.items())
        groups.append(Group("step", "this step", tuple(facts)))
    if arguments:
        given = tuple(Variable(name, mask(value)) for name, value in arguments.items())
        groups.append(Group("arguments", "inputs of this step", given))
    seen: set[str] = set()
    variables = iter(items)
    level: Frame | None = frame
    while level is not None:
        shown = []
        for id, state in list(level.v.items()):
            if id not in seen and state.status != "pending":
                shown.append(Variable(id, mask(state.result), id, state.status))
        if level.up is not None:
            groups.append(_loop(level, next(variables, "item"), mask))
            title = f"steps of iteration {level.index + 1}"
        else:
            title = "steps"
        seen.update(level.v)
        groups.append(Group("steps", title, tuple(shown)))
        level = level.up
    inputs = tuple(Variable(name, mask(value), f"inputs.{name}") for name, value in list(frame.inputs.items()))
    groups.append(Group("inputs", "inputs", inputs))
    context = tuple(Variable(name, mask(value)) for name, value in frame.context.items())
    groups.append(Group("context", "context", context))
    return Scope(tuple(groups))


def _loop(level: Frame, name: str, mask: Masking) -> Group:
    variables = (Variable(name, mask(level.item), name), Variable("loop", level.loop))
    return Group("loop", f"{name}, {level.index + 1} of {level.length}", variables)


def stack_of(places: Places, frame: Frame, plan: StepPlan) -> tuple[StackFrame, ...]:
    """The stopped step and the blocks and calls around it, from the inside out."""
    found: list[StackFrame] = []
    level: Frame | None = frame
    flow, calls = frame.call.plan, 0
    iteration: str | None = None
    for node in reversed(places.lineage(frame, plan)):
        at = node.plan
        if at is None:
            iteration = str(node.key[1]) if node.key[0] == "iteration" else None
            continue
        if node.frame is not None and found:
            level, flow, calls = node.frame, node.frame.call.plan, calls + 1
        index = length = None
        if iteration is not None:
            index = int(iteration.rstrip("/]").rpartition("[")[2])
            if at.kind == "for_each" and level is not None:
                length, level = level.length, level.up
        path = f"{node.key[1]}{at.id}"
        found.append(StackFrame(flow.name, flow.path, at.id, at.kind, path, at.line, calls, index, length))
        iteration = None
    return tuple(found)
