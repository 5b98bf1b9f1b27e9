"""What is typed into the filter of the runs pane: words with a colon narrow, whatever else is sought as text."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import FlowLangError
from flowlang.language.durations import parse_duration

if TYPE_CHECKING:
    from flowlang.journal import RunQuery

#: The words before a colon, each with an example of what follows it.
WORDS: Final[dict[str, str]] = {
    "flow": "flow:orders",
    "status": "status:failed",
    "step": "step:ship",
    "text": "text:refused",
    "input": "input:who=Ada",
    "since": "since:2h",
    "until": "until:2026-01-31",
    "longer": "longer:5s",
}

STATUSES: Final = ("queued", "running", "succeeded", "failed", "cancelled", "terminated", "interrupted")


class QueryError(FlowLangError):
    """A filter cannot be understood."""


def parse_query(text: str) -> RunQuery:
    """The query that a filter means. Raises FlowLangError with a sentence that says what would do."""
    from flowlang.journal import RunQuery

    facts: dict[str, Any] = {}
    words: list[str] = []
    for token in _tokens(text):
        name, colon, value = token.partition(":")
        if token.startswith(">") and len(token) > 1:
            facts["longer_than_ms"] = _milliseconds(token[1:])
        elif token in ("pinned", "is:pinned"):
            facts["pinned"] = True
        elif colon and name.lower() in WORDS:
            if value:
                _take(facts, words, name.lower(), value)
        elif colon and name.isalpha() and (near := get_close_matches(name.lower(), WORDS, 1)):
            raise QueryError(f"there is no {name}:, but there is {WORDS[near[0]]}")
        else:
            words.append(token)
    if words:
        facts["text"] = " ".join(words)
    return RunQuery(**facts)


def _take(facts: dict[str, Any], words: list[str], name: str, value: str) -> None:
    if name == "text":
        words.append(value)
    elif name == "status":
        facts["status"] = _status(value)
    elif name == "input":
        key, equals, wanted = value.partition("=")
        if not equals:
            raise QueryError(f"which value of {key}? write input:{key}=…")
        facts["inputs"] = {**facts.get("inputs", {}), key: wanted}
    elif name in ("since", "until"):
        from flowlang.cli.runs.when import moment

        facts[name] = moment(value, f"{name}:")
    elif name == "longer":
        facts["longer_than_ms"] = _milliseconds(value)
    else:
        facts[name] = value


def _status(value: str) -> str:
    found = [one for one in STATUSES if one.startswith(value.lower())]
    if not found:
        raise QueryError(f"no run is `{value}`; there are {', '.join(STATUSES)}")
    return found[0]


def _milliseconds(value: str) -> float:
    try:
        return parse_duration(value.strip()) * 1000
    except ValueError as error:
        raise QueryError(str(error)) from error


def _tokens(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # a quote that is still open: somebody is typing
        return text.replace('"', " ").replace("'", " ").split()
