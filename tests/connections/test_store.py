"""A project's stored connections: what is kept, and what happens when keys and files are not as they should be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flowlang.connections.records import Overlay, ProjectConnection
from flowlang.connections.store import Store, StoreError
from flowlang.connections.vault import LockedError
from tests.connections.stores import NAME, URL, connection, key_files, rewrite


def test_a_project_that_keeps_no_connections_has_none_and_gets_no_files(store: Store) -> None:
    assert store.entries() == []
    assert list(store.root.iterdir()) == []


def test_a_record_comes_back_as_it_was_kept(store: Store) -> None:
    given = ProjectConnection(
        connection_type="postgres",
        name=NAME,
        connection_url=URL,
        config={"read_only": True},
        pool={"size": 3},
        environments={"dev": Overlay(connection_url="postgresql://localhost/dev")},
    )
    kept = store.add(given)
    assert Store(store.root, store.env).get(NAME) == kept == replace(given, project_id=kept.project_id)


def test_every_record_says_who_made_it_when_and_for_which_project(store: Store) -> None:
    first, second = store.add(connection()), store.add(connection("Analytics"))
    assert first.project_id == second.project_id != ""
    assert first.id != second.id
    assert first.created_by != ""
    assert first.created_at == first.updated_at


def test_a_project_keeps_several_connections_of_one_type(store: Store) -> None:
    for name in ("Staging PostgreSQL", NAME, "Analytics Database"):
        store.add(connection(name))
    assert store.names() == ["Analytics Database", NAME, "Staging PostgreSQL"]


def test_a_name_is_there_once_whatever_its_case(store: Store) -> None:
    store.add(connection())
    with pytest.raises(StoreError, match="already"):
        store.add(connection(NAME.upper()))


@pytest.mark.parametrize("name", ["", " padded ", "two\nlines", "x" * 101, "${env.NAME}"])
def test_a_name_is_short_printable_text(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="name of a connection"):
        store.add(connection(name))
    assert list(store.root.iterdir()) == []


def test_a_name_that_is_not_there_is_answered_with_the_ones_that_are(store: Store) -> None:
    store.add(connection())
    with pytest.raises(StoreError) as caught:
        store.get("Production Postgres")
    assert caught.value.hint is not None
    assert NAME in caught.value.hint


def test_a_change_keeps_id_and_beginning(store: Store) -> None:
    before = store.add(connection())
    after = store.update(
        NAME, lambda record: replace(record, name="Shop", id="forged", connection_url="postgres://h/b")
    )
    assert (after.id, after.created_at, store.names()) == (before.id, before.created_at, ["Shop"])


def test_a_connection_is_not_renamed_to_the_name_of_another(store: Store) -> None:
    store.add(connection())
    store.add(connection("Shop"))
    with pytest.raises(StoreError, match="already"):
        store.update("Shop", lambda record: replace(record, name=NAME))
    assert store.names() == [NAME, "Shop"]


def test_a_name_can_change_its_case_alone(store: Store) -> None:
    store.add(connection())
    store.update(NAME, lambda record: replace(record, name=NAME.lower()))
    assert store.names() == [NAME.lower()]


def test_a_removed_connection_is_gone(store: Store) -> None:
    store.add(connection())
    store.remove(NAME)
    assert store.names() == []
    with pytest.raises(StoreError):
        store.remove(NAME)


def test_nothing_but_name_and_type_can_be_read_in_the_file(store: Store) -> None:
    store.add(connection())
    text = store.path.read_text()
    assert NAME in text
    assert not any(secret in text for secret in ("canary", "example.com", "app:"))


def test_names_and_types_are_known_without_the_key(store: Store) -> None:
    store.add(connection())
    entry = Store(store.root, {"HOME": "/nowhere"}).entry(NAME)
    assert entry is not None
    assert entry.type == "postgres"


def test_store_and_key_are_their_owners_alone(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    key = key_files(tmp_path)[0]
    assert [path.stat().st_mode & 0o777 for path in (store.path, key, key.parent)] == [0o600, 0o600, 0o700]


def test_what_a_version_control_should_not_see_is_ignored(store: Store) -> None:
    store.add(connection())
    ignored = (store.path.parent / ".gitignore").read_text().split()
    assert "connections.lock" in ignored
    assert "connections.enc" not in ignored


# keys that are lost, changed, or others'


def test_without_its_key_a_connection_is_locked_and_says_the_way_out(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    key = key_files(tmp_path)[0]
    key.unlink()
    assert store.state(NAME) == "locked"
    with pytest.raises(LockedError) as caught:
        store.get(NAME)
    assert str(key) in str(caught.value)
    assert caught.value.hint is not None
    assert "remove" in caught.value.hint


def test_nothing_is_written_over_connections_that_are_locked(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    key_files(tmp_path)[0].unlink()
    before = store.path.read_bytes()
    for attempt in (
        lambda: store.add(connection("Another")),
        lambda: store.update(NAME, lambda record: record),
        store.rotate_key,
    ):
        with pytest.raises(LockedError):
            attempt()
    assert store.path.read_bytes() == before
    assert key_files(tmp_path) == []


def test_a_key_that_is_put_back_opens_everything_again(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    key = key_files(tmp_path)[0]
    key.rename(tmp_path / "elsewhere")
    assert store.state(NAME) == "locked"
    (tmp_path / "elsewhere").rename(key)
    assert store.get(NAME).connection_url == URL


def test_after_the_locked_ones_are_removed_a_new_key_is_made(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    key_files(tmp_path)[0].unlink()
    store.remove(NAME)
    store.add(connection())
    assert store.get(NAME).connection_url == URL


def test_tokens_that_changed_places_are_noticed(store: Store) -> None:
    store.add(connection("One", "postgresql://h/one"))
    store.add(connection("Two", "postgresql://h/two"))
    rewrite(store, "one, two = entries; one['token'], two['token'] = two['token'], one['token']")
    assert [store.state(name) for name in ("One", "Two")] == ["damaged", "damaged"]
    with pytest.raises(StoreError, match="tampered"):
        store.get("One")


@pytest.mark.parametrize(
    "change",
    [
        "entries[0]['name'] = 'Other'",
        "entries[0]['type'] = 'redis'",
        "entries[0]['id'] = '0' * 32",
    ],
)
def test_a_changed_name_type_or_id_is_noticed(store: Store, change: str) -> None:
    store.add(connection())
    rewrite(store, change)
    assert store.state(store.names()[0]) == "damaged"


def test_an_entry_of_another_project_is_noticed_even_with_the_same_key(store: Store, tmp_path: Path) -> None:
    from flowlang.connections.vault import new_key

    key = {"FLOWLANG_KEY": new_key()}
    mine, other = Store(tmp_path / "mine", key), Store(tmp_path / "other", key)
    mine.add(connection("Mine"))
    other.add(connection())
    stolen = json.loads(other.path.read_text())["connections"]
    data = json.loads(mine.path.read_text())
    mine.path.write_text(json.dumps({**data, "connections": stolen}))
    assert mine.state(NAME) == "damaged"


def test_a_token_with_a_flipped_character_is_not_read(store: Store) -> None:
    store.add(connection())
    rewrite(store, "t = entries[0]['token']; entries[0]['token'] = t[:60] + ('A' if t[60] != 'A' else 'B') + t[61:]")
    assert store.state(NAME) == "locked"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 1, "project_id": "../../up", "connections": []}',
        '{"version": 1, "project_id": "%s", "connections": [{"id": 1}]}' % ("0" * 32),
    ],
)
def test_a_damaged_file_is_told_and_left_as_it_is(store: Store, content: str) -> None:
    store.path.parent.mkdir()
    store.path.write_text(content)
    for attempt in (store.names, lambda: store.add(connection())):
        with pytest.raises(StoreError, match="damaged"):
            attempt()
    assert store.path.read_text() == content


def test_a_file_of_a_later_version_is_left_as_it_is(store: Store) -> None:
    store.add(connection())
    rewrite(store, "data['version'] = 2")
    with pytest.raises(StoreError, match="later version"):
        store.remove(NAME)


# rotation
