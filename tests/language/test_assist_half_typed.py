"""Whatever is typed so far, the services answer."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from flowlang import TaskRegistry
from flowlang.language.assist import analyse, complete, definition, hover, outline, quick_fixes, references, step_at
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.tasks.loader import load_registry
from tests.language.assisting import PLUGINS, analysed

ROOT = Path(__file__).parents[2] / "sample_projects"
FLOWS = sorted(path for path in ROOT.glob("*/*.yaml") if "flow:" in path.read_text(encoding="utf-8")[:2000])
SMALL = """\
flow: a
inputs: [{name: x, type: string}, {name: "y z"}]
connections: {db: {type: sqlite, database: "a.db"}}
steps:
- sqlite_query: {query: 'SELECT ''x''', params: [${inputs.x}]}
  id: q
- switch: ${q.count}
  cases:
  - when: [1, 2]
    do: [exit]
  - default: [{task: SendMail, inputs: {to: "${q.rows[0].id | default('n/a')}"}}]
- for_each: ${q.rows}
  do:
  - if: {any: ["${item.a}", not ${item.b}]}
    then: [exit]
  retry: &again {max_attempts: 2}
- task: ReadOrders
  retry: *again
  inputs: {path: >-
    folded}
outputs: [q, {name: n, value: "${q.count}"}]
"""


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_beginning_of_a_sample_can_be_completed_and_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    own = path.with_name("flow.py")
    catalog = ProjectCatalog(load_registry(own) if own.exists() else TaskRegistry(), PLUGINS)
    analysis = analyse(text, path, catalog)
    offered = 0
    for end in range(0, len(text), 11):
        begun = text[:end]
        line, column = begun.count("\n") + 1, end - (begun.rfind("\n") + 1) + 1
        if end % 330 == 0:
            analysis = analyse(begun, path, catalog)
        for current in (begun, text):
            offered += len(complete(analysis, current, line, column))
            hover(analysis, current, line, column)
    assert offered > len(text) // 11


def test_every_service_answers_for_every_beginning_of_a_flow() -> None:
    for end in range(0, len(SMALL), 2):
        begun = SMALL[:end]
        line, column = begun.count("\n") + 1, end - (begun.rfind("\n") + 1) + 1
        analysis = analysed(begun)
        complete(analysis, begun, line, column)
        hover(analysis, begun, line, column)
        definition(analysis, begun, line, column)
        references(analysis, begun, line, column)
        outline(analysis)
        step_at(analysis, line)
        for problem in analysis.diagnostics:
            quick_fixes(analysis, problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "- ",
        "${",
        "a: ${",
        "a: [",
        "a: {",
        "a: {b",
        "{flow: a, steps: [{task: ",
        "[{[",
        "{{{",
        '"',
        "'",
        "|",
        "\t",
        "a:\n\t- ",
        "# x",
        "- - - a: [{",
        "\r\n\r\n",
        "steps:\n  - : x",
        "\ufeff",
        "a: |\n  ${",
    ],
)
def test_texts_that_are_no_flows_are_answered_too(text: str) -> None:
    analysis = analysed(text)
    for line in range(text.count("\n") + 3):
        for column in range(len(text) + 3):
            complete(analysis, text, line, column)
            hover(analysis, text, line, column)


def test_completing_looks_at_a_large_text_once() -> None:
    """The work is bounded by what is counted: function calls, which no busy machine changes."""
    step = "  - task: SendMail\n    id: s{0}\n    inputs:\n      to: ${{s{1}}}\n      text: x\n    timeout: 3\n"
    text = "flow: a\nsteps:\n" + "".join(step.format(number + 1, number) for number in range(1700))
    analysis = analysed(text)
    begun = text + "  - task: SendMail\n    inputs:\n      to: ${"
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(count)
    found = complete(analysis, begun, begun.count("\n") + 1, 14)
    sys.setprofile(None)
    gc.enable()
    assert found[0].label == "s1700"
    assert begun.count("\n") > 10_000
    assert calls < 60_000
