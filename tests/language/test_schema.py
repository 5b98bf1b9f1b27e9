"""The JSON Schema of flow files: valid itself, and of one mind with the language."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent
from typing import Any

import jsonschema
import pytest

from flowlang.language.catalog import ConnectionType, Parameter, TaskInfo
from flowlang.language.diagnostics import Problems
from flowlang.language.schema import json_schema
from flowlang.language.source import read_text
from flowlang.language.vocabulary import FLOW_KEYS, KINDS, SHAPES, STEP_KEYS

TASKS = {
    "SendMail": TaskInfo(
        "SendMail",
        "Sends a mail.",
        (
            Parameter("to", "string", description="Address of the reader."),
            Parameter("copies", "integer", required=False, default=1),
            Parameter("urgent", "boolean", required=False, default=False),
            Parameter("note", "string", required=False),
        ),
    ),
    "Now": TaskInfo("Now", "Tells the time."),
    "Anything": TaskInfo("Anything", open_ended=True),
    "db_query": TaskInfo("db_query", parameters=(Parameter("query", "string"),), provider="db"),
}

TYPES = {
    "db": ConnectionType(
        "db",
        ("database",),
        "A database.",
        {
            "type": "object",
            "required": ["path"],
            "properties": {
                "path": {"type": "string", "description": "Where it is."},
                "timeout": {"type": "number", "default": 5, "minimum": 0},
                "read_only": {"type": "boolean", "default": False},
            },
        },
        ("db_query",),
    ),
    "broken": ConnectionType("broken", error="No module named 'broken_client'"),
}


class Known:
    """A catalog of the tasks and connection types above."""

    def __init__(
        self, tasks: dict[str, TaskInfo], types: dict[str, ConnectionType], stored: Iterable[str] = ()
    ) -> None:
        self.tasks = tasks
        self.types = types
        self.stored = stored

    def task(self, name: str) -> TaskInfo | None:
        return self.tasks.get(name)

    def task_names(self) -> Iterable[str]:
        return self.tasks

    def connection_type(self, name: str) -> ConnectionType | None:
        return next((type for type in self.types.values() if name in (type.name, *type.aliases)), None)

    def connection_type_names(self) -> Iterable[str]:
        return [name for type in self.types.values() for name in (type.name, *type.aliases)]

    def project_connection(self, name: str) -> str | None:
        return None

    def project_connection_names(self) -> Iterable[str]:
        return self.stored


SCHEMA = json_schema(Known(TASKS, TYPES))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def data_of(text: str) -> Any:
    problems = Problems()
    root = read_text(dedent(text), problems).root
    assert problems.found == []
    assert root is not None
    return root.data


def is_valid(text: str) -> bool:
    return VALIDATOR.is_valid(data_of(text))


def flow_of(steps: str, top: str = "") -> str:
    return f"flow: A\n{dedent(top)}\nsteps:\n{dedent(steps)}"


@pytest.mark.parametrize("catalog", [Known(TASKS, TYPES), Known({}, {})], ids=["full", "empty"])
def test_the_schema_is_a_valid_schema(catalog: Known) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(catalog))


def test_every_shape_and_every_key_has_its_definition() -> None:
    assert SHAPES.keys() <= SCHEMA["$defs"].keys()
    assert SCHEMA["properties"].keys() == {key.name for key in FLOW_KEYS}
    for kind in KINDS:
        keys = {key.name for key in (*STEP_KEYS, *kind.keys)}
        assert SCHEMA["$defs"][f"{kind.name}_step"]["properties"].keys() == keys


def test_what_a_key_means_is_told_to_the_editor() -> None:
    assert SCHEMA["properties"]["steps"]["description"] == "What the flow does."
    assert SCHEMA["$defs"]["arguments_of_SendMail"]["properties"]["to"]["description"] == "Address of the reader."


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_the_example_of_every_kind_is_valid(kind: Any) -> None:
    assert is_valid(flow_of(kind.example)), kind.example


GOOD_STEPS = {
    "bare exit": "- exit",
    "exit with nothing": "- exit:",
    "task with computed arguments": "- task: SendMail\n  inputs: {to: a@b.c, copies: '${n.count}', urgent: '${x}'}",
    "unknown task": "- task: NotYetWritten\n  inputs: {any: thing}",
    "task without arguments": "- task: Now",
    "built-in form": "- SendMail: {id: mail, to: a@b.c, retry: {max_attempts: 2}, if: '${a.ok}'}",
    "built-in form, keys beside": "- SendMail: {to: a@b.c}\n  id: mail\n  outputs: [sent]",
    "built-in form without arguments": "- Now:",
    "built-in form of an unknown task": "- NotYetWritten: {any: thing}",
    "open-ended task": "- Anything: {goes: 1, here: [2]}",
    "null where it may be": "- SendMail: {to: a, note: null}",
    "parallel": "- parallel:\n    - Now:\n    - exit\n  max_concurrency: ${inputs.n}",
    "if with else only": "- if: ${a}\n  else:\n    - Now:",
    "condition groups": "- if: {any: [true, '${a} > 1', {all: [a == b, {none: ['${c}']}]}]}\n  then: [exit]",
    "elif": "- if: a\n  then: [exit]\n  elif:\n    - {if: b, then: [exit]}",
    "switch": "- switch: ${a}\n  cases:\n    - when: 1\n      do: [exit]\n    - default: [exit]",
    "loop": "- for_each: [1, 2]\n  as: n\n  concurrency: 4\n  collect: ${n}\n  do:\n    - Now:",
    "while": "- while: a < 3\n  max_iterations: 5\n  do:\n    - Now:",
    "subflow": "- subflow: other\n  inputs: {a: 1}\n  outputs: [b]",
    "every common key": (
        "- task: Now\n  id: a\n  description: b\n  if: true\n  depends_on: [c]\n  timeout: 500ms\n"
        "  retry: {max_attempts: 3, delay: 1s, backoff: exponential, max_delay: 2m, jitter: true, on: TimeoutError}\n"
        "  on_error: {steps: [exit]}\n  continue_on_error: true\n  silent: false\n  connection: d\n  outputs: e"
    ),
}


@pytest.mark.parametrize("steps", GOOD_STEPS.values(), ids=GOOD_STEPS)
def test_a_good_step_passes(steps: str) -> None:
    assert is_valid(flow_of(steps))


BAD_STEPS = {
    "no kind": "- id: a",
    "other bare text": "- stop",
    "two kinds": "- task: Now\n  subflow: other",
    "two tasks": "- Now:\n  SendMail: {to: a}",
    "misspelt key": "- task: Now\n  depend_on: a",
    "misspelt key of a kind": "- for_each: ${a}\n  doo: [exit]",
    "argument missing": "- task: SendMail\n  inputs: {copies: 1}",
    "arguments missing": "- task: SendMail",
    "argument missing in the built-in form": "- SendMail: {id: a}",
    "unknown argument": "- SendMail: {to: a, subjct: b}",
    "argument of the wrong type": "- SendMail: {to: a, copies: many}",
    "argument that is null": "- SendMail: {to: null}",
    "steps that are no list": "- parallel: {task: Now}",
    "case without steps": "- switch: ${a}\n  cases: [{when: 1}]",
    "if without branches": "- if: ${a}",
    "loop without a body": "- for_each: ${a}",
    "count of zero": "- while: a\n  max_iterations: 0\n  do: [exit]",
    "parallel without branches": "- parallel:",
    "bad duration": "- task: Now\n  timeout: soon",
    "bad backoff": "- task: Now\n  retry: {backoff: quadratic}",
    "share above one": "- task: Now\n  retry: {jitter: 2}",
    "unknown retry key": "- task: Now\n  retry: {attempts: 2}",
    "id that is no name": "- task: Now\n  id: 1st",
    "unknown condition group": "- task: Now\n  if: {some: [a]}",
    "bad exit status": "- exit: {status: fine}",
    "mistake deep inside": "- if: a\n  then:\n    - while: b\n      do:\n        - parallel:\n            - id: c",
}


@pytest.mark.parametrize("steps", BAD_STEPS.values(), ids=BAD_STEPS)
def test_a_bad_step_fails(steps: str) -> None:
    assert not is_valid(flow_of(steps))


GOOD_TOPS = {
    "inputs": "inputs:\n  - {name: a, type: integer, default: 3, enum: [3, 4]}\n  - name: b\n    secret: true",
    "inputs by name": "inputs:\n  a: {type: integer}\n  b:",
    "keys without a value": "description:\ntags:\ninputs:\noutputs:\nconnections:\nfinally:",
    "outputs as a list": "outputs:\n  - {name: a, value: '${a}'}\n  - total\n  - {sum: '${a.sum}'}",
    "outputs as a map": "outputs: {a: '${a}', b: 3}",
    "connection": "connections:\n  main: {type: db, path: a.db, timeout: '${env.TIMEOUT}'}",
    "connection by alias": "connections:\n  main: {type: database, path: a.db}",
    "connection of a broken plugin": "connections:\n  main: {type: broken, anything: 1}",
    "project connection": "connections:\n  main: {use: production}",
    "mode, version, tags": "mode: dag\nversion: 1.0\ntags: [a, b]\nsilent: true\ntimeout: 5m",
    "handlers": "on_error: [exit]\non_cancel: {steps: [exit]}\nfinally: [exit]",
}


@pytest.mark.parametrize("top", GOOD_TOPS.values(), ids=GOOD_TOPS)
def test_a_good_flow_passes(top: str) -> None:
    assert is_valid(flow_of("- exit", top))


BAD_TOPS = {
    "misspelt key": "conections: {}",
    "unknown mode": "mode: random",
    "unknown input type": "inputs: [{name: a, type: text}]",
    "input without a name": "inputs: [{type: string}]",
    "unknown connection type": "connections:\n  main: {type: oracle}",
    "connection without what it needs": "connections:\n  main: {type: db}",
    "unknown key of a connection": "connections:\n  main: {type: db, path: a, pth: b}",
    "wrong type in a connection": "connections:\n  main: {type: db, path: a, read_only: maybe}",
    "type and use": "connections:\n  main: {type: db, path: a, use: b}",
}


@pytest.mark.parametrize("top", BAD_TOPS.values(), ids=BAD_TOPS)
def test_a_bad_flow_fails(top: str) -> None:
    assert not is_valid(flow_of("- exit", top))


@pytest.mark.parametrize(
    "text", ["steps: [exit]", "flow: A", "flow: A\nsteps: {}", "flow: A\nsteps: []", "flow: '1'\nsteps: [exit]"]
)
def test_a_flow_needs_a_name_and_steps(text: str) -> None:
    assert not is_valid(text)


def test_a_config_schema_with_definitions_of_its_own_keeps_them() -> None:
    schema = {
        "type": "object",
        "properties": {"mode": {"$ref": "#/$defs/mode"}},
        "$defs": {"mode": {"enum": ["fast", "safe"]}},
    }
    types = {"own": ConnectionType("own", schema=schema)}
    validator = jsonschema.Draft202012Validator(json_schema(Known({}, types)))
    flow = "connections:\n  main: {type: own, mode: %s}"
    assert validator.is_valid(data_of(flow_of("- exit", flow % "fast")))
    assert not validator.is_valid(data_of(flow_of("- exit", flow % "slow")))


def test_the_names_of_stored_connections_are_offered_where_one_is_used_and_others_are_allowed() -> None:
    schema = json_schema(Known(TASKS, TYPES, ["Production PostgreSQL", "Cache"]))
    offered = {"enum": ["Cache", "Production PostgreSQL"]}
    assert offered in schema["$defs"]["step_connection"]["anyOf"]
    assert offered in schema["$defs"]["connections"]["additionalProperties"]["anyOf"][0]["properties"]["use"]["anyOf"]
    validator = jsonschema.Draft202012Validator(schema)
    for name in ("Cache", "one that is added later"):
        top = f"connections:\n  main: {{use: {name}}}"
        assert validator.is_valid(data_of(flow_of(f"- db_query: {{query: a, connection: {name}}}", top)))
