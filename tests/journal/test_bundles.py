"""A run in a file: whole for whoever opens it, without secrets and places, and harmless whatever is in it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang import FlowExecutor, Journal
from flowlang.errors import JournalError
from flowlang.journal import Rerun, bundle
from flowlang.journal.records import Extent
from tests.journal.conftest import FLOW, Recorded

Members = dict[str, bytes]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    yield journal
    journal.close()


async def exported(project: Recorded, flow: str = FLOW) -> Path:
    await project.run(flow, run_id="20260101-000000-aaaa1111")
    return project.journal.export("aaaa1111", project.folder / "run.zip")


async def test_another_project_opens_it_as_it_was(project: Recorded, other: Journal) -> None:
    run = other.import_bundle(await exported(project))
    assert run.origin is not None
    assert (run.origin.how, run.pinned, run.status, run.steps) == ("imported", True, "succeeded", 11)
    ours, theirs = project.journal.run(run.run_id), other.run(run.run_id)
    assert list(ours.events()) == list(theirs.events())
    assert ours.steps() == theirs.steps()
    assert (ours.definition, ours.outputs, ours.inputs) == (theirs.definition, theirs.outputs, theirs.inputs)
    assert theirs.outputs["money"] == Decimal("1.50")
    [found] = other.runs()
    assert found == run


async def test_it_holds_no_place_of_this_machine_and_nothing_of_the_process(project: Recorded) -> None:
    path = await exported(project, "flow: Bad\nsteps:\n  - Give: {id: big, size: 100000}\n  - Fail: {id: bad}\n")
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name).decode() for name in file.namelist()}
    assert sorted(content) == ["definition/1.json", "events/1.jsonl", "manifest.json"]
    everything = "".join(content.values())
    assert str(project.folder) not in everything
    assert str(Path.home()) not in everything
    header = json.loads(content["events/1.jsonl"].splitlines()[0])[1]
    assert not {"pid", "boot", "host", "born", "space"} & set(header)
    assert "x" * 100_000 in everything


async def test_passwords_that_are_written_into_a_flow_do_not_go_with_it(project: Recorded, other: Journal) -> None:
    flow = """flow: Secrets
inputs:
  - {name: pin, secret: true, default: 1234}  # kept
connections:
  a: {type: postgres, url: 'postgresql://me:hunter2@localhost/x', read_only: true}
  b:
    type: mysql
    host: localhost
    password: pw  # short
  c: {type: redis, url: 'redis://:${env.REDIS_PASSWORD}@localhost/0'}
steps:
  - Give: {id: give, value: 'see https://you:letmein@example.com/pw'}
"""
    path = await exported(project, flow)
    with zipfile.ZipFile(path) as file:
        content = "".join(file.read(name).decode() for name in file.namelist())
    assert not any(secret in content for secret in ("hunter2", "letmein", "1234"))
    [text] = other.run(other.import_bundle(path).run_id).definition.values()
    for written, shown in (
        ("1234", '"••••"'),
        ("'postgresql://me:hunter2@localhost/x'", '"••••"'),
        ("password: pw", 'password: "••••"'),
        ("letmein", "••••"),
    ):
        flow = flow.replace(written, shown)
    assert text == flow


async def test_how_much_of_its_flow_a_rerun_was_to_run_goes_with_it(project: Recorded, other: Journal) -> None:
    first = await project.run()
    given = {"total": Decimal("2.50")}
    rerun = Rerun(project.journal, first.run_id, from_step="bad", until="last", outputs={"money": given})
    again = await rerun.execute(FlowExecutor(project.registry, folder=project.folder, env={}))
    other.import_bundle(project.journal.export(again.run_id, project.folder / "run.zip"))
    [session] = other.run(again.run_id).sessions()
    assert session.extent == Extent("last", False, {"money": given})
    assert session == project.journal.run(again.run_id).sessions()[0]


async def test_a_run_is_imported_once(project: Recorded, other: Journal) -> None:
    path = await exported(project)
    other.import_bundle(path)
    with pytest.raises(JournalError, match="in this journal already"):
        other.import_bundle(path)


async def test_an_export_that_fails_leaves_no_half_a_file(project: Recorded) -> None:
    await exported(project)
    with pytest.raises(OSError, match="No such file"):
        project.journal.export("aaaa1111", project.folder / "nowhere" / "run.zip")
    folder = project.folder / "taken"
    folder.mkdir()
    with pytest.raises(OSError):  # noqa: PT011  # whatever the system calls it
        project.journal.export("aaaa1111", folder)
    assert not list(project.folder.glob(".taken*"))


def line(number: int, change: Callable[[Any], Any]) -> Callable[[Members], None]:
    """Change the n-th line of the events."""

    def apply(members: Members) -> None:
        lines = members["events/1.jsonl"].splitlines()
        lines[number] = json.dumps(change(json.loads(lines[number]))).encode()
        members["events/1.jsonl"] = b"\n".join(lines) + b"\n"

    return apply


def whole(name: str, content: bytes) -> Callable[[Members], None]:
    return lambda members: members.update({name: content})


def manifest(**values: Any) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **values}).encode()

    return apply


@pytest.mark.parametrize(
    "damage",
    [
        lambda members: members.pop("manifest.json"),
        lambda members: members.pop("events/1.jsonl"),
        lambda members: members.pop("definition/1.json"),
        manifest(format="other"),
        manifest(version=99),
        manifest(version="1"),
        manifest(run_id="../../etc/passwd"),
        manifest(run_id="another"),
        manifest(run_id=5),
        manifest(sessions=[]),
        manifest(sessions=[{"number": "../1", "complete": True}]),
        manifest(sessions=[{"number": 2, "complete": True}]),
        whole("manifest.json", b"[]"),
        whole("manifest.json", b"[" * 100_000),
        whole("events/1.jsonl", b""),
        whole("events/1.jsonl", b"\xff\xfe"),
        whole("definition/1.json", b"null"),
        whole("definition/1.json", b'{"flows":{},"tasks":{},"steps":[[1]]}'),
        line(0, lambda told: ["h", {**told[1], "started": "yesterday"}]),
        line(0, lambda told: ["h", {**told[1], "inputs": 5}]),
        line(0, lambda told: ["h", {**told[1], "masked": 5}]),
        line(1, lambda told: ["e", "soon", told[2]]),
        line(1, lambda told: ["e", 1, {"type": 5}]),
        line(1, lambda told: ["b", 4, "../x", 1, told]),
        line(1, lambda told: ["z", {}]),
        line(1, lambda told: 5),
        line(2, lambda told: ["s", 999, 1, None, None]),
        line(2, lambda told: ["s", 0]),
        line(3, lambda told: ["c", 0, 1, 5, 1, None]),
    ],
)
async def test_whatever_is_in_it_an_import_is_refused_before_anything_is_kept(
    project: Recorded, other: Journal, damage: Callable[[Members], None]
) -> None:
    path = await exported(project)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    damage(members)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    with pytest.raises(JournalError):
        other.import_bundle(path)
    assert other.runs() == []


async def test_names_of_members_lead_nowhere(project: Recorded, other: Journal) -> None:
    path = await exported(project)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../../outside", b"x")
        file.writestr("/tmp/outside", b"x")
    other.import_bundle(path)
    assert not (project.folder.parent / "outside").exists()


async def test_a_bomb_is_not_unpacked(project: Recorded, other: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "LARGEST", 1_000_000)
    path = await exported(project)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", b"\0" * 5_000_000)
    with pytest.raises(JournalError, match="more than 1 MB"):
        other.import_bundle(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip at all"])
def test_a_file_that_is_no_bundle_is_none(other: Journal, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="not a run that was exported"):
        other.import_bundle(path)
    with pytest.raises(JournalError, match="cannot be read"):
        other.import_bundle(tmp_path / "nothing.zip")
