"""Gives every step an id, and finds ids that cannot be."""

from __future__ import annotations

from itertools import count

from flowlang.language.diagnostics import Problems, Span
from flowlang.language.model import Flow, ForEachStep, Name, TaskStep
from flowlang.language.parse_fields import first_in_line, mended
from flowlang.language.vocabulary import RESERVED

#: The branches in which a step stands, from the outside in: which choice, and which of its branches.
Path = tuple[tuple[int, int], ...]


def identify(flow: Flow, given: list[tuple[Name, Path]], problems: Problems) -> None:
    """Check the ids that were given, and make the missing ones.

    An id may stand twice only in branches of one choice, because then a single one of the steps can run.
    """
    _check_given(given, problems)
    taken = {name.text for name, _ in given} | RESERVED
    steps = list(flow.walk())
    loops = [step for step in steps if isinstance(step, ForEachStep)]
    _check_loops(loops, given, problems)
    taken.update(loop.as_.text for loop in loops)
    numbers: dict[str, count[int]] = {}
    for step in steps:
        if step.id_given:
            continue
        base = (mended(step.task.text) if isinstance(step, TaskStep) else "") or step.kind
        step.id = base
        while step.id in taken:
            number = numbers.setdefault(base, count(1 if base in RESERVED else 2))
            step.id = f"{base}_{next(number)}"
        taken.add(step.id)


def _check_given(given: list[tuple[Name, Path]], problems: Problems) -> None:
    tree: dict[str, _Taken] = {}
    for name, path in sorted(given, key=lambda pair: pair[0].span):
        if name.text in RESERVED:
            _reserved(name, "the id of a step", problems)
        first = tree.setdefault(name.text, _Taken()).claim(name.span, path)
        if first is not None:
            problems.error(
                "duplicate-id",
                f"two steps have the id `{name.text}`{first_in_line(first)}",
                name.span,
                related=((f"the first `{name.text}`", first),),
            )


def _check_loops(loops: list[ForEachStep], given: list[tuple[Name, Path]], problems: Problems) -> None:
    steps = {name.text: name.span for name, _ in reversed(given)}
    for loop in loops:
        variable = loop.as_
        if variable.text in RESERVED:
            _reserved(variable, "the name of a loop variable", problems)
        elif variable.text in steps:
            message = f"the loop variable `{variable.text}` has the name of a step; give one of them another name"
            related = ((f"the step `{variable.text}`", steps[variable.text]),)
            problems.error("name-clash", message, variable.span, related=related)


def _reserved(name: Name, what: str, problems: Problems) -> None:
    message = f"`{name.text}` cannot be {what}: it means something else in expressions"
    problems.error("reserved-id", message, name.span, suggestion=f"{name.text}_1")


class _Taken:
    """Where an id is taken: by a step that always runs at this level, or in branches of one choice."""

    __slots__ = ("branches", "choice", "span")

    def __init__(self) -> None:
        self.span: Span | None = None
        self.choice: int | None = None
        self.branches: dict[int, _Taken] = {}

    def claim(self, span: Span, path: Path) -> Span | None:
        """Take the id for a step in the branches of `path`; gives back the place that has it already."""
        here = self
        for choice, branch in path:
            if here.span is None:
                here.span = span
                here.choice = choice
            elif here.choice != choice:
                return here.span
            here = here.branches.setdefault(branch, _Taken())
        if here.span is not None:
            return here.span
        here.span = span
        return None
