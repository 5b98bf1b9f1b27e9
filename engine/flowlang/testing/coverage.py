"""Coverage of flows: which steps ran, and which branches were taken, in any of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flowlang.runtime.plan import Plan, StepPlan
from flowlang.testing.running import TestRun


@dataclass(slots=True)
class FlowCoverage:
    """What was run of one flow. Steps are `(id, line)`, branches `(id, line, branch)`; silent steps don't count."""

    flow: str
    path: str | None
    steps: set[tuple[str, int]] = field(default_factory=set)
    branches: set[tuple[str, int, str]] = field(default_factory=set)
    steps_run: set[tuple[str, int]] = field(default_factory=set)
    branches_taken: set[tuple[str, int, str]] = field(default_factory=set)

    @property
    def missed_steps(self) -> list[tuple[str, int]]:
        """The steps that no run came to, or that each skipped, by line."""
        return sorted(self.steps - self.steps_run, key=lambda step: step[1])

    @property
    def missed_branches(self) -> list[tuple[str, int, str]]:
        """The branches that no run took, by line."""
        return sorted(self.branches - self.branches_taken, key=lambda branch: branch[1:])

    @property
    def percent(self) -> float:
        """How much of its steps and branches was run; 100 for a flow without any."""
        whole = len(self.steps) + len(self.branches)
        done = len(self.steps & self.steps_run) + len(self.branches & self.branches_taken)
        return 100.0 * done / whole if whole else 100.0


class Coverage:
    """Adds up what the runs of any flows came to."""

    def __init__(self) -> None:
        self._flows: dict[tuple[str, str | None], FlowCoverage] = {}

    @property
    def flows(self) -> list[FlowCoverage]:
        """Each flow that was run, or could have been called by one that was, by its path."""
        return sorted(self._flows.values(), key=lambda one: (one.path or "", one.flow))

    @property
    def percent(self) -> float:
        """Of all the steps and branches together."""
        whole = sum(len(one.steps) + len(one.branches) for one in self.flows)
        done = sum(one.percent / 100 * (len(one.steps) + len(one.branches)) for one in self.flows)
        return 100.0 * done / whole if whole else 100.0

    def add(self, run: TestRun) -> None:
        """Take note of a run."""
        by_name = {plan.name: self._of(plan) for plan in run.plan.with_subplans()}
        for event in run.events:
            flow = by_name.get(event["flow"])
            if flow is None:
                continue
            if event["type"] in ("step_started", "step_completed"):
                flow.steps_run.add((event["step_id"], event["line"]))
            elif event["type"] == "branch_taken":
                flow.branches_taken.add((event["step_id"], event["line"], event["branch"] or "none"))

    def _of(self, plan: Plan) -> FlowCoverage:
        key = (plan.name, plan.path)
        known = self._flows.get(key)
        if known is None:
            known = self._flows[key] = FlowCoverage(plan.name, plan.path)
        heard = [step for step in plan.every_step if not step.silent]
        known.steps |= {(step.id, step.line) for step in heard}
        known.branches |= set(_branches(heard))
        return known


def by_file(coverage: Coverage, folder: Path) -> dict[str, FlowCoverage]:
    """The flows by their files, as somebody in `folder` would write them."""
    return {one.flow if one.path is None else _from(one.path, folder): one for one in coverage.flows}


def _from(path: str, folder: Path) -> str:
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def _branches(steps: Iterable[StepPlan]) -> Iterator[tuple[str, int, str]]:
    for step in steps:
        for branch in getattr(step.body, "branch_names", ()):
            yield step.id, step.line, branch
