"""Changing values of a run by hand: along a path, without touching what others hold of the same value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flowlang.debugger.errors import DebuggerError
from flowlang.language.model import Flow, Step
from flowlang.language.names import Place
from flowlang.runtime.frame import Ended, Frame, StepState

_PARTS: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
_ROOT: Final = re.compile(r"[^.\[\]\s]+")


def set_name(frame: Frame, flow: Flow, step: Step, path: str, value: Any) -> Any:
    """Change what a name, or a place below it, is in a frame of a run; what it was.

    The name is that of a step, of a loop's variable, or `inputs` with the input's own. Raises DebuggerError.
    """
    known, root, rest = place_of(flow, step, path)
    if known.kind == "inputs":
        return _set_input(frame, rest, value)
    level = frame
    for _ in range(known.depth):
        assert level.up is not None, "the levels of names are those of frames"
        level = level.up
    if known.kind == "item":
        before, level.item = set_at(level.item, rest, value)
        return before
    state = level.v[root]
    before, result = set_at(state.result, rest, value)
    level.v[root] = with_result(state, result)
    return before


def place_of(flow: Flow, step: Step, path: str) -> tuple[Place, str, str]:
    """Where the name at the beginning of a path lives, as seen from a step; the name, and the rest of the path.

    Raises DebuggerError for what nobody can change.
    """
    from flowlang.debugger.watching import names_at

    found = _ROOT.match(path)
    root = "" if found is None else found[0]
    names = names_at(flow, step).parent
    known = None if names is None else names.find(root)
    if known is None or known.kind in ("env", "context", "loop"):
        raise DebuggerError(
            f"`{path}` is nothing that can be changed here",
            hint="name a step, a loop's variable, or an input: `inputs.x`",
        )
    return known, root, path[len(root) :]


def _set_input(frame: Frame, rest: str, value: Any) -> Any:
    inputs = frame.inputs
    if not isinstance(inputs, dict) or not rest:
        raise DebuggerError("name the input: `inputs.x`")
    before, changed = set_at(inputs, rest, value)
    # all frames of the call share this map
    inputs.update(changed)
    return before


def with_result(state: StepState, result: Any) -> StepState:
    """A step's state with another result; one that had not run has run then."""
    status = "succeeded" if state.status == "pending" else state.status
    attempts = max(state.attempts, 1)
    inputs, error = state.inputs, state.error
    started, ended = getattr(state, "started", 0.0), getattr(state, "ended", 0.0)
    return Ended(status, result, inputs, started, ended, error, attempts)


def with_argument(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A step's inputs with one of them, or a place in it, changed."""
    _, changed = set_at(dict(inputs), f".{path}", value)
    inputs = changed
    return dict(inputs)


def set_at(value: Any, path: str, new: Any) -> tuple[Any, Any]:
    """What stands at `path` in a value (`.total`, `[0].price`, nothing for itself), and the value with `new` there.

    What is on the way is copied. Raises DebuggerError where the path leads nowhere.
    """
    parts = parts_of(path)
    if not parts:
        return value, new
    return _set(value, parts, new)


def _set(value: Any, parts: list[str | int], new: Any) -> tuple[Any, Any]:
    first, rest = parts[0], parts[1:]
    if isinstance(value, Mapping):
        copy: Any = dict(value)
        if rest and first not in copy:
            raise DebuggerError(f"there is no key `{first}`")
        inner = copy.get(first)
    elif isinstance(value, (list, tuple)) and isinstance(first, int):
        copy = list(value)
        if not -len(copy) <= first < len(copy):
            raise DebuggerError(f"there is no item {first}: the list has {len(copy)}")
        inner = copy[first]
    else:
        raise DebuggerError(f"`{first}` can't be set: {type(value).__name__} is neither a map nor a list")
    before, after = _set(inner, rest, new) if rest else (inner, new)
    copy[first] = after
    return before, tuple(copy) if isinstance(value, tuple) else copy


def parts_of(path: str) -> list[str | int]:
    """The names and indexes of a path: `.a[0]['b c']`. Raises DebuggerError for what is none."""
    parts: list[str | int] = []
    at = 0
    while at < len(path):
        found = _PARTS.match(path, at)
        if found is None:
            raise DebuggerError(f"`{path}` is no path: write `.name`, `[0]` or `['a key']`")
        parts.append(
            int(found[2]) if found[2] is not None else next(part for part in found.groups() if part is not None)
        )
        at = found.end()
    return parts
