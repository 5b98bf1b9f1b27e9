"""What a step's text says that it is to be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.language.model import Step


def arguments_of(step: Step) -> dict[str, Any]:
    """The arguments of a task or a subflow by name; of another step what stands behind its kind."""
    from flowlang.language.model import SubflowStep, TaskStep
    from flowlang.language.nodes import Mapping, Scalar

    if isinstance(step, (TaskStep, SubflowStep)):
        given = step.arguments.node
        return given.data if isinstance(given, Mapping) else {}
    told = step.node.get(step.kind) if isinstance(step.node, Mapping) else None
    return {step.kind: told.data} if isinstance(told, Scalar) else {}
