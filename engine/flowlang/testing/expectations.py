"""What a case expects of a run, held against what the run did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from flowlang.journal.compare_values import changes
from flowlang.language.diagnostics import nearest
from flowlang.testing.cases import Case, Expectation
from flowlang.testing.mocks import Mock, names_of
from flowlang.testing.running import TestRun
from flowlang.values import plain, to_json

#: How many differences of one value are told.
MOST: Final = 10
#: Below this a float that is whole is that number and no other.
_EXACT: Final = 2**53


class Failure(str):
    """A sentence about something that was not as expected, and the line of the file that expects it."""

    line: int

    def __new__(cls, text: str, line: int) -> Failure:
        failure = super().__new__(cls, text)
        failure.line = line
        return failure


def failures_of(case: Case, run: TestRun, mocks: Iterable[Mock]) -> list[Failure]:
    """Everything that was not as the case expects. A run that fails unexpectedly is told with its error."""
    counts = {mock.name: mock.call_count for mock in mocks}
    failures = [
        Failure(text, expected.at.line)
        for expected in case.expect
        for text in _CHECKS[expected.key](expected.value, run, counts)
    ]
    says_how = {"status", "error"} & {expected.key for expected in case.expect}
    if not says_how and not run.result.success:
        failures.insert(0, Failure(f"the flow {_ending(run)}", case.at.line))
    return failures


def _status(expected: str, run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    if run.result.status != expected:
        yield f"status: expected {expected}, but the flow {_ending(run)}"


def _outputs(expected: Mapping[str, Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    given = plain(run.outputs)
    for name, value in expected.items():
        if name in given:
            yield from _differences(f"output {name}", value, given[name])
        elif run.result.success:
            yield f"output {name}: there is none; there are {', '.join(given) or 'none at all'}"


def _error(expected: Mapping[str, Any] | str, run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    error = run.result.error
    if error is None:
        yield f"error: expected one, but the flow {_ending(run)}"
        return
    wanted = {"message": expected} if isinstance(expected, str) else expected
    for key, value in wanted.items():
        said = error.get(key)
        if key == "message":
            if str(value) not in str(said):
                yield f"error: expected {to_json(value)} in the message, which is {to_json(said)}"
        elif said != value:
            yield f"error: expected {key} {to_json(value)}, not {to_json(said)}: {error['message']}"


def _calls(expected: Mapping[str, Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    for name, wanted in expected.items():
        if unknown := _unknown(name, run):
            yield f"calls of {name}: {unknown}"
            continue
        calls = run.calls_of(name)
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            count = counts.get(name, len(calls))
            if count != wanted:
                yield f"calls of {name}: expected {wanted}, not {count}"
            continue
        each = wanted if isinstance(wanted, list) else [wanted]
        if len(each) != len(calls):
            yield f"calls of {name}: expected {len(each)}, not {len(calls)}"
        for number, (inputs, call) in enumerate(zip(each, calls, strict=False), 1):
            for key, value in inputs.items() if isinstance(inputs, Mapping) else ():
                yield from _differences(f"call {number} of {name}: {key}", value, call.inputs.get(key))


def _order(expected: list[Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    began = run.order
    at = 0
    for name in map(str, expected):
        if unknown := _unknown(name.rpartition("/")[2], run):
            yield f"order: {name}: {unknown}"
            return
        place = next((n for n in range(at, len(began)) if name in (began[n], began[n].rpartition("/")[2])), None)
        if place is None:
            yield f"order: {name} doesn't come where it is expected; the steps began as {', '.join(began) or 'none'}"
            return
        at = place + 1


def _steps(expected: Mapping[str, Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    steps = run.steps
    for name, status in expected.items():
        said = steps.get(name)
        if said is None and (unknown := _unknown(name.rpartition("/")[2], run)):
            yield f"step {name}: {unknown}"
        elif said is None and status != "not reached":
            yield f"step {name}: expected {status}, but it was not reached"
        elif said is not None and said != status:
            yield f"step {name}: expected {status}, not {said}"


def _unknown(name: str, run: TestRun) -> str | None:
    """What to say of a name that nothing in the flow has: no run could ever be as expected, or any would."""
    known = {known for one in run.plan.with_subplans() for step in one.every_step for known in names_of(step)}
    if name.partition("[")[0] in known:
        return None
    near = nearest(name, known)
    return "nothing in the flow is called so" + (f"; did you mean {near}?" if near else "")


def _events(expected: list[Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    told = iter(run.events)
    for wanted in expected:
        facts = {"type": wanted} if isinstance(wanted, str) else wanted
        if not any(all(event.get(key) == value for key, value in facts.items()) for event in told):
            yield f"events: after those before it there is none with {to_json(facts)}"
            return


def _statements(expected: list[Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    yield from _found("statements", expected, run.statements)


def _logs(expected: list[Any], run: TestRun, counts: Mapping[str, int]) -> Iterator[str]:
    yield from _found("logs", expected, run.logs)


def _found(what: str, expected: list[Any], said: list[str]) -> Iterator[str]:
    for text in map(str, expected):
        if not any(text in one for one in said):
            yield f"{what}: none has {to_json(text)} in it; there are {to_json(said)}"


def _differences(what: str, expected: Any, given: Any) -> Iterator[str]:
    for number, change in enumerate(changes(_whole(plain(expected)), _whole(plain(given)))):
        if number == MOST:
            yield f"{what}: … and more"
            return
        place = f"{what} {change.at}".rstrip() if not change.at.startswith("[") else f"{what}{change.at}"
        if change.kind == "removed":
            yield f"{place}: expected {to_json(change.before)}, but it is not there"
        elif change.kind == "added":
            yield f"{place}: {to_json(change.after)} was not expected"
        else:
            yield f"{place}: expected {to_json(change.before)}, not {to_json(change.after)}"


def _whole(value: Any) -> Any:
    """Plain data in which 75.0 is 75: to flows they are the same number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return {key: _whole(item) for key, item in value.items()} if isinstance(value, dict) else value


def _ending(run: TestRun) -> str:
    error = run.result.error
    if error is None:
        return {"succeeded": "succeeded", "terminated": "ended early", "cancelled": "was cancelled"}[run.result.status]
    place = f" in step {error['step']}" if error["step"] else ""
    return f"failed{place}: {error['type']}: {error['message']}"


_CHECKS: Final[dict[str, Callable[[Any, TestRun, Mapping[str, int]], Iterator[str]]]] = {
    "status": _status,
    "outputs": _outputs,
    "error": _error,
    "calls": _calls,
    "order": _order,
    "steps": _steps,
    "events": _events,
    "statements": _statements,
    "logs": _logs,
}

__all__ = ["MOST", "Expectation", "Failure", "failures_of"]
