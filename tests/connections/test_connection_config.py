"""Checking a connection's config, and finding its secrets."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.connections.config import check_config, secret_values

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["host"],
    "properties": {
        "host": {"type": "string", "minLength": 1},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 5432},
        "ratio": {"type": "number"},
        "tls": {"type": "boolean", "default": True},
        "mode": {"type": "string", "enum": ["fast", "safe"]},
        "name": {"type": ["string", "null"], "pattern": "^[a-z]+$"},
        "options": {"type": "object", "properties": {"depth": {"type": "integer"}}, "required": ["depth"]},
        "hosts": {"type": "array", "items": {"type": "integer"}},
        "pin": {"type": "string", "secret": True},
        "phrase": {"type": "string", "format": "password"},
    },
}


def problems(config: dict[str, Any], schema: dict[str, Any] = SCHEMA, **more: Any) -> list[str]:
    return [problem.message for problem in check_config(schema, config, **more)[1]]


def test_defaults_are_filled_in() -> None:
    assert check_config(SCHEMA, {"host": "db"}) == ({"host": "db", "port": 5432, "tls": True}, [])


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [("port", "80", 80), ("port", 80.0, 80), ("ratio", "0.5", 0.5), ("ratio", "3", 3), ("tls", "false", False)],
)
def test_text_becomes_what_the_schema_wants_where_nothing_is_lost(key: str, text: Any, value: Any) -> None:
    checked, found = check_config(SCHEMA, {"host": "db", key: text})

    assert found == []
    assert checked[key] == value
    assert type(checked[key]) is type(value)


def test_a_number_becomes_text_where_the_schema_wants_text() -> None:
    assert check_config(SCHEMA, {"host": 12})[0]["host"] == "12"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "`host` is missing"),
        ({"host": ""}, "`host` is empty"),
        ({"host": None}, "`host` must be text, not null"),
        ({"host": "a", "port": "7.5"}, "`port` must be a whole number, not text"),
        ({"host": "a", "port": True}, "`port` must be a whole number, not `true` or `false`"),
        ({"host": "a", "port": 0}, "`port` must be at least 1, not 0"),
        ({"host": "a", "port": 65536}, "`port` must be at most 65535, not 65536"),
        ({"host": "a", "tls": "yes"}, "`tls` must be `true` or `false`, not text"),
        ({"host": "a", "mode": "quick"}, "`mode` must be one of `fast`, `safe`"),
        ({"host": "a", "name": "A1"}, "`name` doesn't have the form `^[a-z]+$`"),
        ({"host": "a", "options": {}}, "`options.depth` is missing"),
        ({"host": "a", "options": {"depth": "x"}}, "`options.depth` must be a whole number, not text"),
        ({"host": "a", "hosts": [1, "x"]}, "`hosts[1]` must be a whole number, not text"),
    ],
)
def test_a_problem_says_what_is_wrong(config: dict[str, Any], message: str) -> None:
    assert problems(config) == [message]


def test_all_problems_are_told_at_once() -> None:
    assert len(problems({"port": 0, "tls": 3, "mode": "x"})) == 4


def test_a_misspelt_key_is_told_with_the_near_miss_and_not_also_as_missing() -> None:
    found = check_config(SCHEMA, {"hosst": "db"})[1]

    assert [(problem.key, problem.code, problem.suggestion) for problem in found] == [("hosst", "unknown-key", "host")]


def test_unknown_keys_are_fine_where_the_schema_says_so() -> None:
    assert problems({"a": 1}, {"type": "object", "additionalProperties": True}) == []


def test_a_value_that_is_not_known_yet_counts_as_given() -> None:
    checked, found = check_config(SCHEMA, {}, unknown={"host", "port"})

    assert found == []
    assert "port" not in checked


EITHER = {
    "properties": {"url": {"type": "string"}, "host": {"type": "string"}, "port": {"type": "integer"}},
    "anyOf": [{"required": ["url"]}, {"required": ["host", "port"]}],
}


def test_one_of_several_ways_must_be_given() -> None:
    assert problems({"url": "x"}, EITHER) == []
    assert problems({"host": "x", "port": 1}, EITHER) == []
    assert problems({}, EITHER, unknown={"url"}) == []
    assert problems({"host": "x"}, EITHER) == ["give `url`, or `host` and `port`"]


def test_only_one_of_several_ways_may_be_given() -> None:
    exclusive = {**EITHER, "oneOf": EITHER["anyOf"]}

    assert problems({"url": "x", "host": "x", "port": 1}, exclusive) == [
        "only one of these can be given: `url`; `host` and `port`"
    ]


def test_a_message_never_shows_a_value_that_may_be_secret() -> None:
    config = {"host": "a", "pin": ["canary"], "phrase": {"a": "canary"}, "name": "CANARY canary"}

    assert "canary" not in " ".join(problems(config))


def test_secrets_are_found_by_name_by_schema_and_in_urls() -> None:
    config = {
        "password": "pass-1",
        "api_key": "key-1",
        "pin": "pin-1",
        "phrase": "phrase-1",
        "host": "db.example",
        "url": "postgres://me:p%40ss@db.example/x",
        "options": {"token": "token-1", "urls": ["redis://:deep@cache"]},
        "password_required": True,
    }

    found = secret_values(SCHEMA, config)

    assert found == ["pass-1", "key-1", "pin-1", "phrase-1", "p%40ss", "p@ss", "token-1", "deep"]
