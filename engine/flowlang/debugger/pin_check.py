"""Checks pins against the flow that they are for: the steps they name, and what those promise to give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from flowlang.debugger.pin_file import Pin, PinFile
from flowlang.language.diagnostics import Diagnostic, Problems, nearest
from flowlang.language.model import ForEachStep, Step, SubflowStep, TaskStep, WhileStep

if TYPE_CHECKING:
    from flowlang.language.catalog import Catalog
    from flowlang.runtime.plan import Plan

#: What a step of these kinds gives, whatever is inside.
_RESULTS: Final[Mapping[str, Mapping[str, str]]] = {"while": {"iterations": ""}, "for_each": {"count": ""}}


def check_pins(file: PinFile, plan: Plan, catalog: Catalog) -> list[Diagnostic]:
    """What is wrong with the pins of a flow, in the order of the file: its own problems, and these."""
    problems = Problems(str(file.path))
    problems.found.extend(file.problems)
    for pin in file.pins.values():
        found = _find(plan, pin, problems)
        if found is not None and pin.has_output:
            _check_output(pin, found, catalog, problems)
    return problems.in_order()


class _Found(NamedTuple):
    """The step that a pin names, and the plan that it stands in."""

    step: Step
    plan: Plan


def _find(plan: Plan, pin: Pin, problems: Problems) -> _Found | None:
    """Follow the address from the flow down to the step."""
    here: Sequence[Step] = [step for _, steps in plan.flow.blocks() for step in steps]
    segments = pin.segments
    way = ""
    for depth, (name, index) in enumerate(segments):
        known = {step.id: step for step in _level(here)}
        step = known.get(name)
        if step is None:
            where = f"in `{way.rstrip('/')}` " if way else ""
            like = nearest(name, known)
            said = f"there is no step `{name}` {where}to pin"
            problems.error("unknown-step", said, pin.at, suggestion=None if like is None else way + like)
            return None
        is_loop = isinstance(step, (ForEachStep, WhileStep))
        if index is not None and (not is_loop or depth == len(segments) - 1):
            why = "is no loop" if not is_loop else "is the loop itself: name a step inside it"
            problems.error("pin-address", f"`{name}` {why}, so there is no `{name}[{index}]` to pin", pin.at)
            return None
        if depth == len(segments) - 1:
            return _Found(step, plan)
        way += f"{name}/"
        if isinstance(step, (ForEachStep, WhileStep)):
            here = step.body
        elif isinstance(step, SubflowStep) and step.flow.text in plan.subplans:
            plan = plan.subplans[step.flow.text]
            here = [inner for _, steps in plan.flow.blocks() for inner in steps]
        else:
            here = ()
    return None


def _level(steps: Sequence[Step]) -> list[Step]:
    """The steps whose paths begin alike: those of a list, and those in its blocks that are no loops."""
    found: list[Step] = []
    waiting = list(reversed(steps))
    while waiting:
        step = waiting.pop()
        found.append(step)
        for name, inner in step.blocks():
            if name != "do":
                waiting.extend(reversed(inner))
    return found


def _check_output(pin: Pin, found: _Found, catalog: Catalog, problems: Problems) -> None:
    step, output = found.step, pin.output
    declared = _declared(found, catalog)
    promised = [name.text for name in step.outputs]
    if not isinstance(output, Mapping):
        missing = [name for name in promised if name != "result"]
        if missing:
            message = f"step `{step.id}` promises {_listed(missing)}, so its output must be a map with that"
            problems.error("pin-output", message, pin.output_at)
        elif declared:
            message = f"`{_work(step)}` gives a map with {_listed(declared)}, and this is none"
            problems.error("pin-output", message, pin.output_at)
        return
    missing = [name for name in promised if name not in output]
    if missing:
        message = f"step `{step.id}` promises {_listed(missing)} in its `outputs`, which this lacks"
        problems.error("pin-output", message, pin.output_at)
    if not declared:
        return
    lacking = [name for name in declared if name not in output and name not in missing]
    if lacking:
        message = f"`{_work(step)}` gives {_listed(lacking)} too, which this lacks"
        problems.warning("pin-output", message, pin.output_at)
    if isinstance(step, TaskStep):
        for name in output:
            if name not in declared and name not in promised:
                like = nearest(str(name), lacking)
                message = f"`{_work(step)}` gives no `{name}`, as far as its documentation says"
                problems.warning("pin-output", message, pin.output_at, suggestion=like)


def _declared(found: _Found, catalog: Catalog) -> Mapping[str, str]:
    step = found.step
    if isinstance(step, TaskStep):
        info = catalog.task(step.task.text)
        return (None if info is None else info.results) or {}
    if isinstance(step, SubflowStep):
        called = found.plan.subplans.get(step.flow.text)
        return {} if called is None else {output.name: "" for output in called.flow.outputs}
    return _RESULTS.get(step.kind, {})


def _work(step: Step) -> str:
    if isinstance(step, TaskStep):
        return step.task.text
    return step.flow.text if isinstance(step, SubflowStep) else step.kind


def _listed(names: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
