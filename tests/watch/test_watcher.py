"""A project's watcher tells of each save once, whichever way an editor saves, and of nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from flowlang.watch import Change, Watcher

FLOW = "flow: hello\nsteps:\n  - exit: {}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "flow.py").write_text("x = 1\n")
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.fixture
async def watcher(project: Path) -> AsyncIterator[Watcher]:
    async with Watcher(project) as watcher:
        yield watcher


async def next_change(watcher: Watcher) -> set[str]:
    """The next change's paths, below the watched folder where they are."""
    return names(await asyncio.wait_for(anext(watcher), 20), watcher.root)


def names(change: Change, root: Path) -> set[str]:
    return {os.path.relpath(path, root) for path in change.paths}


async def silence(watcher: Watcher, sentinel: str = "sentinel.yaml") -> None:
    """Nothing was told of: the next thing told is the one that is done now."""
    (watcher.root / sentinel).write_text(str(time.time_ns()))
    assert await next_change(watcher) == {sentinel}


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def rename_over(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.tmp")
    new.write_text(text)
    os.replace(new, path)


def rename_over_with_the_same_ending(path: Path, text: str) -> None:
    new = path.with_name(f"tmp-{path.name}")
    new.write_text(text)
    os.replace(new, path)


def backup_and_rename(path: Path, text: str) -> None:
    backup = path.with_name(f"{path.name}~")
    os.replace(path, backup)
    path.write_text(text)


def delete_and_create(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def backup_is_deleted(path: Path, text: str) -> None:
    backup_and_rename(path, text)
    path.with_name(f"{path.name}~").unlink()


def truncate_then_write_slowly(path: Path, text: str) -> None:
    with open(path, "w") as file:
        file.flush()
        time.sleep(0.08)
        file.write(text[: len(text) // 2])
        file.flush()
        time.sleep(0.01)
        file.write(text[len(text) // 2 :])


def symlink_swap(path: Path, text: str) -> None:
    target = path.with_name(f".{path.name}.{time.time_ns()}")
    target.write_text(text)
    link = path.with_name(f".{path.name}.link")
    link.symlink_to(target.name)
    os.replace(link, path)


def same_size_and_time(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


WAYS = [
    in_place,
    rename_over,
    rename_over_with_the_same_ending,
    backup_and_rename,
    backup_is_deleted,
    delete_and_create,
    truncate_then_write_slowly,
    symlink_swap,
    same_size_and_time,
]


@pytest.mark.parametrize("save", WAYS, ids=lambda save: save.__name__)
async def test_every_way_of_saving_is_told_once_and_when_the_file_is_whole(
    watcher: Watcher, save: Callable[[Path, str], None]
) -> None:
    flow = watcher.root / "flow.yaml"
    for number in range(3):
        text = FLOW.replace("hello", f"hallo{number}")
        saving = threading.Thread(target=save, args=(flow, text))
        saving.start()
        assert await next_change(watcher) == {"flow.yaml"}
        saving.join()
        assert flow.read_text() == text
        await silence(watcher)


async def test_tells_of_every_kind_of_file_that_a_run_depends_on(watcher: Watcher) -> None:
    for name in ("flow.py", "sub/tasks.py", "sub/flow.yml", ".env", ".env.test", "inputs.json", "query.sql"):
        (watcher.root / name).write_text("a = 2\n")
        assert await next_change(watcher) == {name}


async def test_tells_nothing_of_what_tools_and_runs_leave_behind(watcher: Watcher) -> None:
    root = watcher.root
    for folder in (".git", "__pycache__", ".flowlang/runs", "node_modules/a", ".venv/lib"):
        (root / folder).mkdir(parents=True)
        (root / folder / "flow.yaml").write_text(FLOW)
    for name in ("flow.yaml~", ".flow.yaml.swp", "#flow.yaml#", "4913", "orders.db", "orders.db-wal", ".#flow.yaml"):
        (root / name).write_text("x")
    await silence(watcher)


async def test_tells_of_stored_connections(watcher: Watcher) -> None:
    folder = watcher.root / ".flowlang"
    folder.mkdir()
    (folder / "connections.enc").write_text("token")
    assert await next_change(watcher) == {".flowlang/connections.enc"}
    (folder / "activity.json").write_text("{}")
    await silence(watcher)


async def test_a_touch_or_the_same_text_again_is_no_change(watcher: Watcher) -> None:
    flow = watcher.root / "flow.yaml"
    os.utime(flow)
    rename_over(flow, FLOW)
    flow.chmod(0o600)
    await silence(watcher)


async def test_a_write_that_was_announced_is_no_change_but_the_next_is(watcher: Watcher) -> None:
    flow = watcher.root / "flow.yaml"
    watcher.expect(flow, b"flow: mine\n")
    flow.write_text("flow: mine\n")
    await silence(watcher)
    flow.write_text("flow: theirs\n")
    assert await next_change(watcher) == {"flow.yaml"}


async def test_a_file_that_stays_empty_or_away_is_told_too(watcher: Watcher) -> None:
    (watcher.root / "flow.yaml").write_text("")
    assert await next_change(watcher) == {"flow.yaml"}
    (watcher.root / "flow.py").unlink()
    assert await next_change(watcher) == {"flow.py"}


async def test_folders_that_come_later_are_watched(watcher: Watcher) -> None:
    deep = watcher.root / "new" / "deep"
    deep.mkdir(parents=True)
    (deep / "flow.yaml").write_text(FLOW)
    assert await next_change(watcher) == {"new/deep/flow.yaml"}
    (deep / "flow.yaml").write_text("flow: other\n")
    assert await next_change(watcher) == {"new/deep/flow.yaml"}


async def test_a_folder_that_is_replaced_is_still_watched(watcher: Watcher) -> None:
    old, new = watcher.root / "sub", watcher.root.parent / f"{watcher.root.name}-new"
    new.mkdir()
    (new / "flow.yaml").write_text(FLOW)
    old.rmdir()
    new.rename(old)
    assert await next_change(watcher) == {"sub/flow.yaml"}
    (old / "flow.yaml").write_text("flow: other\n")
    assert await next_change(watcher) == {"sub/flow.yaml"}


async def test_the_files_of_a_folder_that_goes_are_told_as_changed(watcher: Watcher) -> None:
    (watcher.root / "sub" / "flow.yaml").write_text(FLOW)
    assert await next_change(watcher) == {"sub/flow.yaml"}
    (watcher.root / "sub").rename(watcher.root.parent / f"{watcher.root.name}-away")
    assert await next_change(watcher) == {"sub/flow.yaml"}


async def test_a_thousand_files_at_once_are_one_change(project: Path) -> None:
    files = [project / "sub" / f"flow{number}.yaml" for number in range(1000)]
    for file in files:
        file.write_text(FLOW)
    async with Watcher(project) as watcher:
        for file in files:
            rename_over(file, "flow: other\n")
        assert len(await next_change(watcher)) == 1000
        await silence(watcher)


async def test_changes_that_nobody_waited_for_come_together(watcher: Watcher) -> None:
    told: set[str] = set()
    for name in ("a.yaml", "b.yaml"):
        (watcher.root / name).write_text(FLOW)
    while told != {"a.yaml", "b.yaml"}:
        told |= await next_change(watcher)


async def test_files_elsewhere_are_watched_by_name(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    inputs, other = elsewhere / "inputs.txt", elsewhere / "flow.yaml"
    inputs.write_text("1")
    other.write_text(FLOW)
    async with Watcher(project) as watcher:
        watcher.also([inputs])
        await silence(watcher)
        other.write_text("flow: other\n")
        inputs.write_text("2")
        assert (await asyncio.wait_for(anext(watcher), 20)).paths == {inputs}
        watcher.also([])
        await silence(watcher)
        inputs.write_text("3")
        await silence(watcher)


async def test_what_a_link_leads_to_is_watched(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("target") / "shared.yaml"
    target.write_text(FLOW)
    (project / "shared.yaml").symlink_to(target)
    async with Watcher(project) as watcher:
        target.write_text("flow: other\n")
        assert await next_change(watcher) == {"shared.yaml"}


async def test_what_a_new_link_leads_to_is_watched_from_then_on(
    watcher: Watcher, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("target") / "shared.yaml"
    target.write_text(FLOW)
    flow = watcher.root / "flow.yaml"
    symlink_swap(flow, "flow: linked\n")
    assert await next_change(watcher) == {"flow.yaml"}
    flow.resolve().write_text("flow: other\n")
    assert await next_change(watcher) == {"flow.yaml"}
    flow.unlink()
    flow.symlink_to(target)
    assert await next_change(watcher) == {"flow.yaml"}
    await silence(watcher)
    target.write_text("flow: elsewhere\n")
    assert await next_change(watcher) == {"flow.yaml"}


async def test_a_save_between_two_looks_at_everything_is_seen(project: Path) -> None:
    async with Watcher(project, polling=True) as watcher:
        assert watcher.polling == "asked for"
        for save in (in_place, rename_over, same_size_and_time):
            save(project / "flow.yaml", FLOW.replace("hello", save.__name__[:5]))
            assert await next_change(watcher) == {"flow.yaml"}


def test_looks_by_itself_and_says_so_where_the_system_gives_no_notices(project: Path) -> None:
    code = f"""
import asyncio, os, resource
from pathlib import Path
import watchfiles._rust_notify
from flowlang.watch import Watcher

async def main():
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, free + 1))
    async with Watcher({str(project)!r}) as watcher:
        print(watcher.polling)
        Path({str(project)!r}, "flow.yaml").write_text("flow: other\\n")
        print([path.name for path in (await anext(watcher)).paths])

asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stderr == ""
    why, told = ran.stdout.splitlines()
    assert why.startswith("the system gives no notice of changes: ")
    assert told == "['flow.yaml']"


async def test_stopping_ends_the_wait_and_the_thread(project: Path) -> None:
    watcher = Watcher(project)
    await watcher.start()
    waiting = asyncio.ensure_future(anext(watcher, None))
    await asyncio.sleep(0)
    watcher.stop()
    watcher.stop()
    assert await asyncio.wait_for(waiting, 20) is None
    assert [change async for change in watcher] == []
    for thread in threading.enumerate():
        if thread.name == "flowlang-watch":
            thread.join(20)
            assert not thread.is_alive()


async def test_a_project_that_is_away_for_a_while_is_watched_again(project: Path) -> None:
    root = project / "root"
    root.mkdir()
    async with Watcher(root) as watcher:
        (root / "flow.py").write_text("x = 1\n")
        assert await next_change(watcher) == {"flow.py"}
        (root / "flow.py").unlink()
        root.rmdir()
        assert await next_change(watcher) == {"flow.py"}
        root.mkdir()
        (root / "flow.yaml").write_text(FLOW)
        assert await next_change(watcher) == {"flow.yaml"}
        (root / "flow.yaml").write_text("flow: other\n")
        assert await next_change(watcher) == {"flow.yaml"}
