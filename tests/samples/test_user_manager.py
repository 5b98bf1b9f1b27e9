"""The user manager does what its README says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.samples.projects import Project


@pytest.fixture
def project(tmp_path: Path, postgres_database: str, redis_database: str) -> Project:
    project = Project("user_manager", tmp_path, DATABASE_URL=postgres_database, REDIS_URL=redis_database)
    done = project.python("setup_db.py")
    assert (done.stdout, done.stderr) == ("The table users has 3 users.\n", "")
    return project


def test_its_flows_are_without_problems(project: Project) -> None:
    assert project.problems() == []


def test_the_table_can_be_set_up_again(project: Project) -> None:
    assert project.python("setup_db.py").stdout == "The table users has 3 users.\n"


def test_the_readme_shows_what_one_sees(project: Project) -> None:
    done = project.command("run", ".", "--input", "user_id=1", "--output", "text")
    assert done.stdout.endswith(project.shown("user:"))


async def test_the_cache_gives_the_same_user_as_the_database(project: Project) -> None:
    fresh = await project.run(user_id=2)
    cached = await project.run(user_id=2)
    assert (fresh["from_cache"], cached["from_cache"]) == (False, True)
    assert (fresh["views"], cached["views"]) == (1, 2)
    assert fresh["user"]["name"] == "Tomás Reyes"
    assert cached["user"] == fresh["user"]


async def test_a_cached_user_costs_the_database_nothing(project: Project) -> None:
    await project.run(user_id=1)
    _, events = await project.attempt(user_id=1)
    sent = [event["text"] for event in events if event["type"] == "statement"]
    assert len(sent) == 2
    assert not [statement for statement in sent if "users" in statement]


async def test_every_user_has_their_own_profile(project: Project) -> None:
    users = [(await project.run(user_id=number))["user"] for number in (1, 2, 3, 3, 2, 1)]
    assert [user["id"] for user in users] == [1, 2, 3, 3, 2, 1]
    assert users[2]["status"] == "away"


async def test_a_look_up_at_the_database_is_noted(project: Project) -> None:
    assert (await project.run(user_id=1))["user"]["last_seen"] is None
    await project.run("rename.yaml", user_id=1, name="Ines Calder")
    assert (await project.run(user_id=1))["user"]["last_seen"] is not None


async def test_a_new_name_is_seen_at_once(project: Project) -> None:
    await project.run(user_id=1)
    renamed = await project.run("rename.yaml", user_id=1, name=" Ines Marsh ")
    assert renamed["forgotten"] is True
    after = await project.run(user_id=1)
    assert (after["user"]["name"], after["user"]["initials"]) == ("Ines Marsh", "IM")
    assert after["from_cache"] is False


@pytest.mark.parametrize(("flow", "inputs"), [("flow.yaml", {}), ("rename.yaml", {"name": "Nobody"})])
async def test_a_user_who_is_not_there_ends_the_run_with_a_reason(
    project: Project, flow: str, inputs: dict[str, str]
) -> None:
    result, _ = await project.attempt(flow, user_id=9, **inputs)
    assert not result.success
    assert result.reason == "there is no user 9"


async def test_a_refused_name_changes_nothing(project: Project) -> None:
    before = await project.run(user_id=1)
    result, _ = await project.attempt("rename.yaml", user_id=1, name="")
    assert "users_name_check" in str(result.error)
    after = await project.run(user_id=1)
    assert after["from_cache"] is True
    assert after["user"] == before["user"]


async def test_a_mistake_in_a_path_is_told_with_the_columns_there_are(project: Project) -> None:
    project.edit("flow.yaml", "row: ${found.rows[0]}", "row: ${found.rows[0].nmae}")
    result, _ = await project.attempt(user_id=1)
    assert "nmae" in str(result.error)
    assert "email" in str(result.error)
    project.edit("flow.yaml", "row: ${found.rows[0].nmae}", "row: ${found.rows[0]}")
    assert (await project.run(user_id=1))["from_cache"] is False


def test_a_server_that_is_not_there_is_named_before_anything_runs(project: Project) -> None:
    project.edit(".env", "REDIS_URL=redis://", "REDIS_URL=redis://127.0.0.1:1/0#")
    done = project.command("run", ".", "--input", "user_id=1", "--output", "text")
    assert done.returncode == 3
    assert "connection `cache` (redis) could not be opened: 127.0.0.1:1" in done.stdout + done.stderr


def test_setting_up_without_a_server_tells_what_is_wrong(project: Project) -> None:
    (project.folder / ".env").write_text("DATABASE_URL=postgresql://a:b@127.0.0.1:1/x\n")
    done = project.python("setup_db.py")
    assert done.returncode == 1
    assert done.stderr.startswith("the database of DATABASE_URL cannot be set up")
    (project.folder / ".env").unlink()
    assert "copy .env.example to .env" in project.python("setup_db.py").stderr
