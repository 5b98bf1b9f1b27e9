"""What the events of a run read like in its log: one line each. Called for every event, so it is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.cli.readable import duration
from flowlang.values import to_json
from flowlang_tui.session.log_store import DEBUG, ERROR, INFO, WARNING, LogStore

if TYPE_CHECKING:
    from flowlang import Event

#: How much is shown of a value, of a statement, of a message. The inspector has the whole of the first two.
VALUE: Final = 60
STATEMENT: Final = 1000
MESSAGE: Final = 20_000

#: How many values of a map are shown by name.
_FEW: Final = 3

_LEVELS: Final = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR, "critical": ERROR}

#: The durations below 10 ms, by tenths: most steps take no longer, and formatting a float is what costs most here.
_TENTHS: Final = tuple(f"{tenths / 10:.1f} ms" for tenths in range(100))

#: What is said in place of how long it took, of a step that did not run.
_ANSWERED: Final = {"journal": "taken from the journal", "pin": "pinned", "debugger": "given by hand"}

_CONSTANTS: Final = {None: "null", True: "true", False: "false"}

_Worded = tuple[str, int, str]


def log_event(log: LogStore, event: Event) -> None:
    """Append the line of an event, if it has one."""
    words = _WORDS.get(event["type"])
    if words is not None:
        sign, level, text = words(event)
        log.append(event["timestamp"], level, event.get("path", ""), text, sign)


def _flow_started(event: Event) -> _Worded:
    inputs = event["inputs"]
    given = f" with {_facts(inputs)}" if inputs else ""
    return "▶", INFO, f"run of {event['flow']} started{given}"


def _connection_opened(event: Event) -> _Worded:
    name, kind = event["connection"], event["connection_type"]
    return "⇄", INFO, f"connection {name} ({kind}) opened in {_took(event['duration_ms'])}"


def _step_started(event: Event) -> _Worded:
    return "▶", INFO, event["task"] or event["kind"]


def _step_completed(event: Event) -> _Worded:
    took = _took(event["duration_ms"])
    if event["status"] == "terminated":
        return "■", INFO, f"{took}, ends the flow"
    attempts = event["attempts"]
    tried = f" on attempt {attempts}" if attempts > 1 else ""
    outputs = event["outputs"]
    left = f" → {_outcome(outputs)}" if outputs or outputs == 0 else ""
    answered = event.get("answered_by")
    return "✓", INFO, f"{took if answered is None else _ANSWERED.get(answered, answered)}{tried}{left}"


def _step_failed(event: Event) -> _Worded:
    if event["status"] == "cancelled":
        return "■", WARNING, f"cancelled after {_took(event['duration_ms'])}"
    told = _told(event)
    return ("✗", WARNING, f"{told} (handled, the flow goes on)") if event["handled"] else ("✗", ERROR, told)


def _step_retrying(event: Event) -> _Worded:
    wait = _took(event["delay"] * 1000)
    return "↻", WARNING, f"attempt {event['attempt'] + 1} of {event['attempts']} in {wait}: {_told(event)}"


def _step_skipped(event: Event) -> _Worded:
    return "⊘", INFO, "skipped"


def _branch_taken(event: Event) -> _Worded:
    return "◆", DEBUG, f"takes {event['branch']}"


def _iteration_started(event: Event) -> _Worded:
    length = event["length"]
    return "▸", DEBUG, f"iteration {event['index'] + 1}{f' of {length}' if length is not None else ''}"


def _iterations_answered(event: Event) -> _Worded:
    return "✓", INFO, f"{_number(event['count'], 'iteration')} taken from the journal"


def _subflow_started(event: Mapping[str, Any]) -> _Worded:
    return "▸", DEBUG, f"flow {event['subflow']} begins"


def _subflow_ended(event: Mapping[str, Any]) -> _Worded:
    return "▸", DEBUG, f"flow {event['subflow']} ended"


def _statement(event: Event) -> _Worded:
    text = _cut(_one_line(event["text"]), STATEMENT)
    took, error, rows = _took(event["ms"]), event["error"], event["rows"]
    if error is not None:
        return "›", WARNING, f"{event['connection']}: {text} ✗ {_cut(str(error), MESSAGE)}, {took}"
    count = "" if rows is None else f"{_number(rows, 'row')}, "
    return "›", DEBUG, f"{event['connection']}: {text} → {count}{took}"


def _log(event: Event) -> _Worded:
    fields = event.get("fields")
    return (
        "·",
        _LEVELS.get(event["level"], INFO),
        _cut(str(event["message"]), MESSAGE)
        + ("  " + " ".join(f"{name}={_value(value)}" for name, value in fields.items()) if fields else ""),
    )


def _intervention(event: Any) -> _Worded:
    change, what = str(event["change"]).replace("_", " "), _cut(str(event["what"]), VALUE)
    if change in ("input", "value", "output"):
        return "✎", INFO, f"{change} of {what} set by hand: {_value(event['after'])}"
    return "✎", INFO, f"by hand: {change} {what}"


def _sandbox_started(event: Event) -> _Worded:
    return "⟲", INFO, "in a sandbox: what the run does to SQL databases is undone at its end"


def _sandbox_ended(event: Any) -> _Worded:
    steps, lasting = len(event["steps"]), len(event["lasting"])
    undone = f"undone what {_number(steps, 'step')} changed on {', '.join(event['connections']) or 'no connection'}"
    return "⟲", WARNING if lasting else INFO, undone + (f"; {_number(lasting, 'thing')} can't be" if lasting else "")


def _flow_terminated(event: Event) -> _Worded:
    reason = event["reason"]
    return "■", INFO, f"the flow ended early: {_cut(str(reason), MESSAGE)}" if reason else "the flow ended early"


def _flow_cancelled(event: Event) -> _Worded:
    reason = event["reason"]
    took = _took(event["duration_ms"])
    return "■", WARNING, f"run cancelled after {took}{f': {_cut(str(reason), MESSAGE)}' if reason else ''}"


def _flow_failed(event: Event) -> _Worded:
    return "✗", ERROR, f"run failed after {_took(event['duration_ms'])}: {_told(event)}"


def _flow_completed(event: Event) -> _Worded:
    return "✓", INFO, f"run succeeded in {_took(event['duration_ms'])}"


def _told(event: Event) -> str:
    return f"{event['error_type']}: {_cut(str(event['error']['message']), MESSAGE)}"


def _outcome(value: Any) -> str:
    if type(value) is not dict:
        return _value(value)
    rows = value.get("rows")
    if type(rows) is list:
        return _number(len(rows), "row")
    affected = value.get("rows_affected")
    if type(affected) is int:
        return f"{_number(affected, 'row')} affected"
    return _facts(value)


def _facts(values: Mapping[str, Any]) -> str:
    """The first values of a map by name."""
    shown = ", ".join([f"{name}={_value(values[name])}" for name in list(values)[:_FEW]])
    more = len(values) - _FEW
    return f"{shown} and {more} more" if more > 0 else shown


def _value(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _cut(_one_line(value), VALUE)
    if kind is list:
        return _number(len(value), "item")
    if kind is dict:
        return _number(len(value), "value")
    if kind is int or kind is float:
        return repr(value)
    # encoding takes longer than all the rest of a line: it is left to what is seldom
    return _CONSTANTS[value] if value is None or kind is bool else _cut(to_json(value), VALUE)


def _number(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}s" if count < 1000 else f"{count:,} {noun}s"


def _took(milliseconds: float) -> str:
    return _TENTHS[int(milliseconds * 10 + 0.5)] if milliseconds < 9.95 else duration(milliseconds)


def _one_line(text: str) -> str:
    return " ".join(text[: STATEMENT + 1].split()) if "\n" in text else text


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


_WORDS: Final[dict[str, Callable[[Any], _Worded]]] = {
    "flow_started": _flow_started,
    "connection_opened": _connection_opened,
    "step_started": _step_started,
    "step_completed": _step_completed,
    "step_failed": _step_failed,
    "step_retrying": _step_retrying,
    "step_skipped": _step_skipped,
    "branch_taken": _branch_taken,
    "iteration_started": _iteration_started,
    "iterations_answered": _iterations_answered,
    "subflow_started": _subflow_started,
    "subflow_completed": _subflow_ended,
    "subflow_failed": _subflow_ended,
    "statement": _statement,
    "log": _log,
    "intervention": _intervention,
    "sandbox_started": _sandbox_started,
    "sandbox_ended": _sandbox_ended,
    "flow_terminated": _flow_terminated,
    "flow_cancelled": _flow_cancelled,
    "flow_failed": _flow_failed,
    "flow_completed": _flow_completed,
}
