"""Canaries: secrets with a mark that no encoding changes go through runs, and must be nowhere afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import pytest

from tests.samples.databases import mysql_rows, postgres_rows
from tests.services.redis import execute

MARK = "CANARY7"
#: With everything that a URL, JSON, a shell or a driver's message writes in its own way.
SECRET = f"p@ss/{MARK}:%&=?#'\"ü {MARK}"
#: What a server repeats in a message only in part.
LONG = f"{MARK}-" * 60
USER = "flowlang_canary"
FORMS = ("json", "text", "events", "junit")

TASKS = """
import logging
from pathlib import Path

from flowlang import TaskRegistry

logging.basicConfig(level=logging.WARNING)
logging.getLogger("flowlang").setLevel(logging.DEBUG)


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Processes")
    def processes():
        found = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
        Path("processes").write_bytes(b"\\n".join(found))

    @registry.register("Fail")
    def fail(secret, context):
        context.log(f"failing with {secret}")
        raise ValueError(f"{secret!r} is no good")

    return registry
"""

CONNECTIONS = """
connections:
  pg: {type: postgres, url: "${env.PG}"}
  my: {type: mysql, host: "${env.MY_HOST}", port: "${env.MY_PORT}", user: USER,
       password: "${env.MY_PASSWORD}", database: "${env.MY_DATABASE}"}
  cache: {use: Shared Cache}
  documents: {type: mongodb, url: "${env.DOCUMENTS}", database: "${env.DOCUMENTS_DATABASE}"}
  file: {type: sqlite, database: "local.db"}
""".replace("USER", USER)

WORKS = f"""
flow: Works
{CONNECTIONS}
steps:
  - task: Processes
  - pg_query: {{id: asked, connection: pg, query: "SELECT $1::text AS a", params: ["${{env.API_TOKEN}}"]}}
  - mysql_query: {{connection: my, query: "SELECT %s AS a", params: ["${{env.API_TOKEN}}"]}}
  - sqlite_query: {{connection: file, query: "SELECT ? AS a", params: ["${{env.LONG_TOKEN}}"]}}
  - redis_set: {{connection: cache, key: "${{env.API_TOKEN}}", value: {{nested: ["${{env.API_TOKEN}}"]}}}}
  - redis_get: {{id: cached, connection: cache, key: "${{env.API_TOKEN}}"}}
  - mongo_find: {{connection: documents, collection: t, filter: {{token: "${{env.API_TOKEN}}"}}}}
outputs:
  pin: ${{env.API_TOKEN}}
  rows: ${{asked.rows}}
  cached: ${{cached.value}}
  sentence: the pin is ${{env.API_TOKEN}}
"""

FAILS = f"""
flow: Fails
{CONNECTIONS}
steps:
  - pg_query: {{connection: pg, query: "SELECT ($1::text)::int", params: ["${{env.API_TOKEN}}"],
               continue_on_error: true}}
  - pg_query: {{connection: pg, query: "SELECT ($1::text)::int", params: ["${{env.LONG_TOKEN}}"],
               continue_on_error: true}}
  - mysql_execute: {{connection: my, query: "CREATE TEMPORARY TABLE u (a varchar(700) PRIMARY KEY)"}}
  - mysql_transaction:
      connection: my
      queries:
        - {{query: "CREATE TEMPORARY TABLE u (a varchar(700) PRIMARY KEY)"}}
        - {{query: "INSERT INTO u VALUES (%s)", params: ["${{env.API_TOKEN}}"]}}
        - {{query: "INSERT INTO u VALUES (%s)", params: ["${{env.API_TOKEN}}"]}}
      continue_on_error: true
  - mysql_transaction:
      connection: my
      queries:
        - {{query: "CREATE TEMPORARY TABLE u (a varchar(700) PRIMARY KEY)"}}
        - {{query: "INSERT INTO u VALUES (%s)", params: ["${{env.LONG_TOKEN}}"]}}
        - {{query: "INSERT INTO u VALUES (%s)", params: ["${{env.LONG_TOKEN}}"]}}
      continue_on_error: true
  - redis_command: {{connection: cache, command: NOTHING, args: ["${{env.API_TOKEN}}"], continue_on_error: true}}
  - redis_command: {{connection: cache, command: NOTHING, args: ["${{env.LONG_TOKEN}}"], continue_on_error: true}}
  - mongo_insert: {{connection: documents, collection: t, documents: [{{_id: "${{env.API_TOKEN}}"}},
                   {{_id: "${{env.API_TOKEN}}"}}], continue_on_error: true}}
  - mongo_insert: {{connection: documents, collection: t, documents: [{{_id: "${{env.LONG_TOKEN}}"}},
                   {{_id: "${{env.LONG_TOKEN}}"}}], continue_on_error: true}}
  - sqlite_query: {{connection: file, query: "SELECT json(?)", params: ["${{env.API_TOKEN}}"], continue_on_error: true}}
  - task: Fail
    inputs: {{secret: "${{env.API_TOKEN}}"}}
    retry: {{max_attempts: 2, delay: 0}}
    on_error: [{{pg_query: {{connection: pg, query: "SELECT $1::int", params: ["${{context.last_error.message}}"]}}}}]
"""

REFUSED = """
flow: Refused
connections: {{db: {{type: {kind}, url: "${{env.REFUSED}}"{more}}}}}
steps: [{{task: Fail, inputs: {{secret: "${{env.API_TOKEN}}"}}}}]
"""


class Ended(NamedTuple):
    words: tuple[str, ...]
    code: int
    said: bytes


class Project(NamedTuple):
    folder: Path
    env: Mapping[str, str]

    async def call(self, *words: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "flowlang", *words),
            cwd=self.folder,
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return Ended(words, process.returncode or 0, said)

    def assert_no_canary(self, ended: Ended) -> None:
        assert MARK.encode() not in ended.said, (ended.words, around(ended.said))
        for path in self.folder.parent.rglob("*"):
            if path.is_file() and path.name not in (".env", "local.db"):
                assert MARK.encode() not in path.read_bytes(), (ended.words, path)


def around(text: bytes) -> str:
    at = text.index(MARK.encode())
    return text[max(at - 300, 0) : at + 100].decode(errors="replace")


@pytest.fixture
async def project(
    postgres_database: str, mysql_database: str, redis_url: str, mongodb_database: str, tmp_path: Path
) -> Project:
    """A project whose databases take the canary as the password, or as data."""
    await postgres_rows(postgres_database, f"DROP ROLE IF EXISTS {USER}")
    quoted = SECRET.replace("'", "''")
    await postgres_rows(postgres_database, f"CREATE ROLE {USER} LOGIN PASSWORD '{quoted}'")
    mysql_name = urlsplit(mysql_database).path[1:]
    mysql_rows(mysql_database, f"CREATE OR REPLACE USER {USER}@'%' IDENTIFIED BY '{quoted}'")
    mysql_rows(mysql_database, f"GRANT ALL ON {mysql_name}.* TO {USER}@'%'")
    execute(redis_url, "ACL", "SETUSER", USER, "reset", "on", f">{SECRET}", "~*", "+@all")
    documents = urlsplit(mongodb_database)
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in {
        "flowlang.yaml": "",
        "flow.py": TASKS,
        "works.yaml": WORKS,
        "fails.yaml": FAILS,
        ".env": f"LONG_TOKEN={LONG}\n",
    }.items():
        (folder / name).write_text(text)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "API_TOKEN": SECRET,
        "PG": as_canary(postgres_database),
        "MY_HOST": urlsplit(mysql_database).hostname or "",
        "MY_PORT": str(urlsplit(mysql_database).port),
        "MY_PASSWORD": SECRET,
        "MY_DATABASE": mysql_name,
        "CACHE": as_canary(redis_url),
        "DOCUMENTS": documents._replace(path="/", query="authSource=admin").geturl(),
        "DOCUMENTS_DATABASE": documents.path[1:],
    }
    made = Project(folder, env)
    added = await made.call("connection", "add", "Shared Cache", "--url-env", "CACHE", "--test")
    assert added.code == 0, added.said.decode()
    made.assert_no_canary(added)
    return made


def as_canary(url: str) -> str:
    """The same place, with the canary as its percent-encoded password."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{USER}:{quote(SECRET, safe='')}@{parts.hostname}:{parts.port}").geturl()


async def test_no_canary_leaves_a_run_that_succeeds(project: Project) -> None:
    for ended in await asyncio.gather(*(project.call("run", "works.yaml", "--output", form) for form in FORMS)):
        assert ended.code == 0, ended.said.decode()
        project.assert_no_canary(ended)
    assert (project.folder / "processes").stat().st_size > 0


async def test_no_canary_leaves_a_run_that_fails(project: Project) -> None:
    for ended in await asyncio.gather(*(project.call("run", "fails.yaml", "--output", form) for form in FORMS)):
        assert ended.code == 1, ended.said.decode()
        project.assert_no_canary(ended)


async def test_no_canary_leaves_a_connection_that_is_refused(
    project: Project, mongodb_url: str, redis_url: str, mysql_url: str, postgres_url: str
) -> None:
    servers = {"postgres": postgres_url, "mysql": mysql_url, "redis": redis_url, "mongodb": mongodb_url}

    async def refused(kind: str, url: str) -> list[Ended]:
        parts = urlsplit(url)
        netloc = f"nobody:{quote(SECRET + 'x', safe='')}@{parts.hostname}:{parts.port}"
        broken = Project(project.folder, {**project.env, "REFUSED": parts._replace(netloc=netloc).geturl()})
        more = ", database: d" if kind == "mongodb" else ""
        (project.folder / f"{kind}.yaml").write_text(REFUSED.format(kind=kind, more=more))
        return [
            await broken.call("run", f"{kind}.yaml", "--output", "events"),
            await broken.call("connection", "add", kind, "--url-env", "REFUSED", "--test", "--json"),
        ]

    for ends in await asyncio.gather(*(refused(*server) for server in servers.items())):
        for ended in ends:
            assert ended.code != 0, ended
            project.assert_no_canary(ended)


async def test_no_canary_is_shown_of_what_the_project_keeps(project: Project) -> None:
    for words in (
        ("connection", "show", "Shared Cache", "--json"),
        ("connection", "list", "--project", "--json"),
        ("connection", "test", "Shared Cache"),
        ("connection", "rotate-key"),
    ):
        ended = await project.call(*words)
        assert ended.code == 0, ended.said.decode()
        project.assert_no_canary(ended)
