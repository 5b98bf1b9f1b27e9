"""Changing the configuration of a connection in a flow's text changes nothing else of it."""

from __future__ import annotations

from difflib import ndiff
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from flowlang.language.diagnostics import Problems
from flowlang.language.edit import EditError, change_connection
from flowlang.language.source import read_text

FLOW = """\
# every night
flow: nightly

connections:
  # the shop's own
  db:
    type: postgres   # not mysql
    url: ${env.DATABASE_URL}  # from .env
    pool_size: 5

    # who is slow
    timeout: 30
  cache: {type: redis, url: "redis://localhost", socket_timeout: 5}  # fast

steps:
  - exit
"""
DB = {"type": "postgres", "url": "${env.DATABASE_URL}", "pool_size": 5, "timeout": 30}
CACHE = {"type": "redis", "url": "redis://localhost", "socket_timeout": 5}


def change(name: str, config: dict[str, Any], text: str = FLOW) -> list[str]:
    changed = change_connection(text, name, config)
    root = read_text(changed, Problems()).root
    assert root is not None
    assert root.data["connections"][name] == config
    return [line for line in ndiff(text.splitlines(), changed.splitlines()) if line[0] in "+-"]


def test_nothing_changes_where_nothing_differs() -> None:
    assert change("db", DB) == []
    assert change("cache", CACHE) == []


def test_a_value_is_replaced_and_the_comment_beside_it_stays() -> None:
    assert change("db", DB | {"url": "${env.OTHER}"}) == [
        "-     url: ${env.DATABASE_URL}  # from .env",
        "+     url: ${env.OTHER}  # from .env",
    ]


def test_a_new_key_goes_behind_the_last_one() -> None:
    assert change("db", DB | {"read_only": True}) == ["+     read_only: true"]


def test_a_key_is_removed_with_its_line() -> None:
    assert change("db", {key: value for key, value in DB.items() if key != "pool_size"}) == ["-     pool_size: 5"]


def test_a_map_in_braces_stays_in_braces() -> None:
    assert change("cache", {"type": "redis", "url": "${env.X}", "read_only": True})[1:] == [
        "+   cache: {type: redis, url: ${env.X}, read_only: true}  # fast"
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_endings_stay_as_they_are(newline: str) -> None:
    text = FLOW.replace("\n", newline)
    changed = change_connection(text, "db", DB | {"timeout": 5, "read_only": True})
    assert changed.count(newline) == changed.count("\n") == FLOW.count("\n") + 1


def test_the_last_line_may_lack_its_end() -> None:
    text = "flow: a\nsteps: [exit]\nconnections:\n  db:\n    type: sqlite\n    database: a.db"
    config = {"type": "sqlite", "database": "b.db", "timeout": 5}
    assert change_connection(text, "db", config).endswith("database: b.db\n    timeout: 5")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("flow: a\nsteps: [exit]\n", "db"),
        (FLOW, "other"),
        ("flow: a\nconnections: {db: null}\nsteps: [exit]\n", "db"),
        ("flow: [", "db"),
    ],
)
def test_what_is_not_there_cannot_be_changed(text: str, name: str) -> None:
    with pytest.raises(EditError):
        change_connection(text, name, {"type": "sqlite"})


def test_what_stands_elsewhere_is_left_alone() -> None:
    text = dedent(
        """\
        flow: a
        connections:
          one: &base {type: sqlite, database: a.db}
          two: *base
        steps: [exit]
        """
    )
    with pytest.raises(EditError, match="cannot be changed"):
        change_connection(text, "two", {"type": "sqlite", "database": "b.db"})


VALUES = strategies.one_of(
    strategies.integers(-5, 5),
    strategies.booleans(),
    strategies.text(
        strategies.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=8
    ),
    strategies.sampled_from(["yes", "null", "1", "a: b", "# x", "${env.X}", "a.db", "- a", "'", '"']),
)


@settings(max_examples=150, deadline=None)
@given(
    strategies.dictionaries(strategies.sampled_from(["url", "pool_size", "timeout", "a", "b"]), VALUES),
    strategies.sampled_from(["db", "cache"]),
)
def test_any_configuration_can_be_written(config: dict[str, Any], name: str) -> None:
    change(name, {"type": "postgres", **config})
