"""Going on with runs that hold what the journal must not, or could not, write down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journal.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


async def test_a_secret_input_has_to_be_given_again_and_what_holds_it_is_made_again(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}, {name: n}]
    steps:
      - Login: {id: login, password: '${inputs.password}'}
      - Try: {id: use, what: 'use ${inputs.n}'}
      - Do: {id: sent, what: '${login.token | length}'}
    """)
    project.break_()
    failed = await project.run({"password": "hunter2hunter2", "n": 5})
    kinds = {(problem.kind, problem.path) for problem in project.resumption(failed.run_id).problems}
    assert kinds == {("input", "password"), ("unrestorable", "login")}
    project.mend()
    project.effects()
    given = {"password": "hunter2hunter2"}
    assert (await project.resume(failed.run_id, inputs=given, on_unknown={"login": "retry"})).success
    assert project.effects() == ["login", "use 5", "23"]


async def test_a_value_that_cannot_be_restored_matters_only_if_something_will_read_it(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}]
    steps:
      - Login: {id: login, password: '${inputs.password}'}
      - Try: {id: use, what: use}
    """)
    project.break_()
    failed = await project.run({"password": "hunter2hunter2"})
    project.mend()
    project.effects()
    assert (await project.resume(failed.run_id, inputs={"password": "other"})).success
    assert project.effects() == ["use"]


async def test_an_effect_whose_result_is_a_secret_is_not_done_twice(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: token, secret: true}]
    connections: {db: {type: sqlite, database: data.db}}
    steps:
      - sqlite_execute: {id: make, query: CREATE TABLE IF NOT EXISTS t (a text), idempotent: true}
      - sqlite_query:
          id: put
          query: INSERT INTO t VALUES (?) RETURNING a
          params: ['${inputs.token}']
          exactly_once: true
      - sqlite_query: {id: look, query: SELECT count(*) AS n FROM t, idempotent: true}
    outputs: {n: '${look.rows[0].n}', put: '${put.rows}'}
    """)
    secret = {"token": "a-long-secret-token"}
    run_id = project.kill_at("step_completed", "put", "before", secret)
    failed = await project.resume(run_id, inputs=secret)
    assert failed.error_type == "ResultNotKeptError"
    (problem,) = project.resumption(run_id, inputs=secret).problems
    assert (problem.kind, problem.path) == ("unrestorable", "put")
    result = await project.resume(run_id, inputs=secret, on_unknown={"put": "skip"})
    assert result.outputs == {"n": 1, "put": None}


async def test_secrets_inside_what_is_done_ask_for_nothing(project: Project) -> None:
    project.write(
        """
        flow: part
        inputs: [{name: password, secret: true}]
        steps:
          - Login: {id: login, password: '${inputs.password}'}
          - Do: {id: use, what: 'use ${login.token | length}'}
        outputs: {used: '${use.done}'}
        """,
        "part",
    )
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}]
    steps:
      - subflow: part
        id: part
        inputs: {password: '${inputs.password}'}
      - for_each: [1, 2]
        id: each
        do:
          - Login: {id: again, password: '${inputs.password}'}
          - Do: {id: use, what: 'use ${again.token | length}'}
      - Try: {id: last, what: last}
    """)
    secret = {"password": "hunter2hunter2"}
    project.break_()
    failed = await project.run(secret)
    project.mend()
    project.effects()
    resumption = project.resumption(failed.run_id, inputs=secret)
    assert resumption.problems == []
    assert (await resumption.execute(project.executor)).success
    assert project.effects() == ["last"]
