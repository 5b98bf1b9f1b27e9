"""Adding a connection to a flow's text changes nothing else of it."""

from __future__ import annotations

from difflib import ndiff
from textwrap import dedent

import pytest
from hypothesis import given, settings, strategies

from flowlang.language.diagnostics import Problems
from flowlang.language.edit import EditError, Splice, add_connection, spliced
from flowlang.language.source import read_text

SNIPPET = """\
  cache:
    type: redis
    url: ${env.REDIS_URL}
    pool_size: 5
"""
VALUE = {"type": "redis", "url": "${env.REDIS_URL}", "pool_size": 5}


def add(text: str) -> str:
    changed = add_connection(dedent(text), "cache", SNIPPET)
    root = read_text(changed, Problems()).root
    assert root is not None
    assert root.data["connections"]["cache"] == VALUE
    return changed


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


FLOW = """\
# what the shop does every night
flow: nightly   # its name

connections:
    db:  {type: sqlite,   database: shop.db}   # orders

    # the old one
    archive:
        type: sqlite
        database: >-
          old.db

# here it begins
steps:
  - sqlite_query: {connection: db, query: "SELECT 1"}
"""


def test_four_lines_added_are_four_lines_changed() -> None:
    after = add(FLOW)
    assert changed_lines(FLOW, after) == [f"+ {'  ' + line}" for line in SNIPPET.splitlines()]
    assert after.index("old.db") < after.index("cache:") < after.index("# here it begins")


def test_a_comment_in_line_with_the_connections_stays_with_them() -> None:
    text = "flow: x\nconnections:\n  db: {type: sqlite, database: x}\n  # more to come\n# steps\nsteps: []\n"
    after = add(text)
    assert after == text.replace("come\n", f"come\n{SNIPPET}")


def test_a_section_that_is_missing_goes_before_the_steps_like_the_others() -> None:
    apart = "flow: x\n\ninputs:\n  - name: a\n\n# work\nsteps: []\n"
    assert add(apart) == f"flow: x\n\ninputs:\n  - name: a\n\nconnections:\n{SNIPPET}\n# work\nsteps: []\n"
    close = "flow: x\nsteps: []\n"
    assert add(close) == f"flow: x\nconnections:\n{SNIPPET}steps: []\n"


def test_a_section_that_is_missing_goes_to_the_end_where_only_earlier_keys_stand() -> None:
    assert add("steps: []\nflow: x\n") == f"steps: []\nflow: x\nconnections:\n{SNIPPET}"
    assert add("steps: []\n\nflow: x\n") == f"steps: []\n\nflow: x\n\nconnections:\n{SNIPPET}"


@pytest.mark.parametrize("empty", ["", " null", " ~", " {}", " { }"])
@pytest.mark.parametrize("comment", ["", "   # databases"])
def test_an_empty_section_is_filled(empty: str, comment: str) -> None:
    after = add(f"flow: x\nconnections:{empty}{comment}\nsteps: []\n")
    kept = f" {comment.strip()}" if empty else comment
    assert after == f"flow: x\nconnections:{kept if comment else ''}\n{SNIPPET}steps: []\n"


@pytest.mark.parametrize(
    "text",
    [
        "flow: x\nconnections: {db: {type: sqlite, database: x}}  # one\nsteps: []\n",
        "flow: x\nconnections: {\n  db: {type: sqlite, database: x},  # one\n}\nsteps: []\n",
        '{"flow": "x", "connections": {"db": {"type": "sqlite"}}, "steps": []}',
        '{"flow": "x", "steps": []}\n',
        '{"flow": "x", "connections": {}, "steps": []}\n',
        '{"flow": "x", "connections": null, "steps": []}\n',
    ],
)
def test_what_is_written_in_braces_stays_in_braces(text: str) -> None:
    after = add(text)
    assert after.count("\n") == text.count("\n")
    assert after.count("# one") == text.count("# one")


def test_line_endings_a_byte_order_mark_and_a_missing_last_line_break_stay() -> None:
    text = "\ufeffflow: x\r\nsteps: []\r\nconnections:\r\n  db: {type: sqlite, database: x}"
    assert add(text) == text + "\r\n" + SNIPPET.replace("\n", "\r\n").removesuffix("\r\n")


def test_the_end_of_the_document_stays_at_the_end() -> None:
    text = "---\nsteps: []\nflow: x\nconnections:\n  db: {type: sqlite, database: x}\n...\n"
    assert add(text) == text.replace("...\n", f"{SNIPPET}...\n")


def test_a_block_of_text_that_looks_like_a_comment_is_no_comment() -> None:
    text = "flow: x\nconnections:\n  db:\n    type: sqlite\n    database: |-\n      # odd\nsteps: []\n"
    assert add(text) == text.replace("steps", f"{SNIPPET}steps")


def test_anchors_are_kept() -> None:
    text = "flow: x\nconnections: &all\n  db: &db {type: sqlite, database: x}\n  two: *db\nsteps: []\n"
    assert add(text) == text.replace("steps", f"{SNIPPET}steps")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("flow: x\nconnections:\n  cache: {type: sqlite}\nsteps: []\n", r"has a connection `cache` already \(line 3\)"),
        ("flow: x\nconnections: [a]\nsteps: []\n", "not a map of connections"),
        ("flow: x\nextra: &c {db: {type: sqlite}}\nconnections: *c\nsteps: []\n", "cannot be added to|alias"),
        ("flow: x\nextra: &c\n  db: {type: sqlite}\nconnections: *c\nsteps: []\n", "alias"),
        ("flow: x\nconnections: { # none yet\n }\nsteps: []\n", "comment"),
        ("flow: [x\n", "line 1"),
        ("- a\n", "holds no flow"),
        ("", "holds no flow"),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, why: str) -> None:
    with pytest.raises(EditError, match=why):
        add(text)


def test_a_name_with_spaces_is_quoted_where_it_must_be() -> None:
    after = add_connection("flow: x\nconnections: {a: {type: s}}\nsteps: []\n", "My DB", "My DB:\n  type: sqlite\n")
    assert '{a: {type: s}, "My DB": {"type": "sqlite"}}' in after


def test_splices_are_made_from_the_end() -> None:
    assert spliced("abcdef", [Splice(0, 1, "XX"), Splice(3, 3, "-"), Splice(5, 6, "")]) == "XXbc-de"


@settings(max_examples=300, deadline=None)
@given(data=strategies.data())
def test_a_damaged_text_is_refused_or_stays_whole(data: strategies.DataObject) -> None:
    text = FLOW
    for _ in range(data.draw(strategies.integers(1, 3))):
        at = data.draw(strategies.integers(0, len(text)))
        cut = data.draw(strategies.sampled_from((0, 1, 3, 20)))
        piece = data.draw(
            strategies.sampled_from(("", "\n", "  ", "#", "{", "}", ": ", "connections:\n", "- ", "&a ", "*a"))
        )
        text = text[:at] + piece + text[at + cut :]
    try:
        after = add(text)
    except EditError:
        return
    before = read_text(dedent(text), Problems()).root
    root = read_text(after, Problems()).root
    assert before is not None
    assert root is not None
    assert {**root.data, "connections": None} == {**before.data, "connections": None}
    assert after.count("#") == text.count("#")
