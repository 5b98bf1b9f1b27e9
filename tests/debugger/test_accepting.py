"""Writing what was changed by hand into the flow's text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flowlang.debugger import Breakpoint, Change, DebuggerError
from flowlang.debugger.accepting import accept
from flowlang.language.assist.edits import apply_edits

from .debugging import Debugged, counting

FLOW = """\
# the shop
flow: f
inputs:
  - name: k   # how many
    type: integer
    default: 3  # not more
  - {name: l}
steps:
  # the first
  - Count: {id: a, n: 1}   # one
  - task: Pass
    id: b
    inputs:
      value:
        deep: [1, {x: 2}]   # two
        # and three

  - task: Pass
    id: c
    inputs:
      value: >
        many
        lines
  - Count: {id: d, n: '${a.n}'}
"""


def changed(step: str, what: str, value: Any, kind: Any = "input") -> str:
    change = Change(kind, step, "f", step, what, None, value)
    edits = accept(change, FLOW)
    assert len(edits) == 1
    return apply_edits(FLOW, edits)


@pytest.mark.parametrize(
    ("step", "what", "value", "before", "after"),
    [
        ("a", "n", 5, "n: 1}   # one", "n: 5}   # one"),
        ("a", "n", "some text", "n: 1}   # one", 'n: "some text"}   # one'),
        ("b", "value.deep[1].x", 7, "{x: 2}]   # two", "{x: 7}]   # two"),
        ("b", "value.deep[0]", None, "deep: [1, {x", "deep: [null, {x"),
        ("b", "value.deep", [], "deep: [1, {x: 2}]   # two", "deep: []   # two"),
        ("b", "value.more", True, "{x: 2}]   # two\n", "{x: 2}]   # two\n        more: true\n"),
        ("b", "value", 9, "\n        deep: [1, {x: 2}]   # two\n", "\n        9   # two\n"),
        ("c", "value", "one", "value: >\n        many\n        lines\n", "value: one\n"),
        ("c", "value", "a > 4, or (b)", "value: >\n        many\n        lines\n", "value: a > 4, or (b)\n"),
        ("c", "value", "a: b", "value: >\n        many\n        lines\n", 'value: "a: b"\n'),
        ("c", "value", "a #b", "value: >\n        many\n        lines\n", 'value: "a #b"\n'),
        ("d", "n", 4, "n: '${a.n}'", "n: 4"),
    ],
)
def test_an_input_is_written_where_it_stands(step: str, what: str, value: Any, before: str, after: str) -> None:
    assert before in FLOW
    assert changed(step, what, value) == FLOW.replace(before, after)


def test_an_input_of_the_flow_becomes_its_default() -> None:
    assert changed("d", "inputs.k", 8, "value") == FLOW.replace("default: 3  #", "default: 8  #")
    assert changed("d", "inputs.l", 8, "value") == FLOW.replace("{name: l}", "{name: l, default: 8}")


@pytest.mark.parametrize(
    ("kind", "what", "value", "why"),
    [
        ("output", "a", {"n": 1}, "has no place in the text"),
        ("value", "a.n", 1, "has no place in the text"),
        ("value", "inputs.missing", 1, "declares no input"),
        ("input", "n.deep.er", 1, "it is computed"),
        ("input", "n", date(2026, 1, 1), "a date cannot be written"),
        ("input", "n", "${a}", "read as an expression"),
        ("skip", "a", None, "has no place"),
    ],
)
def test_what_has_no_place_in_the_text_is_refused(kind: Any, what: str, value: Any, why: str) -> None:
    with pytest.raises(DebuggerError, match=why):
        accept(Change(kind, "d", "f", "d", what, None, value), FLOW)


async def test_changes_of_a_stop_are_accepted() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, [Breakpoint("a")], registry, {"l": 1}) as run:
        stop = await run.stop()
        stop.set_input("n", 11)
        assert apply_edits(FLOW, stop.accept(stop.changes[0], FLOW)) == FLOW.replace("n: 1}", "n: 11}")
        new = FLOW.replace("n: 1}", "n: 12}").replace("'${a.n}'", "'${a.n + 1}'")
        await stop.redo_with(new)
        edits = stop.accept(stop.changes[-1], FLOW)
        assert apply_edits(FLOW, edits) == new
        assert len(edits) == 1
