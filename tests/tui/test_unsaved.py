"""Changes that nobody saved outlive a workbench that was ended, and are offered by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.conflict import Conflict
from flowlang_tui.session.unsaved import Unsaved
from tests.tui.driving import driven
from tests.tui.opening import opened

FLOW = "flow: F\nsteps:\n  - {exit: {}, id: done}\n"
CHANGED = FLOW + "# not saved\n"


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "flowlang.yaml").write_text("")
    path = project / "flow.yaml"
    path.write_text(FLOW)
    return path


def left(flow: Path) -> list[Path]:
    return sorted((flow.parent / ".flowlang" / "unsaved").glob("*.json"))


def text_of(path: Path) -> str:
    return path.read_text()


def change(flow: Path, theirs: str = "") -> None:
    """Change a text, and be ended without an answer to anything."""
    with driven(flow) as one:
        document = one.session.open(flow)
        assert document is not None
        one.session.edit(document, CHANGED)
    flow.write_text(FLOW + theirs)


def test_what_is_typed_is_soon_on_disk_for_its_owner_alone(flow: Path) -> None:
    with driven(flow) as one:
        document = one.session.open(flow)
        assert document is not None
        one.session.edit(document, CHANGED)
        one.until(lambda: left(flow))
        (place,) = left(flow)
        assert place.stat().st_mode & 0o777 == 0o600
        assert (place.parent / ".gitignore").read_text() == "*\n"
        one.session.edit(document, FLOW)
        one.until(lambda: not left(flow))


def test_saving_closing_and_giving_up_leave_nothing_behind(flow: Path) -> None:
    with driven(flow) as one:
        document = one.session.open(flow)
        assert document is not None
        one.session.edit(document, CHANGED)
        one.session.unsaved.write()
        assert left(flow)
        one.session.save(document)
        one.until(lambda: not left(flow))
        one.session.edit(document, FLOW)
        one.session.unsaved.write()
        one.session.close(flow)
        one.until(lambda: not left(flow))
        document = one.session.open(flow)
        assert document is not None
        one.session.edit(document, FLOW)
        one.session.unsaved.write()
        one.session.unsaved.forget()
        assert not left(flow)


def test_a_folder_that_is_no_project_is_left_as_it_is(flow: Path, tmp_path: Path) -> None:
    (flow.parent / "flowlang.yaml").unlink()
    change(flow)
    assert not list(tmp_path.rglob(".flowlang"))
    with driven(flow) as one:
        assert [kept.text for kept in one.session.unsaved.found()] == [CHANGED]
    (flow.parent / "flowlang.yaml").write_text("")
    with driven(flow) as one:
        assert [kept.text for kept in one.session.unsaved.found()] == [CHANGED]
    other = tmp_path / "other"
    other.mkdir()
    with driven(other) as one:
        assert one.session.unsaved.found() == []


def test_a_process_that_is_at_work_keeps_its_own(flow: Path) -> None:
    change(flow)
    (place,) = left(flow)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        place.rename(place.with_name(place.name.replace(str(os.getpid()), str(other.pid))))
        with driven(flow) as one:
            assert one.session.unsaved.found() == []
        other.communicate(b"\n")
    with driven(flow) as one:
        assert [kept.text for kept in one.session.unsaved.found()] == [CHANGED]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"path": 1}', b"\xff"])
def test_what_cannot_be_read_is_left_alone(flow: Path, content: bytes) -> None:
    unsaved = Unsaved(flow.parent, list)
    unsaved.folder.mkdir(parents=True)
    (unsaved.folder / "a.1.json").write_bytes(content)
    (unsaved.folder / "b.json").write_bytes(content)
    assert unsaved.found() == []


async def test_the_next_workbench_brings_them_back(flow: Path) -> None:
    change(flow)
    async with opened(flow) as one:
        await one.until(lambda: isinstance(one.app.screen, Confirm))
        await one.press("r")
        assert one.screen.editor.code.text == CHANGED
        assert [document.path for document in one.app.session.documents.changed] == [flow]
        assert text_of(flow) == FLOW
        await one.press("ctrl+s")
        await one.until(lambda: text_of(flow) == CHANGED)
        await one.until(lambda: not left(flow))


async def test_what_somebody_saved_since_is_not_overwritten_unasked(flow: Path) -> None:
    change(flow, theirs="# theirs\n")
    async with opened(flow) as one:
        await one.until(lambda: isinstance(one.app.screen, Confirm))
        await one.press("r")
        await one.until(lambda: isinstance(one.app.screen, Conflict))


async def test_whoever_leaves_all_the_same_is_not_asked_again(flow: Path) -> None:
    async with opened(flow) as one:
        one.screen.editor.code.replace_text(CHANGED)
        await one.checked()
        one.app.session.unsaved.write()
        assert left(flow)
        await one.press("ctrl+q")
        assert isinstance(one.app.screen, Confirm)
        one.app.screen.dismiss("quit")
        await one.pilot.pause()
    assert not left(flow)
