"""Test files: cases of flows written in YAML, read with every problem and its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flowlang.errors import FlowValidationError
from flowlang.language.diagnostics import NOWHERE, Problems, Span, nearest
from flowlang.language.durations import parse_duration
from flowlang.language.nodes import Mapping as MapNode
from flowlang.language.nodes import Node, Scalar
from flowlang.language.nodes import Sequence as ListNode
from flowlang.testing.mocks import NOTHING, Mock, Reply, error_of
from flowlang.testing.reading import read_tree

#: How the name of a test file ends.
ENDINGS: Final = (".test.yaml", ".test.yml")

#: What may stand at the top of a file beside the keys of a case, in a case, and under `expect`.
FILE_KEYS: Final = ("flow", "tests")
CASE_KEYS: Final = ("name", "description", "inputs", "env", "mocks", "cassette", "expect", "skip")
EXPECT_KEYS: Final = ("status", "outputs", "error", "calls", "order", "steps", "events", "statements", "logs")
REPLY_KEYS: Final = ("returns", "raises", "delay")
MOCK_KEYS: Final = (*REPLY_KEYS, "sequence")
STATUSES: Final = ("succeeded", "failed", "cancelled", "terminated")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that a case expects, and where the file says so."""

    key: str
    value: Any
    at: Span


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what a flow is given, what stands for its tasks and connections, and what it is expected to do."""

    name: str
    file: Path
    at: Span
    flow: Path
    inputs: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    mocks: Mapping[str, tuple[Reply, ...]] = field(default_factory=dict)
    cassette: Path | None = None
    expect: tuple[Expectation, ...] = ()
    skip: str | None = None

    def fresh_mocks(self) -> list[Mock]:
        """The mocks for one run of the case."""
        return [Mock(name, replies) for name, replies in self.mocks.items()]


def is_test_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one of tests, by its name."""
    return os.fspath(path).endswith(ENDINGS)


def read_cases(path: Path) -> list[Case]:
    """The cases of a test file. Raises FlowValidationError with every problem."""
    problems = Problems(str(path))
    root = read_tree(path, problems)
    cases = [] if root is None else _Reader(path, problems).file(root)
    if root is None and not problems.fatal:
        problems.error("empty-tests", "a test file has cases under `tests`", NOWHERE)
    if problems.fatal:
        raise FlowValidationError(problems.in_order())
    return cases


@dataclass(slots=True)
class _Shared:
    """What a file says for all of its cases."""

    flow: Path
    inputs: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    mocks: dict[str, tuple[Reply, ...]] = field(default_factory=dict)
    cassette: Path | None = None


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems

    def file(self, root: Node) -> list[Case]:
        if not isinstance(root, MapNode):
            self._problems.error("tests-shape", "a test file is a map with `flow` and `tests`", root.span)
            return []
        self._known(root, (*FILE_KEYS, *CASE_KEYS))
        flow = root.get("flow")
        shared = _Shared(self._flow(flow))
        tests = root.get("tests")
        if tests is None:
            case = self._case(root, shared, self._path.name)
            return [] if case is None else [case]
        self._fill(root, shared)
        if not isinstance(tests, ListNode) or not tests.items:
            self._problems.error("tests-shape", "`tests` is a list with at least one case", tests.span)
            return []
        cases = [self._case(node, shared, f"case {number}") for number, node in enumerate(tests.items, 1)]
        return self._named(case for case in cases if case is not None)

    def _named(self, cases: Iterable[Case]) -> list[Case]:
        """The cases, each with a name of its own."""
        found: dict[str, Case] = {}
        for case in cases:
            if case.name in found:
                first = found[case.name].at
                self._problems.error(
                    "duplicate-name", f"a case in line {first.line} is called `{case.name}` already", case.at
                )
            found[case.name] = case
        return list(found.values())

    def _flow(self, node: Node | None) -> Path:
        if node is not None:
            text = self._text(node, "flow")
            path = Path(os.path.abspath(self._path.parent / text))
            if not path.is_file():
                self._problems.error("no-flow", f"there is no file {text}", node.span)
            return path
        stem = self._path.name
        for ending in ENDINGS:
            stem = stem.removesuffix(ending)
        folder = self._path.absolute().parent
        places = [
            level / name
            for level in (folder, folder.parent)
            for name in (f"{stem}.yaml", f"{stem}/flow.yaml", "flow.yaml")
        ]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            self._problems.error(
                "no-flow", f"which flow? there is neither `{stem}.yaml` nor `flow.yaml` here or above", Span(1, 1, 1, 2)
            )
        return found or places[0]

    def _fill(self, node: MapNode, into: _Shared) -> None:
        """Add the inputs, variables and mocks of a map to those that hold already."""
        if (inputs := node.get("inputs")) is not None:
            into.inputs.update(self._map(inputs, "inputs"))
        if (env := node.get("env")) is not None:
            into.env.update({key: _as_variable(value) for key, value in self._map(env, "env").items()})
        if (cassette := node.get("cassette")) is not None:
            into.cassette = self._path.absolute().parent / self._text(cassette, "cassette")
        mocks = node.get("mocks")
        if isinstance(mocks, MapNode):
            into.mocks.update({name: self._replies(name, mock) for name, _, mock in mocks.items()})
        elif mocks is not None:
            self._map(mocks, "mocks")

    def _case(self, node: Node, shared: _Shared, otherwise: str) -> Case | None:
        if not isinstance(node, MapNode):
            self._problems.error("tests-shape", "a case is a map with `name`, `inputs`, `mocks`, `expect`", node.span)
            return None
        own = _Shared(shared.flow, dict(shared.inputs), dict(shared.env), dict(shared.mocks), shared.cassette)
        self._fill(node, own)
        if node.get("flow") is None or node.get("tests") is not None:
            self._known(node, CASE_KEYS)
        name, skip = node.get("name"), node.get("skip")
        return Case(
            otherwise if name is None else self._text(name, "name"),
            self._path,
            node.span if name is None else name.span,
            own.flow,
            own.inputs,
            own.env,
            own.mocks,
            own.cassette,
            tuple(self._expectations(node.get("expect"))),
            None
            if skip is None or skip.data is False
            else "skipped"
            if skip.data is True
            else self._text(skip, "skip"),
        )

    def _replies(self, name: str, node: Node) -> tuple[Reply, ...]:
        if not isinstance(node, MapNode):
            keys = ", ".join(f"`{key}`" for key in MOCK_KEYS)
            self._problems.error("mock-shape", f"the mock `{name}` says what it gives with one of {keys}", node.span)
            return (Reply(),)
        sequence = node.get("sequence")
        if sequence is None:
            return (self._reply(node, MOCK_KEYS),)
        self._known(node, ("sequence",))
        if not isinstance(sequence, ListNode) or not sequence.items:
            self._problems.error("mock-shape", "`sequence` is a list of replies, one for each call", sequence.span)
            return (Reply(),)
        return tuple(self._reply(one, REPLY_KEYS) for one in sequence.items)

    def _reply(self, node: Node, known: tuple[str, ...]) -> Reply:
        if not isinstance(node, MapNode):
            self._problems.error("mock-shape", "a reply is a map with `returns` or `raises`", node.span)
            return Reply()
        self._known(node, known)
        returns, raises, delay = node.get("returns"), node.get("raises"), node.get("delay")
        if returns is not None and raises is not None:
            self._problems.error("mock-shape", "a reply either `returns` or `raises`", node.span)
        return Reply(
            NOTHING if returns is None else returns.data,
            None if raises is None else self._error(raises),
            delay=0.0 if delay is None else self._converted(delay, parse_duration, 0.0),
        )

    def _error(self, node: Node) -> Exception:
        if isinstance(node, MapNode):
            self._known(node, ("type", "message"))
            kind, message = node.get("type"), node.get("message")
            return error_of(
                "FlowExecutionError" if kind is None else self._text(kind, "type"),
                "mocked to fail" if message is None else self._text(message, "message"),
            )
        return error_of("FlowExecutionError", self._text(node, "raises"))

    def _expectations(self, node: Node | None) -> list[Expectation]:
        if node is None:
            return []
        if not isinstance(node, MapNode):
            self._map(node, "expect")
            return []
        self._known(node, EXPECT_KEYS)
        found = []
        for key, at, value in node.items():
            if key not in EXPECT_KEYS:
                continue
            if key in _SHAPES and not isinstance(value.data, _SHAPES[key]):
                self._problems.error("expect-shape", f"`{key}` is {_SAID[_SHAPES[key]]}", value.span)
            elif key == "status" and value.data not in STATUSES:
                near = nearest(str(value.data), STATUSES)
                self._problems.error(
                    "unknown-status", f"a run ends as one of {', '.join(STATUSES)}", value.span, suggestion=near
                )
            else:
                found.append(Expectation(key, value.data, at.span))
        return found

    def _known(self, node: MapNode, known: tuple[str, ...]) -> None:
        for key, at, _ in node.items():
            if key not in known:
                self._problems.error(
                    "unknown-key", f"there is no key `{key}` here", at.span, suggestion=nearest(key, known)
                )

    def _map(self, node: Node, name: str) -> dict[str, Any]:
        if isinstance(node, MapNode):
            return node.data
        self._problems.error("tests-shape", f"`{name}` is a map", node.span)
        return {}

    def _text(self, node: Node, name: str) -> str:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        self._problems.error("tests-shape", f"`{name}` is text", node.span)
        return ""

    def _converted(self, node: Node, convert: Callable[[Any], float], otherwise: float) -> float:
        try:
            return convert(node.data)
        except ValueError as error:
            self._problems.error("tests-shape", str(error), node.span)
            return otherwise


_SHAPES: Final[dict[str, type | tuple[type, ...]]] = {
    "outputs": dict,
    "calls": dict,
    "steps": dict,
    "order": list,
    "events": list,
    "statements": list,
    "logs": list,
    "error": (dict, str),
}
_SAID: Final[dict[Any, str]] = {
    dict: "a map",
    list: "a list",
    (dict, str): "text that the message has in it, or a map with `type`, `message`, `step`",
}


def _as_variable(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
