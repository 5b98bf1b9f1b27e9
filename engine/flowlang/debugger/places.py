"""Where steps stand: the blocks around a step in the text, and the loops and calls around it in a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from flowlang.language.model import Step
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import Plan, StepPlan

LOOPS: Final = frozenset({"for_each", "while"})


class Around(NamedTuple):
    """The block in which a step stands, and the name of the block's list of steps."""

    plan: StepPlan
    block: str


class Node(NamedTuple):
    """A part of a run that holds others: a flow called, a block, an iteration, a step. `key` tells it from all others.

    In a `parted` one the parts run at once.
    """

    key: tuple[object, ...]
    parted: bool
    frame: Frame | None = None
    plan: StepPlan | None = None


class Places:
    """The steps of some plans by their place. What most runs don't need is worked out when it is asked for."""

    def __init__(self, plans: Iterable[Plan] = ()) -> None:
        self.plans: list[Plan] = list(plans)
        self._known = 0
        self._home: dict[StepPlan, Plan] = {}
        self._around: dict[StepPlan, Around] = {}

    def add(self, plan: Plan) -> None:
        """Take up the steps of one more plan."""
        self.plans.append(plan)

    def __iter__(self) -> Iterator[StepPlan]:
        return (step for plan in self.plans for step in plan.every_step)

    def around(self, plan: StepPlan) -> Around | None:
        """The block in which a step stands; None for a step of one of the flow's own lists."""
        self._look()
        return self._around.get(plan)

    @property
    def home(self) -> Mapping[StepPlan, Plan]:
        """The plans of the flows in which the steps stand."""
        self._look()
        return self._home

    def _look(self) -> None:
        while self._known < len(self.plans):
            plan = self.plans[self._known]
            self._known += 1
            made = {one.step: one for one in plan.every_step}
            for one in plan.every_step:
                self._home[one] = plan
                for block, steps in one.step.blocks():
                    for step in steps:
                        self._around[made[step]] = Around(one, block)

    def address(self, plan: StepPlan) -> str:
        """The step's address in its flow: the ids of the loops around it, and its own."""
        parts = [plan.id]
        around = self.around(plan)
        while around is not None:
            if is_iterated(around):
                parts.append(around.plan.id)
            around = self.around(around.plan)
        return "/".join(reversed(parts))

    def lineage(self, frame: Frame, plan: StepPlan) -> list[Node]:
        """Everything that a step of a run stands in, from the run's flow down to the step itself."""
        nodes: list[Node] = []
        at: tuple[Frame, StepPlan] | None = (frame, plan)
        while at is not None:
            frame, plan = at
            path = frame.path
            nodes.append(Node((plan, path), _parted(plan), frame, plan))
            around = self.around(plan)
            while around is not None:
                if is_iterated(around):
                    nodes.append(Node(("iteration", path), False))
                    path = without_last(path)
                nodes.append(Node((around.plan, path), _parted(around.plan), None, around.plan))
                around = self.around(around.plan)
            call = frame.call
            nodes.append(Node((call.plan, call.prefix), call.plan.waits_for is not None))
            at = call.caller
        nodes.reverse()
        return nodes

    def steps_at_line(self, plan: Plan, line: int) -> list[StepPlan]:
        """The innermost steps of a plan that stand on a line, or, if none does, that begin next after it."""
        on = [one for one in plan.every_step if one.step.span.line <= line < _end_line(one.step)]
        if on:
            latest = max(one.line for one in on)
            return [one for one in on if one.line == latest]
        after = [one for one in plan.every_step if one.line >= line]
        first = min((one.line for one in after), default=0)
        return [one for one in after if one.line == first]


def paths_of(lineage: list[Node]) -> set[str]:
    """The paths of the steps in a lineage, and that of the run, which is empty."""
    return {"", *(f"{node.key[1]}{node.plan.id}" for node in lineage if node.plan is not None)}


def is_iterated(around: Around) -> bool:
    """Whether what stands there stands in the iterations of a loop."""
    return around.block == "do" and around.plan.kind in LOOPS


def without_last(path: str) -> str:
    """The path of the frame around that of an iteration or call: `a[1]/b[2]/` becomes `a[1]/`."""
    return path[: path.rstrip("/").rfind("/") + 1]


def follows(later: list[Node], earlier: list[Node]) -> bool:
    """Whether one step's turn comes because another's has: not inside it, and not beside it in another branch."""
    shared = common(later, earlier)
    return shared < len(earlier) and not later_beside(earlier, shared)


def is_inside(inner: list[Node], outer: list[Node]) -> bool:
    """Whether a step stands in another one that is under way."""
    return len(inner) > len(outer) and inner[len(outer) - 1].key == outer[-1].key


def common(one: list[Node], other: list[Node]) -> int:
    """How many nodes two lineages share, from the top."""
    shared = 0
    for first, second in zip(one, other, strict=False):
        if first.key != second.key:
            break
        shared += 1
    return shared


def later_beside(nodes: list[Node], shared: int) -> bool:
    """Whether what comes after the shared nodes runs at the same time as its siblings."""
    return shared > 0 and nodes[shared - 1].parted


def _parted(plan: StepPlan) -> bool:
    if plan.kind == "for_each":
        return getattr(plan.body, "concurrency", None) is not None
    return plan.kind == "parallel"


def _end_line(step: Step) -> int:
    """The line after the step's last: a block of YAML ends where the next one begins."""
    span = step.span
    return span.end_line if span.end_column == 1 and span.end_line > span.line else span.end_line + 1
