"""Completion inside `${…}`, and in conditions, which are expressions without it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.completion import CompletionKind, Offer
from flowlang.language.assist.members import described_input, members, parts_of
from flowlang.language.assist.places import places
from flowlang.language.assist.scope import Variable, loop_variables, visible_steps
from flowlang.language.assist.snippets import Snippet
from flowlang.language.assist.spot import Spot
from flowlang.language.expressions import FUNCTIONS, Function
from flowlang.language.model import Step, TaskStep
from flowlang.language.vocabulary import ROOTS

#: More steps than this are not offered at once; the one that is meant is found by typing some of it.
MOST_STEPS: Final = 300

_MEMBER: Final = re.compile(r"([A-Za-z_]\w*(?:\s*\.\s*(?:\w+|\*)|\[[^\[\]]*\])*)\s*\.\s*(\w*)$")
_FILTER: Final = re.compile(r"(?<!\|)\|\s*(\w*)$")
_WORD: Final = re.compile(r"(\w*)$")
#: The end of a value, after which only an operator can stand.
_OPERAND: Final = re.compile(r"(?:[\])'}]|(?<!\w)(?!(?:and|or|not|in|if|else)\b)[\w.]+)\s+$")
_OPERATORS: Final = {
    "==": "Equal; numbers and texts that are numbers compare as numbers.",
    "!=": "Not equal.",
    ">": "Greater.",
    "<": "Less.",
    "and": "Both; gives the operand that decides.",
    "or": "Either; gives the operand that decides.",
    "in": "One of a list, a key of a map, a part of a text.",
    "not in": "The opposite of `in`.",
    "if": "`a if condition else b`.",
    "|": "Hands the value to a function: `items | length`.",
}
_STRING: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)


def expression_offers(analysis: Analysis, lines: Sequence[str], spot: Spot) -> Iterator[Offer]:
    """What could follow in the expression that `spot.expression` begins. Narrows the spot to its last word."""
    before = _STRING.sub(lambda text: "''" + " " * (len(text[0]) - 2), spot.expression or "")
    if before.replace("''", "").count('"') or before.replace("''", "").count("'"):
        return
    around = places(spot)
    variables = loop_variables(spot, around)
    member, filtered = _MEMBER.search(before), _FILTER.search(before)
    word = _WORD.search(before)
    assert word is not None  # it may be empty
    _narrow(spot, lines[spot.line], len(word[1]))
    if member is not None:
        kind: CompletionKind = "variable" if parts_of(member[1]) == ["env"] else "field"
        for name, doc in members(analysis, parts_of(member[1]), variables).items():
            yield Offer(name, name, kind, "", doc)
    elif filtered is not None:
        for function in FUNCTIONS.values():
            if function.parameters:
                yield Offer(function.name, _filter(function), "function", function.signature, function.doc)
    elif _OPERAND.search(before[: word.start()]) is not None:
        for operator, doc in _OPERATORS.items():
            yield Offer(operator, operator, "value", "operator", doc)
    elif not word[1][:1].isdigit():
        yield from name_offers(analysis, lines, spot, variables)
        for function in FUNCTIONS.values():
            called = Snippet(f"{function.name}()", len(function.name) + 1)
            yield Offer(function.name, called, "function", function.signature, function.doc)
        for name in analysis.variables:
            yield Offer(name, name, "variable", "environment", "Variable of the environment.")


def name_offers(analysis: Analysis, lines: Sequence[str], spot: Spot, variables: Sequence[Variable]) -> Iterator[Offer]:
    """The names with which an expression can begin here: loop variables, steps, inputs and so on."""
    around = places(spot)
    for variable in variables:
        yield Offer(variable.name, variable.name, "variable", "loop variable", f"The current item of {variable.items}.")
    hidden = {variable.name for variable in variables}
    for step in step_choices(visible_steps(analysis, lines, spot, around), lines[spot.line][spot.start : spot.column]):
        if step.id not in hidden:
            yield Offer(step.id, step.id, "step", step_detail(step), step.description or "")
    for root, doc in ROOTS.items():
        if root != "loop" or variables:
            yield Offer(root, root, "input" if root == "inputs" else "variable", "", doc)
    for declared in analysis.flow.inputs or ():
        whole = f"inputs.{declared.name}"
        yield Offer(whole, whole, "input", "", described_input(declared))


def step_choices(steps: Sequence[Step], typed: str) -> list[Step]:
    """The nearest of the steps whose ids can be meant by what is typed, one for each id."""
    pattern = re.compile(".*".join(map(re.escape, typed.strip("${ "))), re.IGNORECASE)
    found: dict[str, Step] = {}
    for step in steps:
        if pattern.search(step.id) is not None:
            found.setdefault(step.id, step)
            if len(found) == MOST_STEPS:
                break
    return list(found.values())


def step_detail(step: Step) -> str:
    """What a step is, in a few words."""
    what = step.task.text if isinstance(step, TaskStep) else step.kind
    return what if step.node.start is None else f"{what}, line {step.node.start.line + 1}"


def _narrow(spot: Spot, line: str, typed: int) -> None:
    """Let the spot's token be the last word of the expression."""
    spot.start = spot.column - typed
    rest = re.match(r"\w*", line[spot.column :])
    spot.end = spot.column + (rest.end() if rest is not None else 0)


def _filter(function: Function) -> str | Snippet:
    if function.required > 1 or function.name == "default":
        return Snippet(f"{function.name}()", len(function.name) + 1)
    return function.name
