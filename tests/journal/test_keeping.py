"""What is kept, and for how long; a database that is old, new, damaged or held by somebody else."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from flowlang import Journal, RunQuery
from flowlang.errors import ConfigurationError, JournalBusyError, JournalTooNewError
from flowlang.journal import retention, schema, store
from flowlang.journal.settings import Settings, read_settings
from tests.journal.conftest import Recorded

SMALL = "flow: Small\nsteps: [{Count: {id: one, n: 1}}]\n"


def rows(project: Recorded, table: str) -> int:
    with project.journal._store.reading() as database:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count


async def test_only_the_latest_runs_are_kept_and_those_that_are_pinned(project: Recorded) -> None:
    (project.folder / "flowlang.yaml").write_text("journal: {keep_runs: 2}\n")
    project.journal = Journal(project.folder)
    await project.run(SMALL, run_id="pinned")
    project.journal.pin("pinned")
    for number in range(4):
        await project.run(SMALL.replace("one", f"step_{number}"), run_id=f"run-{number}")
    assert [run.run_id for run in project.journal.runs()] == ["run-3", "run-2", "pinned"]
    assert [rows(project, table) for table in ("sessions", "chunks", "definitions", "step_sets")] == [3, 3, 3, 3]
    project.journal.unpin("pinned")
    await project.run(SMALL)
    assert "pinned" not in [run.run_id for run in project.journal.runs()]


async def test_old_runs_go_but_never_the_latest(project: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ALWAYS", 2)
    for number in range(4):
        await project.run(SMALL, run_id=f"run-{number}")
    assert project.journal.count() == 4
    with project.journal._store.writing() as database:
        database.execute("UPDATE runs SET started = started - 100 * 86400")
    await project.run(SMALL, run_id="new")
    assert [run.run_id for run in project.journal.runs()] == ["new", "run-3"]


async def test_pruning_tells_what_goes_before_it_does(project: Recorded) -> None:
    assert project.journal.prune(keep=0) == []
    flow = "flow: Large\nsteps: [{Give: {id: one, size: 100000}}]\n"
    for number in range(3):
        await project.run(flow, run_id=f"run-{number}")
    assert [run.run_id for run in project.journal.prune(keep=1, dry_run=True)] == ["run-1", "run-0"]
    assert project.journal.count() == 3
    assert len(project.journal.prune(keep=1)) == 2
    assert rows(project, "blobs") == 1
    assert project.journal.prune(older_than=3600) == []
    assert len(project.journal.prune(older_than=0)) == 1
    assert rows(project, "blobs") == 0


async def test_a_deleted_run_leaves_nothing(project: Recorded) -> None:
    await project.run()
    project.journal.delete(str(project.recorder.run_id))
    assert project.journal.runs() == []
    for table in ("runs", "sessions", "chunks", "blobs", "definitions", "step_sets", "steps_in_sets"):
        assert rows(project, table) == 0


async def test_runs_that_are_over_wait_in_their_files_until_somebody_looks(project: Recorded) -> None:
    for _ in range(3):
        await project.run(SMALL)
    assert not (project.folder / ".flowlang" / "runs.db").exists()
    assert len(project.journal.runs()) == 3
    assert list((project.folder / ".flowlang" / "running").iterdir()) == []


async def test_the_files_that_wait_are_taken_in_before_they_are_many(project: Recorded) -> None:
    for _ in range(20):
        await project.run(SMALL)
    assert len(list((project.folder / ".flowlang" / "running").iterdir())) < 16


async def test_a_small_step_takes_little_room(project: Recorded) -> None:
    flow = "flow: Long\nsteps: [{for_each: '${range(2000)}', id: each, as: n, do: [{Count: {id: one, n: '${n}'}}]}]\n"
    await project.run(flow)
    project.journal.runs()
    project.journal.close()
    assert (project.folder / ".flowlang" / "runs.db").stat().st_size / 2000 < 100


async def test_a_database_of_a_later_version_is_refused_and_left_alone(project: Recorded) -> None:
    await project.run(SMALL)
    project.journal.runs()
    path = project.folder / ".flowlang" / "runs.db"
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    project.journal.close()
    before = path.read_bytes()
    later = Journal(project.folder)
    with pytest.raises(JournalTooNewError, match="later version"):
        later.runs()
    project.journal = later
    assert (await project.run(SMALL)).success
    assert path.read_bytes() == before
    assert len(list((project.folder / ".flowlang" / "running").iterdir())) == 1


async def test_a_database_of_an_earlier_version_is_brought_up(
    project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await project.run(SMALL)
    [run] = project.journal.runs()
    project.journal.close()
    more = (*schema.MIGRATIONS, "ALTER TABLE runs ADD COLUMN note TEXT")
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    monkeypatch.setattr(schema, "VERSION", len(more))
    assert Journal(project.folder).runs() == [run]
    with sqlite3.connect(project.folder / ".flowlang" / "runs.db") as database:
        assert database.execute("SELECT note FROM runs").fetchall() == [(None,)]
        assert database.execute("PRAGMA user_version").fetchone() == (len(more),)
    database.close()


async def test_a_damaged_database_is_moved_aside_and_said(project: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    folder = project.folder / ".flowlang"
    folder.mkdir()
    (folder / "runs.db").write_bytes(b"this is not a database" * 100)
    await project.run(SMALL)
    assert [run.flow for run in project.journal.runs()] == ["Small"]
    [aside] = folder.glob("runs.broken-*.db")
    assert aside.read_bytes().startswith(b"this is not")
    assert "a new journal begins" in caplog.text


async def test_who_waits_too_long_for_another_process_is_told_and_loses_nothing(
    project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    await project.run(SMALL)
    project.journal.runs()
    project.journal.close()
    other = sqlite3.connect(project.folder / ".flowlang" / "runs.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    project.journal = Journal(project.folder)
    await project.run(SMALL)
    assert len(project.journal.runs()) == 2  # one is still in its file
    with pytest.raises(JournalBusyError, match="another process"):
        project.journal.prune(keep=0)
    other.execute("ROLLBACK")
    other.close()
    assert len(project.journal.runs()) == 2


async def test_a_database_that_was_removed_begins_anew(project: Recorded) -> None:
    await project.run(SMALL)
    project.journal.runs()
    for file in (project.folder / ".flowlang").glob("runs.db*"):
        file.unlink()
    await project.run(SMALL)
    assert len(project.journal.runs()) == 1


def count_in_a_child(journal: Journal) -> int:
    """How many runs a process finds that was forked from this one."""
    child = os.fork()
    if not child:
        os._exit(len(journal.runs()))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def test_a_process_that_was_forked_opens_its_own(project: Recorded) -> None:
    await project.run(SMALL)
    project.journal.runs()
    assert count_in_a_child(project.journal) == 1
    assert project.journal.count(RunQuery()) == 1


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("name: x\n", Settings()),
        ("journal:\n", Settings()),
        ("journal: {enabled: false, keep_runs: 5, keep_days: 0}\n", Settings(enabled=False, keep_runs=5, keep_days=0)),
        ("journal: {value_limit: 1.5 MB, inline_limit: 10 kb}\n", Settings(value_limit=1_500_000, inline_limit=10_000)),
    ],
)
def test_a_project_says_how_much_is_kept(tmp_path: Path, text: str, settings: Settings) -> None:
    (tmp_path / "flowlang.yaml").write_text(text)
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("journal: [\n", "is no YAML"),
        ("journal: {}\nsince: 2024-13-45\n", "is no YAML"),
        ("journal: " + "[" * 10_000, "is no YAML"),
        ("journal: 5\n", "must be a map"),
        ("journal: {keep_run: 5}\n", "did you mean `keep_runs`?"),
        ("journal: {keep_days: many}\n", "must be a whole number from 0"),
        ("journal: {value_limit: big}\n", "must be a size"),
        ("journal: {enabled: 1}\n", "must be true or false"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_told_and_stops_no_run(
    project: Recorded, caplog: pytest.LogCaptureFixture, text: str, message: str
) -> None:
    (project.folder / "flowlang.yaml").write_text(text)
    journal = Journal(project.folder)
    with pytest.raises(ConfigurationError, match=message.replace("?", r"\?")):
        _ = journal.settings
    project.journal = journal
    await project.run(SMALL)
    assert project.recorder.problem is None
    assert "takes its defaults" in caplog.text
    assert len(journal.runs()) == 1


def test_a_file_whose_lines_make_no_sense_takes_no_other_run_down(tmp_path: Path) -> None:
    folder = tmp_path / ".flowlang" / "running"
    folder.mkdir(parents=True)
    odd = folder / "20260101-000000-00000000.1.spool"
    odd.write_text('["h",{"version":1,"pid":1,"boot":"x","started":1}]\n["d",7]\n["z",{"status":"succeeded"}]\n')
    assert Journal(tmp_path).runs() == []
    assert not odd.exists()
    assert odd.with_suffix(".broken").exists()
