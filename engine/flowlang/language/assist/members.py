"""What can be read from a name in an expression: the fields of results, of inputs, of the run; with examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.scope import Variable
from flowlang.language.model import (
    ForEachStep,
    IfStep,
    Input,
    ParallelStep,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    WhileStep,
)
from flowlang.language.vocabulary import CONTEXT_FIELDS, LOOP_FIELDS, RESULT_FIELDS

#: What an error is as a map.
ERROR_FIELDS: Final[Mapping[str, str]] = {
    "type": "Name of the error's class.",
    "message": "What went wrong.",
    "attempts": "How often the step was tried.",
}
LAST_ERROR_FIELDS: Final[Mapping[str, str]] = {**ERROR_FIELDS, "step": "Id of the step that failed."}

_PARTS: Final = re.compile(r"\*|\w+|\[([^\]]*)\]")
_READ: Final = re.compile(r"\s*(?:\$\{)?\s*([A-Za-z_]\w*(?:\.(?:\w+|\*)|\[[^\[\]]*\])*)\s*\}?\s*")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")

Fields = dict[str, str]


def parts_of(path: str) -> list[str]:
    """The parts of a path as it is written: `a.b[0].*` has `a`, `b`, `0` and `*`."""
    return [found[1].strip().strip("\"'") if found[1] is not None else found[0] for found in _PARTS.finditer(path)]


def members(analysis: Analysis, parts: Sequence[str], variables: Sequence[Variable]) -> Fields:
    """The fields that the value at a path has, as far as that is known, each with what it is."""
    root, rest = parts[0], parts[1:]
    known = _of_root(analysis, root, rest, variables)
    example = example_at(analysis, parts, variables)
    return known | {key: doc for key, doc in fields_of(example).items() if key not in known}


def result_fields(analysis: Analysis, step: Step) -> Fields:
    """The keys of a step's result."""
    found = _by_kind(analysis, step) | {name.text: "Promised by the step's `outputs`." for name in step.outputs}
    example = fields_of(analysis.shapes.get(step.id))
    return example | found if example else found


def example_at(analysis: Analysis, parts: Sequence[str], variables: Sequence[Variable], depth: int = 0) -> Any:
    """The example of what stands at a path; None if there is none."""
    root, rest = parts[0], parts[1:]
    variable = next((one for one in variables if one.name == root), None)
    if variable is None and root == "inputs" and rest:
        variable = next((one for one in variables if one.name == rest[0]), None)
        if variable is None:
            declared = _input(analysis, rest[0])
            return None if declared is None else _down(declared.default, rest[1:])
        rest = rest[1:]
    if variable is not None:
        read = _READ.fullmatch(variable.items)
        if read is None or depth > 10:
            return None
        outer = variables[list(variables).index(variable) + 1 :]
        items = example_at(analysis, parts_of(read[1]), outer, depth + 1)
        return _down(_one_of(items), rest)
    example = analysis.shapes.get(root)
    if rest[:1] == ["result"] and not isinstance(example, Mapping):
        rest = rest[1:]
    return _down(example, rest)


def fields_of(value: Any) -> Fields:
    """The fields of an example; of a list `*`, which reads a field of every item."""
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items() if isinstance(key, str) and _NAME.fullmatch(key)}
    if isinstance(value, (list, tuple)):
        return {"*": f"Every one of the {len(value)} items."}
    return {}


def _of_root(analysis: Analysis, root: str, rest: Sequence[str], variables: Sequence[Variable]) -> Fields:
    if root == "inputs" and not rest:
        declared = {one.name: described_input(one) for one in analysis.flow.inputs or ()}
        return declared | {one.name: "Loop variable." for one in variables}
    if root == "context":
        return dict(LAST_ERROR_FIELDS if list(rest) == ["last_error"] else {} if rest else CONTEXT_FIELDS)
    if root == "loop" and variables and not rest:
        return dict(LOOP_FIELDS)
    if root == "env" and not rest:
        return dict.fromkeys(analysis.variables, "Variable of the environment.")
    step = analysis.by_id.get(root)
    if step is None or any(one.name == root for one in variables):
        return {}
    if list(rest) == ["error"]:
        return dict(ERROR_FIELDS)
    if isinstance(step, ParallelStep) and rest:
        inner = analysis.by_id.get(rest[0])
        return result_fields(analysis, inner) if inner is not None and len(rest) == 1 else {}
    if rest:
        return {}
    own = result_fields(analysis, step)
    return own | {
        name: doc for name, doc in RESULT_FIELDS.items() if name not in own and not (own and name == "result")
    }


def _by_kind(analysis: Analysis, step: Step) -> Fields:
    if isinstance(step, TaskStep):
        info = analysis.catalog.task(step.task.text) if step.task.text else None
        return dict(info.results or {}) if info is not None else {}
    if isinstance(step, SubflowStep):
        called = analysis.subflows.flow(step.flow.text)
        return {output.name: output.description or "" for output in called.outputs} if called else {}
    if isinstance(step, ForEachStep):
        collected = {"results": "What each iteration collected, in the items' order."} if step.collect else {}
        return {"count": "How many items there were.", **collected}
    if isinstance(step, WhileStep):
        return {"iterations": "How many iterations there were."}
    if isinstance(step, (IfStep, SwitchStep)):
        return {"branch": "The branch that ran."}
    if isinstance(step, ParallelStep):
        return {branch.id: "Result of the branch." for branch in step.branches}
    return {}


def described_input(declared: Input) -> str:
    """An input in a line: its type, and whether it must be given."""
    must = "required" if declared.required else "optional"
    about = f"{declared.type or 'any type'}, {must}"
    return f"{about}: {declared.description}" if declared.description else about


def _input(analysis: Analysis, name: str) -> Input | None:
    return next((one for one in analysis.flow.inputs or () if one.name == name), None)


def _down(value: Any, parts: Sequence[str]) -> Any:
    for index, part in enumerate(parts):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif part == "*" and isinstance(value, (list, tuple)):
            return _down(_one_of(value), parts[index + 1 :])
        elif isinstance(value, (list, tuple)):
            value = _one_of(value)
        else:
            return None
    return value


def _one_of(items: Any) -> Any:
    if isinstance(items, (list, tuple)):
        return items[0] if items else None
    if isinstance(items, Mapping):
        return {"key": next(iter(items), None), "value": next(iter(items.values()), None)}
    return None


def _shown(value: Any) -> str:
    """An example in a few words; no more of a text or a list than its kind."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"map of {len(value)}"
    if isinstance(value, (list, tuple)):
        return f"list of {len(value)}"
    return "text" if isinstance(value, str) else "number" if isinstance(value, (int, float)) else type(value).__name__
