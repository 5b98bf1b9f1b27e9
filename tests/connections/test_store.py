"""A project's stored connections: what is kept, and what happens when keys and files are not as they should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flowlang.connections.records import Overlay, ProjectConnection
from flowlang.connections.store import Store, StoreError
from flowlang.connections.vault import LockedError

NAME = "Production PostgreSQL"
URL = "postgresql://app:canary-4711@db.example.com:5432/shop"


def connection(name: str = NAME, url: str = URL) -> ProjectConnection:
    return ProjectConnection(connection_type="postgres", name=name, connection_url=url)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose keys lie in a folder of the test."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def store(tmp_path: Path, env: dict[str, str]) -> Store:
    """The store of an empty project."""
    root = tmp_path / "project"
    root.mkdir()
    return Store(root, env)


def key_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "config" / "flowlang" / "keys").iterdir() if path.suffix != ".lock"]


def rewrite(store: Store, change: str) -> None:
    """Change the file from outside: `entries` is the list of its connections."""
    data = json.loads(store.path.read_text())
    exec(change, {"entries": data["connections"], "data": data})
    store.path.write_text(json.dumps(data))


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


def test_after_a_rotation_everything_is_readable_and_encrypted_anew(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    old = store.entry(NAME)
    outcome = store.rotate_key()
    assert (outcome.renewed, outcome.locked) == (1, [])
    assert store.get(NAME).connection_url == URL
    assert store.entry(NAME) != old


def test_another_copy_of_the_project_stays_readable_until_old_keys_are_forgotten(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    copy = Store(tmp_path / "copy", store.env)
    copy.path.parent.mkdir(parents=True)
    copy.path.write_bytes(store.path.read_bytes())
    store.rotate_key()
    assert copy.get(NAME).connection_url == URL
    store.rotate_key(forget_old=True)
    assert store.get(NAME).connection_url == URL
    assert copy.state(NAME) == "locked"
    assert len(key_files(tmp_path)[0].read_text().split()) == 1


def test_the_first_key_of_the_environment_encrypts_and_all_of_them_decrypt(tmp_path: Path) -> None:
    from flowlang.connections.vault import new_key

    old, new = new_key(), new_key()
    Store(tmp_path, {"FLOWLANG_KEY": old}).add(connection())
    both = Store(tmp_path, {"FLOWLANG_KEY": f"{new}, {old}"})
    assert both.get(NAME).connection_url == URL
    both.rotate_key()
    assert Store(tmp_path, {"FLOWLANG_KEY": new}).get(NAME).connection_url == URL
    assert Store(tmp_path, {"FLOWLANG_KEY": old}).state(NAME) == "locked"


def test_a_single_key_in_the_environment_cannot_be_rotated(tmp_path: Path) -> None:
    from flowlang.connections.vault import new_key

    store = Store(tmp_path, {"FLOWLANG_KEY": new_key()})
    store.add(connection())
    with pytest.raises(StoreError, match="only the key that is in use"):
        store.rotate_key()


def test_old_keys_that_something_still_needs_are_not_forgotten(store: Store) -> None:
    store.add(connection())
    store.add(connection("Foreign"))
    rewrite(store, "entries[0]['token'] = 'gAAAAA' + entries[0]['token'][6:60]")
    before = store.path.read_bytes()
    with pytest.raises(LockedError):
        store.rotate_key(forget_old=True)
    assert store.path.read_bytes() == before
    assert store.rotate_key().locked == ["Foreign"]


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import Store

root, work, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
Store(root).get(names[0])

def change(store, point):
    if work == "rotate the key":
        store.rotate_key(forget_old=point % 2 == 0)
    elif work == "add":
        store.add(ProjectConnection(connection_type="redis", name=f"new {point}"))
    elif work == "update":
        store.update(names[0], lambda record: replace(record, config={"point": point}))
    elif f"new {point - 1}" in store.names():
        store.remove(f"new {point - 1}")

def dying_at(point):
    count = 0
    def counted(function):
        def call(*arguments, **more):
            nonlocal count
            count += 1
            if count == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **more)
        return call
    for name in ("open", "write", "fsync", "fchmod", "replace", "unlink", "close", "fdopen", "stat"):
        setattr(os, name, counted(getattr(os, name)))

point, killed = 0, True
while killed:
    point += 1
    if work == "remove":
        Store(root).add(ProjectConnection(connection_type="redis", name=f"new {point - 1}"))
    child = os.fork()
    if child == 0:
        dying_at(point)
        change(Store(root), point)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    for name in names:
        assert Store(root).get(name).connection_url.endswith(name), (point, name)
print(point)
"""


@pytest.mark.parametrize("work", ["rotate the key", "add", "update", "remove"])
def test_a_process_that_is_killed_at_any_point_of_its_work_leaves_everything_readable(
    store: Store, tmp_path: Path, work: str
) -> None:
    names = ["one", "two", "three"]
    for name in names:
        store.add(connection(name, f"postgresql://host/{name}"))
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root), work, ",".join(names)],
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 10
    left = [*store.path.parent.glob(".*.part"), *tmp_path.glob("config/flowlang/keys/.*.part")]
    assert left == []


def test_what_is_read_while_keys_are_rotated_and_forgotten_is_never_locked(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    code = (
        "import sys; from pathlib import Path\n"
        "from flowlang.connections.store import Store\n"
        "for _ in range(20): Store(Path(sys.argv[1])).rotate_key(forget_old=True)\n"
    )
    env = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    with subprocess.Popen([sys.executable, "-c", code, str(store.root)], env=env) as rotating:
        while rotating.poll() is None:
            assert store.get(NAME).connection_url == URL
    assert rotating.returncode == 0


def test_two_copies_of_a_project_that_rotate_at_once_both_stay_readable(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    copy = Store(tmp_path / "copy", store.env)
    copy.path.parent.mkdir(parents=True)
    copy.path.write_bytes(store.path.read_bytes())
    code = (
        "import sys; from pathlib import Path\n"
        "from flowlang.connections.store import Store\n"
        "for _ in range(20): Store(Path(sys.argv[1])).rotate_key()\n"
    )
    env = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    running = [subprocess.Popen([sys.executable, "-c", code, str(one.root)], env=env) for one in (store, copy)]
    assert [process.wait() for process in running] == [0, 0]
    assert store.get(NAME).connection_url == copy.get(NAME).connection_url == URL


def test_two_processes_at_once_lose_nothing_of_each_other(store: Store, tmp_path: Path) -> None:
    store.add(connection())
    code = (
        "import sys; from pathlib import Path\n"
        "from flowlang.connections.store import Store\n"
        "from flowlang.connections.records import ProjectConnection\n"
        "for number in range(10):\n"
        "    Store(Path(sys.argv[1])).add(ProjectConnection(connection_type='redis', name=sys.argv[2] + str(number)))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(store.root), who],
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
        )
        for who in ("a", "b", "c")
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(store.names()) == 31
    assert all(store.state(name) == "open" for name in store.names())
