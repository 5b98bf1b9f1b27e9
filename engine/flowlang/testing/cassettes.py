"""Cassettes: what the plugins of a flow's connections were asked and gave, kept in a file and given again."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.debugger.pin_values import ValueRefused, written
from flowlang.errors import FlowLangError, FlowValidationError
from flowlang.journal.compare_values import changes
from flowlang.language.diagnostics import Problems
from flowlang.runtime.interception import Again, Answer, Answered, Intercepted, Interception, Interceptor
from flowlang.testing.mocks import error_of
from flowlang.testing.reading import read_tree
from flowlang.values import plain, to_json

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run

#: How the name of a cassette ends.
ENDING: Final = ".cassette.yaml"

_HEAD: Final = "# What the connections of a flow were asked, and what they gave, in this order.\n"


class CassetteError(FlowLangError):
    """A cassette cannot be played, or recorded."""


class WrongRequest(FlowLangError):
    """A step asks for something else than what was recorded."""


class Player(Interceptor):
    """A cassette that is recorded or played while a flow runs; then `eject` it."""

    def eject(self) -> None:
        """Put away what was recorded. Raises CassetteError when that cannot be."""

    @property
    def left(self) -> list[str]:
        """The paths of recorded requests that nobody asked for."""
        return []


def player_of(path: Path, *, record: bool) -> Player:
    """What records, or plays, a cassette. Raises as `Playback.load` does."""
    return Recording(path) if record else Playback.load(path)


class Recording(Player):
    """Writes down what connections are asked and give."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: list[dict[str, Any]] = []
        self._secrets: Any = None

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        self._secrets = run.redactor
        interception.concern(self, _asking(plan))

    async def succeeded(self, execution: Intercepted, result: Any) -> Any | Again:
        self._note(execution, {"gave": result})
        return result

    async def failed(self, execution: Intercepted, error: BaseException) -> Answer | Again | None:
        self._note(execution, {"failed": {"type": type(error).__name__, "message": self._secrets.text(str(error))}})
        return None

    def eject(self) -> None:
        """Write the cassette. Raises CassetteError for a value that has no form in a file, or holds a secret."""
        text = _HEAD + "".join(f"- {_indented(self._written(entry))}" for entry in self._entries)
        if not self._entries:
            text += "[]\n"
        draft = self._path.with_name(f".{self._path.name}.new")
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, self._path)
        except OSError as error:
            raise CassetteError(f"{self._path} cannot be written: {error.strerror}") from error

    def _note(self, execution: Intercepted, ending: Mapping[str, Any]) -> None:
        if execution.answered_by is not None:
            return
        asked = {"path": execution.frame.path + execution.plan.id, "task": execution.plan.task}
        self._entries.append({**asked, "asked": dict(execution.inputs or {}), **ending})

    def _written(self, entry: Mapping[str, Any]) -> str:
        if plain(entry) != self._secrets(entry):
            raise CassetteError(
                f"what step `{entry['path']}` was asked or gave holds a secret, and a secret never goes into a file",
                hint="mock the step in the test instead",
            )
        try:
            return written(entry)
        except ValueRefused as error:
            raise CassetteError(f"step `{entry['path']}` cannot be recorded: it {error}", hint=error.hint) from error


class Playback(Player):
    """Gives what was recorded; a request that differs from it fails its step. Nothing is connected.

    The requests of one step come in their order, those of different steps in any.
    """

    def __init__(self, entries: list[dict[str, Any]], path: Path) -> None:
        self._path = path
        self._by_step: dict[str, deque[dict[str, Any]]] = {}
        for entry in entries:
            self._by_step.setdefault(entry["path"], deque()).append(entry)

    @classmethod
    def load(cls, path: Path) -> Playback:
        """Put a cassette in. Raises CassetteError, or FlowValidationError for a file with mistakes."""
        if not path.exists():
            raise CassetteError(f"there is no cassette {path}", hint="record it: flowlang test --record")
        problems = Problems(str(path))
        root = read_tree(path, problems)
        if problems.fatal:
            raise FlowValidationError(problems.in_order())
        entries = [] if root is None else root.data
        if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
            raise CassetteError(f"{path} is no cassette", hint="record it anew: flowlang test --record")
        return cls(entries, path)

    @property
    def left(self) -> list[str]:
        return [path for path, entries in self._by_step.items() for _ in entries]

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        interception.concern(self, _asking(plan))

    def stands_for(self, plan: StepPlan) -> bool:
        return _asks(plan)

    async def bound(self, execution: Intercepted) -> None:
        path = execution.frame.path + execution.plan.id
        waiting = self._by_step.get(path)
        if not waiting:
            raise WrongRequest(f"{self._path.name} has no more requests of step `{path}`", hint="record it anew")
        entry = waiting.popleft()
        differs = changes(plain(entry["asked"]), plain(dict(execution.inputs or {})))
        if differs:
            one = differs[0]
            raise WrongRequest(
                f"step `{path}` asks for something else than what was recorded: {one.at or 'all of it'} was "
                f"{to_json(one.before)} and is {to_json(one.after)}",
                hint="record it anew, if that is as it should be",
            )
        execution.answered_by = "mock"
        execution.tell_started()
        if "failed" in entry:
            raise error_of(entry["failed"]["type"], entry["failed"]["message"])
        raise Answered(entry["gave"])


def _asking(plan: Plan) -> list[StepPlan]:
    return [step for one in plan.with_subplans() for step in one.every_step if _asks(step)]


def _asks(step: StepPlan) -> bool:
    """Whether a step's task works on a connection."""
    return step.task is not None and getattr(step.body, "connection", None) is not None


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and {"path", "asked"} <= entry.keys() and ("gave" in entry or "failed" in entry)


def _indented(text: str) -> str:
    first, *rest = text.splitlines(keepends=True)
    return first + "".join(f"  {line}" if line.strip() else line for line in rest)
