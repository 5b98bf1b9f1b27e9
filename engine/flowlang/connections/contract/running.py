"""The plugin in a run, on a real server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flowlang.connections.base import PendingStatement, Statement, statement_gate
from flowlang.connections.contract.core import NotApplicable, check, require
from flowlang.connections.contract.subject import Subject
from flowlang.connections.contract.writing import example_data
from flowlang.errors import FlowExecutionError
from flowlang.values import to_json

_SAMPLES: Final[dict[str, Any]] = {
    "string": "sample",
    "integer": 1,
    "int": 1,
    "number": 1,
    "float": 1,
    "boolean": True,
    "bool": True,
    "object": {},
    "array": [],
    "list": [],
}


@check("the example flow runs, twice", live=True)
async def the_example_runs(subject: Subject) -> None:
    for _ in range(2):
        result = await _run(subject, [])
        require(result.error is None, f"it fails: {result.error}")


@check("the results of a run are plain data", live=True)
async def results_are_plain(subject: Subject) -> None:
    result = await _run(subject, [])
    to_json(result.to_dict())


@check("a run reports the statements that were sent", live=True)
async def statements_are_reported(subject: Subject) -> None:
    events: list[Mapping[str, Any]] = []
    await _run(subject, events)
    statements = [event for event in events if event["type"] == "statement"]
    require(statements, "no `statement` event: use `with statement(text, params) as sent:` around what is sent")


@check("a debugger is asked before a statement is sent", live=True)
async def statements_are_asked_for(subject: Subject) -> None:
    asked, told = await _through(subject, _Gate(is_open=True))
    for step in dict.fromkeys(task for task, _ in told):
        sent = [text for task, text in told if task == step]
        require(
            asked.intersection(sent),
            f"`{step}` sends `{sent[0]}` unasked: put `await announce(session, text, params)` before it, or "
            "`async for text, params in one_by_one(session, statements)` around several in one transaction",
        )
    asked, told = await _through(subject, _Gate(is_open=False))
    refused = [text for _, text in told if text in asked]
    require(not refused, f"`{''.join(refused[:1])}` is sent although that was refused")


async def _through(subject: Subject, gate: _Gate) -> tuple[set[str], list[tuple[str, str]]]:
    """What was asked for in a run of the example flow, and the statements that were sent, with their tasks."""
    events: list[Mapping[str, Any]] = []
    token = statement_gate.set(gate)
    try:
        await _run(subject, events)
    finally:
        statement_gate.reset(token)
    return gate.asked, [(event["task"], event["text"]) for event in events if event["type"] == "statement"]


class _Gate:
    """Lets all statements pass, or none."""

    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self.asked: set[str] = set()

    async def before(self, pending: PendingStatement) -> bool:
        self.asked.add(pending.text or "")
        if not self.is_open:
            raise FlowExecutionError("this is a check of the contract: nothing is to be sent")
        return True

    def heard(self, statement: Statement) -> None:
        """The run's events tell what was sent."""


@check("no secret of the URL is in the events of a run", live=True)
async def events_hold_no_secret(subject: Subject) -> None:
    from flowlang.connections.config import secret_values

    events: list[Mapping[str, Any]] = []
    result = await _run(subject, events)
    text = to_json([events, result.to_dict()])
    found = [secret for secret in secret_values(subject.schema, subject.config) if len(secret) > 5 and secret in text]
    require(not found, "the password of the connection is in events or results")


async def _run(subject: Subject, events: list[Mapping[str, Any]]) -> Any:
    """The result of the example flow on the server."""
    if subject.run is None:
        raise NotApplicable("nothing to run flows with was given")
    flow = example_data(subject)
    flow["connections"] = {"primary": {"type": subject.name, **subject.config}}
    inputs = {
        declared["name"]: _SAMPLES.get(declared.get("type", "string"), "sample")
        for declared in flow.get("inputs", ())
        if "default" not in declared and declared.get("required", True)
    }
    return await subject.run(flow, inputs, events.append)
