"""Secrets never leave a run: canaries in every place where a value could escape."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest

from flowlang import FlowResult, RunContext
from flowlang.redaction import Redactor
from tests.runtime.conftest import Engine

CANARY = "c@n/ry:ö 'quoted\" %&=?"
SHORT = "abc"


def everything_that_left(engine: Engine, result: FlowResult, caplog: pytest.LogCaptureFixture) -> str:
    """All that a listener, a program and a person get to see of a run."""
    return "\n".join(
        [
            json.dumps(engine.events, ensure_ascii=False),
            json.dumps(engine.events),
            json.dumps(result.to_dict(), ensure_ascii=False),
            repr(result),
            repr(result.error),
            str(result.error),
            json.dumps(dict(result.error or {}), ensure_ascii=False, default=str),
            caplog.text,
        ]
    )


SPELLINGS = [
    CANARY,
    quote(CANARY, safe=""),
    quote(CANARY),
    json.dumps(CANARY)[1:-1],
    json.dumps(CANARY, ensure_ascii=False)[1:-1],
    repr(CANARY)[1:-1],
]


def assert_no_canary(text: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in text, f"{spelling} in {text}"


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="flowlang")


@pytest.fixture(autouse=True)
def leaky_tasks(engine: Engine) -> None:
    async def leak(secret: Any) -> None:
        try:
            raise OSError(f"cannot reach https://user:{quote(str(secret), safe='')}@host/")
        except OSError as error:
            raise ValueError(f"login failed for {secret!r} {json.dumps(str(secret))}") from error

    def log(context: RunContext, secret: Any) -> dict[str, Any]:
        context.log(f"using {secret}", secret=secret, nested={"deep": [secret]})
        return {f"key {secret}": secret, "nested": [{"x": secret}]}

    engine.registry.register("Leak", leak)
    engine.registry.register("Log", log)


FLOW = """
flow: test
inputs: [{name: password, secret: true}]
steps:
  - {task: Log, id: logged, inputs: {secret: '${inputs.password}'}}
  - {task: Echo, id: text, inputs: {value: 'the password is ${inputs.password}!'}}
  - {task: Leak, id: handled, inputs: {secret: '${inputs.password}'}, continue_on_error: true}
  - {task: Note, inputs: {text: '${handled.error.message}'}}
  - {task: Leak, id: tried, inputs: {secret: '${inputs.password}'}, retry: {max_attempts: 2, delay: 0}}
outputs: {password: '${inputs.password}'}
"""


async def test_a_secret_input_is_masked_wherever_data_leaves(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    result = await engine.run(FLOW, {"password": CANARY})

    assert result.status == "failed"
    assert_no_canary(everything_that_left(engine, result, caplog))
    assert "••••" in json.dumps(engine.events, ensure_ascii=False)


async def test_the_flow_itself_works_with_the_secret(engine: Engine) -> None:
    result = await engine.run(
        "flow: test\ninputs: [{name: p, secret: true}]\nsteps:\n  - {task: Note, inputs: {text: '${inputs.p}'}}\n"
        "outputs: {p: '${inputs.p}'}\n",
        {"p": CANARY},
    )

    assert engine.notes == [CANARY]
    assert result["p"] == CANARY
    assert result.to_dict()["outputs"] == {"p": "••••"}


async def test_a_secret_default_is_masked(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    flow = FLOW.replace("secret: true}", f"secret: true, default: {json.dumps(CANARY)}}}")
    result = await engine.run(flow)

    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_secret_number_is_masked(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    flow = FLOW.replace("secret: true}", "secret: true, type: integer}")
    result = await engine.run(flow, {"password": "83729105"})

    assert "83729105" not in everything_that_left(engine, result, caplog)


async def test_the_leaves_of_a_secret_map_are_masked_each(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    flow = FLOW.replace("secret: true}", "secret: true, type: object}")
    given = json.dumps({"user": "someone-secret", "deep": [CANARY]})
    result = await engine.run(flow, {"password": given})
    left = everything_that_left(engine, result, caplog)

    assert_no_canary(left)
    assert "someone-secret" not in left


@pytest.mark.parametrize("type", ["integer", "object", "boolean"])
async def test_a_secret_that_is_refused_is_masked_in_the_refusal(
    engine: Engine, caplog: pytest.LogCaptureFixture, type: str
) -> None:
    result = await engine.run(FLOW.replace("secret: true}", f"secret: true, type: {type}}}"), {"password": CANARY})

    assert result.error_type == "FlowInputError"
    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_short_secret_is_masked_only_as_a_whole_value(engine: Engine) -> None:
    flow = (
        "flow: test\ninputs: [{name: p, secret: true}]\nsteps:\n  - {task: Echo, inputs: {value: '${inputs.p}'}}\n"
        "  - {task: Echo, inputs: {value: 'abcdef'}}\n"
    )
    await engine.run(flow, {"p": SHORT})

    assert [event["inputs"]["value"] for event in engine.of_type("step_started")] == ["••••", "abcdef"]


@pytest.mark.parametrize(
    "name", ["API_KEY", "DB_PASSWORD", "GITHUB_TOKEN", "APP_SECRET", "SENTRY_DSN", "MY_CREDENTIAL", "PASSWD"]
)
async def test_variables_whose_name_says_so_are_masked(
    engine: Engine, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    engine.env[name] = CANARY
    result = await engine.run(
        f"""
        - {{task: Log, inputs: {{secret: '${{env.{name}}}'}}}}
        - {{task: Leak, inputs: {{secret: '${{env.{name}}}'}}}}
        """
    )

    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_secret_variable_that_a_task_finds_by_itself_is_masked(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    (engine.folder / ".env").write_text("API_KEY=canary-of-the-file-beside\n")
    engine.registry.register("Find", lambda context: {"key": context.env["API_KEY"]})
    result = await engine.run("- {task: Find, id: a}\noutputs: {x: '${a.key}'}")

    assert result["x"] == "canary-of-the-file-beside"
    assert "canary-of-the-file" not in everything_that_left(engine, result, caplog)


async def test_the_password_in_a_url_of_the_environment_is_masked(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.env["SERVICE"] = f"https://user:{quote(CANARY, safe='')}@host/path"
    flow = f"""
        - {{task: Log, inputs: {{secret: '${{env.SERVICE}}'}}}}
        - {{task: Leak, inputs: {{secret: {json.dumps(CANARY)}}}}}
        """
    result = await engine.run(flow)

    assert_no_canary(everything_that_left(engine, result, caplog))
    assert "host/path" in json.dumps(engine.events)


async def test_a_variable_that_is_no_secret_is_shown(engine: Engine) -> None:
    engine.env["COLOUR"] = "reddish"
    await engine.run("- {task: Echo, inputs: {value: '${env.COLOUR}'}}")

    assert engine.of_type("step_started")[0]["inputs"] == {"value": "reddish"}


async def test_a_secret_input_of_a_subflow_is_masked_from_its_start_on(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.write("inner.yaml", FLOW.replace("flow: test", "flow: inner"))
    result = await engine.run(f"- {{subflow: inner, id: sub, inputs: {{password: {json.dumps(CANARY)}}}}}")

    assert result.error_type == "SubflowError"
    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_secret_bound_to_a_statement_is_masked(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    flow = """
        flow: test
        inputs: [{name: p, secret: true}]
        connections: {db: {type: sqlite, database: ':memory:'}}
        steps:
          - sqlite_query: {id: q, query: 'select ? as p', params: ['${inputs.p}']}
          - sqlite_query: {id: bad, query: 'select ? from nowhere', params: ['${inputs.p}']}
        """
    result = await engine.run(flow, {"p": CANARY})

    assert len(engine.of_type("statement")) == 2
    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_variable_that_reaches_a_connection_is_masked(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.env["PLACE"] = "no-such-canary-folder/x.db"
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: '${PLACE}', read_only: true}}
        steps:
          - sqlite_query: {id: q, query: 'select 1'}
        """
    result = await engine.run(flow)

    assert result.status == "failed"
    assert "no-such-canary" not in everything_that_left(engine, result, caplog)


async def test_the_reason_of_an_exit_and_of_a_cancellation_are_masked(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    head = "flow: test\ninputs: [{name: p, secret: true}]\nsteps:\n"
    for status in ("success", "failure"):
        result = await engine.run(
            head + f"  - exit: {{reason: 'because ${{inputs.p}}', status: {status}}}\n", {"p": CANARY}
        )
        assert_no_canary(everything_that_left(engine, result, caplog))
    flow = head + "  - {task: Hang, inputs: {name: h}}\n"
    result = await engine.cancel_when("h", flow, f"because {CANARY}", inputs={"p": CANARY})
    assert_no_canary(everything_that_left(engine, result, caplog))


async def test_a_failing_callback_logs_no_secret(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Any) -> None:
        raise RuntimeError(json.dumps(event, ensure_ascii=False))

    await engine.run(FLOW, {"password": CANARY}, event_callback=broken)

    assert_no_canary(caplog.text)


async def test_words_that_say_nothing_are_not_masked(engine: Engine) -> None:
    engine.env["USE_TOKEN"] = "true"
    await engine.run("- {task: Echo, inputs: {value: 'true story'}}")

    assert engine.of_type("step_started")[0]["inputs"] == {"value": "true story"}


async def test_what_a_flow_reads_of_an_error_is_masked(engine: Engine) -> None:
    """Handlers send it on: to a chat, a mail, a table."""
    flow = """
        flow: test
        inputs: [{name: token, type: string, secret: true}]
        steps:
          - task: Fail
            id: bad
            inputs: {message: "no entry for ${inputs.token}"}
            on_error:
              - {task: Note, inputs: {text: "${context.last_error.message}"}}
              - {task: Note, inputs: {text: "${bad.error}"}}
    """
    await engine.run(flow, {"token": "hunter22"})

    assert [str(note) for note in engine.notes] == ["no entry for ••••", "no entry for ••••"]


def test_a_long_secret_is_masked_where_only_its_beginning_is_told() -> None:
    secret = "a long secret: " + "".join(map(str, range(100)))
    redact = Redactor([secret, "short"])

    assert redact(f"duplicate entry '{secret[:64]}...' for key") == "duplicate entry '••••...' for key"
    assert redact(f"{secret}{secret[:40]} and short {secret}") == "•••••••• and •••• ••••"
    assert redact(f"nothing of {secret[:20]}") == f"nothing of {secret[:20]}"
