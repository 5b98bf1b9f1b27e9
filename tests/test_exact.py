"""Values come back as they were, types included; what cannot come back says why."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.objectid import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang.exact import SECRET, decode, encode, shown
from flowlang.redaction import Redactor
from flowlang.values import ErrorValue, plain

ZONES = st.one_of(
    st.none(),
    st.just(UTC),
    st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")]),
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.dates(), st.tuples(st.integers(), st.text()))
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.times(timezones=st.one_of(st.none(), st.just(UTC))),
    st.datetimes(timezones=ZONES),
    st.timedeltas(),
    st.uuids(),
    st.ip_addresses(),
    st.builds(range, st.integers(0, 9), st.integers(0, 99), st.integers(1, 9)),
)
HASHABLE = st.one_of(st.integers(), st.text(), st.dates(), st.tuples(st.integers(), st.text()))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.sets(HASHABLE),
        st.frozensets(HASHABLE),
        st.dictionaries(KEYS, inner),
        st.dictionaries(st.sampled_from(["$set", "$decimal", "a"]), inner),
    ),
    max_leaves=12,
)


def written(value: Any, redactor: Redactor | None = None) -> Any:
    """What is read back of a value's text, and whether it was tagged."""
    redactor = redactor or Redactor()
    text, is_tagged = encode(value, redactor(value), redactor)
    text.encode("ascii")
    return json.loads(text), is_tagged


def same(first: Any, second: Any) -> bool:
    """Equal, with equal types all the way down."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        pairs = zip(first.items(), second.items(), strict=True)
        return len(first) == len(second) and all(same(a, b) for one in pairs for a, b in zip(*one, strict=True))
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, (set, frozenset)):
        return first == second and {type(one) for one in first} == {type(one) for one in second}
    if isinstance(first, datetime):
        return first == second and first.utcoffset() == second.utcoffset() and first.fold == second.fold
    return bool(first == second)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_every_value_of_known_types_comes_back_as_it_was(value: Any) -> None:
    read, is_tagged = written(value)
    back, why_not = decode(read) if is_tagged else (read, None)
    assert why_not is None
    assert same(back, value)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_what_is_written_shows_what_the_event_showed(value: Any) -> None:
    read, is_tagged = written(value)
    if is_tagged and not any(isinstance(one, (set, frozenset)) for one in leaves(value)):
        assert shown(read) == plain(value)


def leaves(value: Any) -> list[Any]:
    inside = [value]
    if isinstance(value, dict):
        inside += [leaf for one in value.items() for part in one for leaf in leaves(part)]
    elif isinstance(value, (list, tuple)):
        inside += [leaf for one in value for leaf in leaves(one)]
    return inside


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        float("-inf"),
        -0.0,
        10**6000,
        {"$set": {"price": 1}},
        {"$oid": 1, "b": 2},
        ObjectId("65f1a0b2c3d4e5f601234567"),
        Int64(5),
        ErrorValue(type="ValueError", message="no", attempts=2),
        ip_address("::1"),
        ip_network("10.0.0.0/8"),
        bytearray(b"\x00\xff"),
        [(1,), {"a": Decimal("1.50")}],
        time(2, 30, fold=1),
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        "a lone half: \ud83d",
    ],
    ids=lambda value: type(value).__name__,
)
def test_this_comes_back(value: Any) -> None:
    read, is_tagged = written(value)
    back, why_not = decode(read) if is_tagged else (read, None)
    assert (type(back), back, why_not) == (type(value), value, None)


def test_a_number_of_mongodb_and_a_nan_come_back() -> None:
    assert str(decode(written(Decimal128("1.10"))[0]).value) == "1.10"
    assert str(decode(written(float("nan"))[0]).value) == "nan"


class Colour(IntEnum):
    RED = 1


class Agrees:
    """Equal to everything, as a mock is."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "agrees"


@pytest.mark.parametrize(("value", "text"), [(Colour.RED, 1), (Agrees(), "agrees"), ({"a": Colour.RED}, {"a": 1})])
def test_an_object_that_only_its_program_knows_is_kept_as_it_was_shown(value: Any, text: Any) -> None:
    read, is_tagged = written(value)
    assert is_tagged
    back, why_not = decode(read)
    assert back == text == shown(read)
    assert why_not is not None
    assert "cannot be written down exactly" in why_not


def test_a_secret_leaves_its_mask_and_the_reason_and_the_rest_keeps_its_types() -> None:
    redactor = Redactor(["hunter22"])
    read, _ = written({"user": "ann", "password": "hunter22", "total": Decimal("1.5")}, redactor)
    back, why_not = decode(read)
    assert back == {"user": "ann", "password": "••••", "total": Decimal("1.5")}
    assert why_not == SECRET
    assert "hunter22" not in json.dumps(read)


def test_a_secret_in_a_key_hides_the_whole_map() -> None:
    read, _ = written({"hunter22": (1,)}, Redactor(["hunter22"]))
    assert decode(read).why_not == SECRET
    assert "hunter22" not in json.dumps(read)


def test_an_endless_value_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    read, _ = written(endless)
    assert decode(read).why_not == "it nests deeper than 100 levels"


@pytest.mark.parametrize(
    "text",
    [
        '{"$decimal":"x"}',
        '{"$map":[[[1],2]]}',
        '{"$map":1}',
        '{"$nothing":1}',
        '{"$shown":1}',
        '{"$ip":["os","x"]}',
        '{"$range":[0,9999999999999,1]}',
    ],
)
def test_a_tag_that_makes_no_sense_is_shown_and_said(text: str) -> None:
    back, why_not = decode(json.loads(text))
    assert back == json.loads(text)
    assert why_not is not None
    assert shown(json.loads(text)) is not None


def test_the_examples_of_the_documentation() -> None:
    value = (UUID(int=1), date(2026, 1, 31), timedelta(days=1, microseconds=5))
    assert written(value)[0] == {
        "$tuple": [
            {"$uuid": "00000000-0000-0000-0000-000000000001"},
            {"$date": "2026-01-31"},
            {"$timedelta": [1, 0, 5]},
        ]
    }
