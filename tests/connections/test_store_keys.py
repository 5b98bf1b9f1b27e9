"""The keys of a project's store: rotated, given by the environment, and changed while others read and write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang.connections.store import Store, StoreError
from flowlang.connections.vault import LockedError
from tests.connections.stores import NAME, URL, connection, key_files, rewrite


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
