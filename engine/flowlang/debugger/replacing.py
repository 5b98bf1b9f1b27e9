"""Taking over a new text of a flow in the middle of a run: for what has not begun, as far as that is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.places import LOOPS, Around, Places
from flowlang.language.order import within

if TYPE_CHECKING:
    from flowlang.debugger.stop import Stop
    from flowlang.language.diagnostics import Diagnostic
    from flowlang.language.model import Step
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run

#: Keys of a step that hold other steps.
_HOLDING: Final = frozenset(
    {"then", "elif", "else", "do", "steps", "cases", "default", "parallel", "branches", "on_error"}
)

_NEXT_RUN: Final = "the change counts in the next run"


class Redone(NamedTuple):
    """What became of a new text: with `problems` nothing, and `plan` is None.

    `taken` are the ids of the steps that run with their new text from now on; `left` says of each other change, by the
    id of its step, why it has no effect on this run.
    """

    plan: StepPlan | None = None
    taken: tuple[str, ...] = ()
    left: Mapping[str, str] = {}
    problems: tuple[Diagnostic, ...] = ()


Instead = dict["StepPlan", tuple["StepPlan", ...]]


def replaced(places: Places, stop: Stop, text: str, run: Run) -> tuple[Redone, Instead]:
    """What a new text of the flow of a stop changes, and the steps that run instead of others from now on."""
    loaded = run.with_text(stop.plan, text)
    new = loaded.plan
    if new is None:
        return Redone(problems=tuple(loaded.problems)), {}
    step = next((one for one in new.every_step if one.id == stop.step_id), None)
    if step is None:
        raise DebuggerError(
            f"the new text has no step `{stop.step_id}`, at which the run stands", hint="keep its id, or skip the step"
        )
    _require_connections(new, stop)
    for one in new.with_subplans():
        places.add(one)
    current = stop.execution.plan
    instead: Instead = {}
    change = _Change({}, {}, {})
    # a text that was taken before leaves two: the one the run began with, and the one the step is of
    for base in dict.fromkeys((stop.plan, places.home[current])):
        comparison = _Comparison(places, base, new, stop)
        comparison.compare()
        instead.update(comparison.instead)
        change = comparison.change
    instead.setdefault(current, (step,))
    _note_flow(stop.plan, new, change)
    taken = (stop.step_id, *(id for id in change.taken if id != stop.step_id))
    return Redone(step, taken, {**change.left}), instead


class _Change(NamedTuple):
    taken: dict[str, None]
    left: dict[str, str]
    added: dict[str, None]


class _Comparison:
    """Compares the plan of a run's text with that of a new one, list of steps by list of steps."""

    def __init__(self, places: Places, old: Plan, new: Plan, stop: Stop) -> None:
        self.places = places
        self.old = old
        self.new = new
        self.instead: Instead = {}
        self.change = _Change({}, {}, {})
        self._plans_of_new = {one.step: one for one in new.every_step}
        self._plans_of_old = {one.step: one for one in old.every_step}
        self._before = stop.when == "before"
        self._chain = list(self._around(stop))
        self._current = self._chain[0] if self._chain else None

    def compare(self) -> None:
        """Find what is different in all lists of steps of which the run has not passed the end."""
        root = self._root_block()
        for (block, old), (_, new) in zip(self.old.flow.blocks(), self.new.flow.blocks(), strict=True):
            if root == "steps" or block != "steps":
                ordered = block != "steps" or self.old.waits_for is None
                self._lists(old, new, ordered=ordered, repeated=False)

    def _around(self, stop: Stop) -> Iterator[StepPlan]:
        """The step at which the run stands as this text has it, and the blocks around it, outwards."""
        at = next((one for one in self.old.every_step if one.id == stop.step_id), None)
        while at is not None:
            yield at
            around: Around | None = self.places.around(at)
            at = None if around is None else around.plan

    def _root_block(self) -> str:
        outermost = self._chain[-1].step if self._chain else None
        return next(
            (block for block, steps in self.old.flow.blocks() if any(one is outermost for one in steps)), "steps"
        )

    def _lists(self, old: Sequence[Step], new: Sequence[Step], *, ordered: bool, repeated: bool) -> None:
        """Compare two lists; `ordered` ones run one after the other, `repeated` ones more than once."""
        here = next((index for index, one in enumerate(old) if self._plans_of_old[one] in self._chain), -1)
        by_id = {one.id: one for one in new}
        waiting: dict[str, list[Step]] = {}
        trailing = self._insertions(old, new, waiting)
        for index, step in enumerate(old):
            plan = self._plans_of_old[step]
            ahead = index > here or (plan is self._current and self._before)
            successor = by_id.get(step.id)
            before = waiting.get(step.id, [])
            if successor is None:
                self._removed(plan, ahead or repeated)
            elif plan in self._chain and plan is not self._current:
                self._under_way(plan, successor, repeated)
            elif not ahead and not repeated and plan is not self._current:
                if step.node.data != successor.node.data:
                    self.change.left[step.id] = f"it has run already; {_NEXT_RUN}"
            elif before or step.node.data != successor.node.data:
                self._changed(plan, (*before, successor) if ordered and ahead else (successor,))
                if not (ordered and ahead):
                    self._not_added(before)
                continue
            if successor is not None:
                self._not_added(before)
        self._append(old, trailing, here, ordered=ordered)

    def _insertions(self, old: Sequence[Step], new: Sequence[Step], waiting: dict[str, list[Step]]) -> list[Step]:
        """Steps that only the new list has: by the id of the step before which they stand, and those at the end."""
        known = {one.id for one in old}
        gathered: list[Step] = []
        for step in new:
            if step.id in known:
                if gathered:
                    waiting[step.id] = gathered
                gathered = []
            else:
                gathered.append(step)
        return gathered

    def _append(self, old: Sequence[Step], added: list[Step], here: int, *, ordered: bool) -> None:
        """Steps at the end of a list run after the last one it had, if that has not begun."""
        if not added:
            return
        last = self._plans_of_old[old[-1]] if old else None
        ahead = last is not None and (len(old) - 1 > here or (last is self._current and self._before))
        if last is None or not ahead or not ordered:
            self._not_added(added)
            return
        runs = self.instead.get(last)
        if runs is None:
            own = next((one for one in self.new.every_step if one.id == last.id), last)
            runs = (own,)
        self.instead[last] = (*runs, *(self._plans_of_new[one] for one in added))
        self.change.taken.update(dict.fromkeys(one.id for one in added))

    def _changed(self, plan: StepPlan, steps: Sequence[Step]) -> None:
        self.instead[plan] = tuple(self._plans_of_new[one] for one in steps)
        self.change.taken.update(dict.fromkeys(one.id for one in steps))

    def _removed(self, plan: StepPlan, ahead: bool) -> None:
        if ahead:
            self.instead[plan] = ()
            self.change.taken[plan.id] = None
        else:
            self.change.left[plan.id] = f"it has run already, and is gone from the text; {_NEXT_RUN}"

    def _under_way(self, plan: StepPlan, successor: Step, repeated: bool) -> None:
        """A block in which the run stands: what is inside it is compared, its own keys stay as they were."""
        old = plan.step
        if old.kind != successor.kind or _own(old) != _own(successor):
            self.change.left[old.id] = f"it had begun; {_NEXT_RUN}"
        if old.kind != successor.kind:
            return
        blocks = dict(successor.blocks())
        ordered = old.kind != "parallel"
        for block, steps in old.blocks():
            inside = ordered or block == "on_error"
            looped = repeated or (old.kind in LOOPS and block == "do")
            self._lists(steps, blocks.get(block, ()), ordered=inside, repeated=looped)

    def _not_added(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.change.left[step.id] = f"it is new, and what it would run among has begun; {_NEXT_RUN}"


def ids_in(plans: Sequence[StepPlan]) -> Iterator[str]:
    """The ids of some steps and of all inside them."""
    for plan in plans:
        yield from (step.id for step in within(plan.step))


def _own(step: Step) -> Any:
    """What a step says of itself, without the steps inside it."""
    data = step.node.data
    if not isinstance(data, dict):
        return data
    own = {key: value for key, value in data.items() if key not in _HOLDING}
    return {key: value for key, value in own.items() if key != step.kind or step.kind != "parallel"}


def _note_flow(old: Plan, new: Plan, change: _Change) -> None:
    """Say what else of the new text has no effect on the run."""
    before, after = _data(old), _data(new)
    said = {
        "outputs": "the run gives the outputs of the text it began with",
        "inputs": "the run has its inputs already",
        "connections": "the run keeps the connections that it opened",
        "timeout": "the run keeps its time limit",
    }
    for key, why in said.items():
        if before.get(key) != after.get(key):
            change.left[key] = why


def _data(plan: Plan) -> dict[str, Any]:
    node = plan.flow.node
    return {} if node is None else node.data


def _require_connections(new: Plan, stop: Stop) -> None:
    connections = stop.execution.frame.call.connections
    missing = [name for name in new.connections if connections is None or name not in connections]
    if missing:
        raise DebuggerError(
            f"the new text uses the connection `{missing[0]}`, which this run has not opened",
            hint="start the flow anew for that",
        )
