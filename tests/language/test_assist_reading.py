"""Documentation, definitions, references, and the outline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlang.language.assist import Hover, Location, definition, hover, outline, references, step_at
from flowlang.language.diagnostics import Span
from tests.language import assisting
from tests.language.assisting import analysed, cursor

FLOW = """\
flow: orders
inputs:
  - name: file
    type: string
    default: orders.csv
    description: Where they are
connections:
  shop:
    type: postgres
    host: localhost
    password: hunter2
    url: postgresql://ann:hunter3@localhost/shop
steps:
  - task: ReadOrders
    id: read
    description: All of them
    inputs:
      path: ${inputs.file}
    retry:
      max_attempts: 2
  - for_each: ${read.rows}
    id: each
    as: order
    do:
      - pg_query:
          id: find
          connection: shop
          query: SELECT 1
          params: ["${order.id}", "${len(read.rows)}"]
  - if: read.count
    then:
      - exit
outputs:
  - read
  - name: found
    value: ${find.rows | length}
"""


def marked(what: str, nth: int = 1) -> str:
    """The flow with the cursor in the n-th place of a text."""
    position = -1
    for _ in range(nth):
        position = FLOW.index(what, position + 1)
    return FLOW[: position + 1] + "‸" + FLOW[position + 1 :]


def told(text: str, folder: Path | None = None, **about: Any) -> Hover:
    plain, line, column = cursor(text)
    found = hover(analysed(plain, folder, **about), plain, line, column)
    assert found is not None
    return found


def defined(text: str, folder: Path | None = None) -> Location | None:
    plain, line, column = cursor(text)
    return definition(analysed(plain, folder), plain, line, column)


def used(text: str) -> list[tuple[int, int]]:
    plain, line, column = cursor(text)
    return [(span.line, span.column) for span in references(analysed(plain), plain, line, column)]


def test_a_key_says_what_it_means_and_takes() -> None:
    found = told(marked("max_attempts"))
    assert found.title == "max_attempts"
    assert "How often the step is tried in all." in found.body
    assert "Default: `3`." in found.body
    assert found.span == Span(20, 7, 20, 19)


def test_a_kind_of_step_says_its_keys_with_an_example() -> None:
    found = told(marked("for_each"))
    assert "- `collect`:" in found.body
    assert "```yaml\n- for_each:" in found.body


def test_a_task_says_its_arguments_and_results_in_both_forms() -> None:
    found = told(marked("ReadOrders"))
    assert found.title.startswith("ReadOrders(path: string")
    for part in (
        "Read the orders of a file.",
        "- `path` (string), required: The file",
        "default `10`",
        "- `rows`: The orders",
    ):
        assert part in found.body
    assert "```yaml\n- pg_query:" in told(marked("pg_query")).body
    assert told(marked("path:")).title == "ReadOrders: path"


def test_a_step_says_what_it_is_and_what_it_gives() -> None:
    for place in (
        marked("id: read").replace("i‸d: ", "id: ‸"),
        marked("read.rows"),
        marked("read.rows", 2),
        marked("read.count"),
    ):
        found = told(place)
        assert found.title == "read (ReadOrders, line 14)"
        assert "All of them" in found.body
        assert "- `count`: How many there are" in found.body


def test_a_field_says_what_it_is_with_what_it_had_in_the_last_run() -> None:
    assert told(marked("rows")).body == "The orders"
    found = told(marked("rows"), shapes={"read": {"rows": [{"id": 1}]}})
    assert "- `*`: Every one of the 1 items." in found.body
    assert told(marked("id}"), shapes={"read": {"rows": [{"id": 1}]}}).title == "order.id"


def test_inputs_and_loop_variables() -> None:
    found = told(marked("inputs.file").replace("i‸nputs.", "inputs.‸"))
    assert found.title == "file (input)"
    assert "Where they are" in found.body
    assert "Default: `orders.csv`." in found.body
    found = told(marked("order.id"), shapes={"read": {"rows": [{"id": 1}]}})
    assert found.title == "order (loop variable)"
    assert "`${read.rows}`" in found.body
    assert "- `id`: number" in found.body


def test_a_connection_says_where_it_leads_but_no_secrets() -> None:
    found = told(marked("shop\n          q"))
    assert found.title == "shop (postgres)"
    assert "- `host`: localhost" in found.body
    assert "hunter" not in found.body
    assert "`pool_size`" in told(marked("postgres")).body
    assert told(marked("host:")).title == "postgres: host"


def test_functions() -> None:
    assert told(marked("len(")).title == "len(value)"
    assert told(marked("length")).title == "length(value)"


def test_nothing_is_said_about_plain_text() -> None:
    plain, line, column = cursor(marked("SELECT"))
    found = hover(analysed(plain), plain, line, column)
    assert found is None or found.title == "pg_query: query"
    assert hover(analysed(FLOW), FLOW, 999, 1) is None


@pytest.mark.parametrize(
    ("place", "line", "column"),
    [
        (marked("read.rows"), 15, 9),
        (marked("rows"), 15, 9),
        (marked("- read").replace("-‸ ", "- ‸"), 15, 9),
        (marked("shop\n          q"), 8, 3),
        (marked("order.id"), 23, 9),
        (marked("find.rows"), 26, 15),
        (marked("inputs.file").replace("i‸nputs.", "inputs.‸"), 3, 11),
    ],
)
def test_names_lead_to_their_definition(place: str, line: int, column: int) -> None:
    found = defined(place)
    assert found is not None
    assert found.path is None
    assert found.span[:2] == (line, column)


def test_a_task_leads_to_its_function() -> None:
    found = defined(marked("ReadOrders"))
    assert found is not None
    assert found.path == assisting.__file__
    assert found.span.line == assisting.read_orders.__code__.co_firstlineno


def test_a_subflow_leads_to_its_file_and_its_inputs(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "invoice.yaml").write_text("flow: invoice\ninputs:\n  - name: order\nsteps: [exit]\n")
    text = "flow: a\nsteps:\n  - subflow: inv‸oice\n    inputs:\n      order: 1\n"
    assert defined(text, tmp_path) == Location(str(tmp_path / "invoice.yaml"), Span(1, 7, 1, 14))
    found = defined(text.replace("‸", "").replace("order", "or‸der"), tmp_path)
    assert found == Location(str(tmp_path / "invoice.yaml"), Span(3, 11, 3, 16))


def test_references_are_all_places_of_a_name() -> None:
    assert used(marked("read.rows")) == [(15, 9), (18 + 3, 17), (29, 42), (30, 9), (34, 5)]
    assert used(marked("file\n")) == [(3, 11), (18, 22)]
    assert used(marked("shop\n          q")) == [(8, 3), (27, 23)]
    assert used(marked("order.id")) == [(23, 9), (29, 23)]


def test_loop_variables_of_the_same_name_are_told_apart() -> None:
    mail = '      - task: SendMail\n        inputs: {to: "${item}", text: "${item}"}\n'
    loop = f"  - for_each: [1]\n    do:\n{mail}    as: item\n"
    text = f"flow: a\nsteps:\n{loop}{loop.replace('${item}', '${i‸tem}', 1)}"
    assert [line for line, _ in used(text)] == [11, 11, 12]


def test_the_outline_has_everything_that_has_a_name() -> None:
    found = [(item.label, item.kind, item.line, item.depth) for item in outline(analysed(FLOW))]
    assert found == [
        ("orders", "flow", 1, 0),
        ("file", "input", 3, 1),
        ("shop", "connection", 8, 1),
        ("read", "task", 14, 1),
        ("each", "for_each", 21, 1),
        ("find", "task", 25, 2),
        ("if_1", "if", 30, 1),
        ("exit", "exit", 32, 2),
        ("read", "output", 34, 1),
        ("found", "output", 35, 1),
    ]


def test_the_step_of_a_line_is_the_innermost() -> None:
    analysis = analysed(FLOW)
    found = {line: step.id for line in range(1, 40) if (step := step_at(analysis, line)) is not None}
    assert found[14] == found[20] == "read"
    assert found[21] == "each"
    assert found[28] == "find"
    assert found[32] == "exit"
    assert 13 not in found
    assert 34 not in found
