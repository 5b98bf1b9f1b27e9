"""Taking over a new text of a flow in the middle of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flowlang.debugger.places import Places
    from flowlang.debugger.stop import Stop
    from flowlang.language.diagnostics import Diagnostic
    from flowlang.runtime.plan import StepPlan
    from flowlang.runtime.run import Run


class Redone(NamedTuple):
    """What became of a new text: with `problems` nothing, and `plan` is None.

    `taken` are the ids of the steps that run with their new text from now on; `left` says of each other change, by the
    id of its step, why it has no effect on this run.
    """

    plan: StepPlan | None = None
    taken: tuple[str, ...] = ()
    left: Mapping[str, str] = {}
    problems: tuple[Diagnostic, ...] = ()


def replaced(places: Places, stop: Stop, text: str, run: Run) -> tuple[Redone, dict[StepPlan, tuple[StepPlan, ...]]]:
    """What a new text of the flow of a stop changes, and the steps that run instead of others from now on."""
    raise NotImplementedError
