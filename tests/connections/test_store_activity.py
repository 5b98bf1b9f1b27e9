"""What is remembered of stored connections: their uses and their tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.connections.activity import TESTS_KEPT, Activity, ProbeOutcome
from flowlang.connections.project_connections import ProjectConnections


@pytest.fixture
def activity(tmp_path: Path) -> Activity:
    """The record of a project in which nothing happened."""
    (tmp_path / ".flowlang").mkdir()
    return Activity(tmp_path)


def ended(number: int, *, ok: bool = True) -> ProbeOutcome:
    return ProbeOutcome(f"2026-01-01T00:00:{number:02}", None, ok, None if ok else "reach", None, float(number))


def test_where_nothing_happened_nothing_is_written(activity: Activity) -> None:
    assert (activity.uses("a"), activity.tests("a")) == ([], [])
    assert not activity.path.exists()


def test_the_latest_use_of_each_step_is_kept(activity: Activity) -> None:
    activity.note_use("a", "orders.yaml", ["first", "second"])
    activity.note_use("a", "orders.yaml", ["first"])
    activity.note_use("b", "other.yaml", ["third"])
    assert [(use.flow, use.step) for use in activity.uses("a")] == [("orders.yaml", "first"), ("orders.yaml", "second")]


def test_a_use_is_due_again_only_after_a_while(activity: Activity) -> None:
    assert activity.is_due("a", "orders.yaml", ("first",))
    activity.note_use("a", "orders.yaml", ("first",))
    assert not activity.is_due("a", "orders.yaml", ("first",))
    assert activity.is_due("a", "orders.yaml", ("first", "second"))


def test_the_last_tests_are_kept_the_latest_first(activity: Activity) -> None:
    activity.note_test("b", ended(0, ok=False))
    for number in range(TESTS_KEPT + 5):
        activity.note_test("a", ended(number))
    kept = activity.tests("a")
    assert [test.ms for test in kept] == [float(number) for number in range(TESTS_KEPT + 4, 4, -1)]
    assert activity.tests("b") == [ended(0, ok=False)]


def test_a_damaged_record_is_begun_anew(activity: Activity) -> None:
    activity.path.write_bytes(b"this is no database" * 100)
    assert activity.tests("a") == []
    activity.note_test("a", ended(1))
    assert activity.tests("a") == [ended(1)]


def test_a_connection_that_is_removed_takes_its_history_along(tmp_path: Path) -> None:
    connections = ProjectConnections(tmp_path, env={"XDG_CONFIG_HOME": f"{tmp_path}-config"})
    record = connections.create(connections.record_of_url("Shop", "sqlite:///shop.db"))
    connections.activity.note_use(record.id, "orders.yaml", ["first"])
    connections.activity.note_test(record.id, ended(1))
    connections.delete("Shop")
    assert (connections.activity.uses(record.id), connections.activity.tests(record.id)) == ([], [])
