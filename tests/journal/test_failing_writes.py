"""The n-th write fails, n = 1, 2, 3 … until a run passes untouched: it ends all the same, and the rest is kept."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowlang import Journal
from flowlang.journal.spool import MappedSpool, Spool, WrittenSpool, create_spool, written_lines
from tests.journal.conftest import Recorded

KINDS = [(kind, number) for kind in (MappedSpool, WrittenSpool) for number in (errno.ENOSPC, errno.EIO)]


def failing(kind: type[MappedSpool] | type[WrittenSpool], number: int, at: int) -> type[Spool]:
    """A file whose `at`-th write is refused by the system, and all after it."""

    class Failing(kind):  # type: ignore[misc, valid-type]  # one of two classes
        left = at

        def append(self, line: bytes) -> None:
            Failing.left -= 1
            if Failing.left <= 0:
                raise OSError(number, os.strerror(number))
            super().append(line)

    return Failing


@pytest.mark.parametrize(("kind", "number"), KINDS)
async def test_the_run_ends_whichever_write_fails_and_what_was_written_before_is_kept(
    project: Recorded, kind: type[MappedSpool], number: int, caplog: pytest.LogCaptureFixture
) -> None:
    for at in range(1, 60):
        caplog.clear()
        spool = failing(kind, number, at)
        recorder = project.journal.recorder()
        recorder._create = lambda path, spool=spool: created(path, spool)  # type: ignore[misc]
        result = await project.run(recorder=recorder)
        assert result.success
        if recorder.problem is None:
            break
        assert os.strerror(number) in recorder.problem
        [record] = [one for one in caplog.records if one.name == "flowlang.journal"]
        assert record.levelno == logging.WARNING
        assert "it goes on all the same" in record.getMessage()
        if at > 1:
            run = project.journal.run(result.run_id)
            assert run.summary.gap == recorder.problem
            assert run.summary.status == "succeeded"
            told = [event["type"] for event in project.events]
            kept = [event["type"] for event in run.events()]
            assert kept == told[: len(kept)]
            assert len(kept) >= at - 2
            project.journal.delete(result.run_id)
        assert project.journal.runs() == []
    assert at > 20
    [run] = project.journal.runs()
    assert run.gap is None


def created(path: Path, kind: type[Spool]) -> Spool:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_suffix(".new"), os.O_RDWR | os.O_CREAT | os.O_EXCL)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return kind(path, descriptor)  # type: ignore[call-arg]  # both classes take these


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse what would make a file longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_that_may_not_grow_ends_with_the_reason(project: Recorded) -> None:
    flow = "flow: Long\nsteps: [{for_each: '${range(3000)}', id: each, as: n, do: [{Count: {id: one, n: '${n}'}}]}]\n"
    with largest_file(100_000):
        result = await project.run(flow)
    assert result.success
    assert project.recorder.problem is not None
    assert "File too large" in project.recorder.problem
    run = project.journal.run(result.run_id)
    assert run.summary.gap is not None
    assert project.recorder.problem.startswith(run.summary.gap)
    assert 500 < len(run.steps()) < 3000


async def test_where_nothing_can_be_made_the_run_goes_on_and_it_is_said(
    project: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    (project.folder / ".flowlang").write_text("a file where the folder should be")
    assert (await project.run()).success
    assert project.recorder.problem is not None
    assert "cannot be written" in project.recorder.problem
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_database_that_cannot_be_written_leaves_the_run_in_its_file(project: Recorded) -> None:
    database = project.folder / ".flowlang" / "runs.db"
    database.parent.mkdir()
    database.mkdir()  # no file can be opened there
    await project.run()
    assert len(list((project.folder / ".flowlang" / "running").iterdir())) == 1
    database.rmdir()
    assert [run.status for run in Journal(project.folder).runs()] == ["succeeded"]


def test_a_short_write_is_taken_back(tmp_path: Path) -> None:
    spool = create_spool(tmp_path / "a.spool")
    assert isinstance(spool, MappedSpool)
    spool.close()
    path = tmp_path / "b"
    with path.open("wb") as file:
        written = WrittenSpool(path, os.dup(file.fileno()))
        written.append(b"whole\n")
        with largest_file(10), pytest.raises(OSError, match="No space left"):
            written.append(b"torn apart\n")
        written.close()
    assert path.read_bytes() == b"whole\n"


def test_a_mapped_file_grows_by_segments_and_its_lines_end_where_nothing_was_written(tmp_path: Path) -> None:
    spool = create_spool(tmp_path / "a.spool")
    line = b"0123456789abcdef" * 4 + b"\n"
    wanted = b""
    for number in range(5000):
        text = line * (1 + number % 3) if number % 1000 else b"y" * 200_000 + b"\n"
        spool.append(text)
        wanted += text
    spool.close()
    assert written_lines((tmp_path / "a.new").read_bytes()) == wanted
