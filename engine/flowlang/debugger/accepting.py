"""Writing what was changed by hand into the flow's text: the smallest edit, with comments and layout as they are."""

from __future__ import annotations

from typing import Any, Final

from flowlang.debugger.changes import Change
from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.setting import parts_of, set_at
from flowlang.language.assist.edits import Offsets, TextEdit
from flowlang.language.diagnostics import Problems
from flowlang.language.edit import EditError, Splice, change_value, spliced
from flowlang.language.model import Flow, SubflowStep, TaskStep
from flowlang.language.nodes import Mapping, Node, Sequence
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text
from flowlang.values import plain

_INPUTS: Final = "inputs."


def accept(change: Change, text: str) -> list[TextEdit]:
    """The smallest edits that write a change into the text. Raises DebuggerError where it has no place there."""
    if change.kind == "edit" and change.text is not None:
        return _between(text, change.text)
    if change.kind == "input":
        find = _argument
    elif change.kind == "value" and change.what.startswith(_INPUTS):
        find = _default
    else:
        raise DebuggerError(
            f"`{change.what}` has no place in the text: it comes from running the step",
            hint="pin the output of the step instead",
        )
    value = _written(change.after)
    flow = _flow(text)
    try:
        holder, key, wanted = find(flow, change, value)
        splices = change_value(text, holder, key, value)
    except EditError as error:
        raise DebuggerError(str(error), hint=error.hint) from error
    changed = spliced(text, splices)
    again, _, _ = find(_flow(changed), change, value)
    if again.data != wanted:
        raise DebuggerError(
            f"the text is written in a way in which `{change.what}` cannot be changed", hint="do it by hand"
        )
    return _edits(text, splices)


def _argument(flow: Flow, change: Change, value: Any) -> tuple[Mapping | Sequence, str | int, Any]:
    """The node that holds an argument of a step, the argument's key in it, and what the node is to say."""
    step = next((one for one in flow.walk() if one.id == change.step_id), None)
    if not isinstance(step, (TaskStep, SubflowStep)):
        raise DebuggerError(f"the text has no step `{change.step_id}` that takes inputs")
    return _place(step.arguments.node, change.what, value)


def _default(flow: Flow, change: Change, value: Any) -> tuple[Mapping | Sequence, str | int, Any]:
    """The same for the default of an input of the flow."""
    name, *rest = parts_of(f".{change.what[len(_INPUTS) :]}")
    declared = None if flow.node is None else flow.node.get("inputs")
    holder: Node | None = None
    if isinstance(declared, Mapping):
        holder = declared.get(str(name))
    elif isinstance(declared, Sequence):
        maps = [one for one in declared.items if isinstance(one, Mapping)]
        holder = next((one for one in maps if (node := one.get("name")) is not None and node.data == name), None)
    if not isinstance(holder, Mapping):
        raise DebuggerError(f"the text declares no input `{name}` with keys of its own")
    path = ".default" + "".join(f"[{part}]" if isinstance(part, int) else f"['{part}']" for part in rest)
    return _place(holder, path[1:], value)


def _place(node: Node, path: str, value: Any) -> tuple[Mapping | Sequence, str | int, Any]:
    *way, last = parts_of(f".{path}")
    for part in way:
        below: Node | None = None
        if isinstance(node, Mapping):
            below = node.get(str(part))
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            below = node.items[part]
        if below is None:
            raise DebuggerError(f"the text does not write out `{path}`: it is computed", hint="change the expression")
        node = below
    if not isinstance(node, (Mapping, Sequence)):
        raise DebuggerError(f"the text does not write out `{path}`: it is computed", hint="change the expression")
    step = f"[{last}]" if isinstance(last, int) else f"['{last}']"
    return node, last, set_at(node.data, step, value)[1]


def _written(value: Any) -> Any:
    """A value that YAML can hold as it is."""
    written = plain(value)
    if written != value or type(written) is not type(value):
        raise DebuggerError(f"a {type(value).__name__} cannot be written into the text as it is")
    if "${" in str(written):
        raise DebuggerError("the value holds `${`, which would be read as an expression in the text")
    return written


def _flow(text: str) -> Flow:
    problems = Problems()
    flow = parse_flow(read_text(text, problems), problems)
    if problems.fatal:
        raise DebuggerError("the text has problems; correct them first")
    return flow


def _between(text: str, new: str) -> list[TextEdit]:
    """The one edit that makes `new` of a text, without what both begin and end with."""
    if text == new:
        return []
    start = 0
    shorter = min(len(text), len(new))
    while start < shorter and text[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and text[-1 - end] == new[-1 - end]:
        end += 1
    return _edits(text, [Splice(start, len(text) - end, new[start : len(new) - end])])


def _edits(text: str, splices: list[Splice]) -> list[TextEdit]:
    places = Offsets(text)
    return [TextEdit(places.span(splice.start, splice.end), splice.replacement) for splice in splices]
