"""What is known of a failure: the error that a result, an event and a handler show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from flowlang.values import ErrorValue

Phase = Literal["inputs", "environment", "connect", "steps", "outputs"]


_FROM_THE_TEXT = frozenset({"type", "step", "file", "line", "column", "attempts"})


class ErrorInfo(Mapping[str, Any]):
    """An error with everything that helps to mend it; a mapping, and its message as text.

    `type` is the class name of the original exception, `cause` the chain of exceptions behind it as text, one
    per line, `inputs` the step's resolved arguments, `attempts` how often the step was tried. Where they are
    known it also has `statement` (the last one that was sent), `attempt_errors` (one `{attempt, type, message}`
    for each failed attempt of several) and `others` (errors of siblings and handlers that came after).
    `phase` is how far the run had come, `exception` the original exception.
    """

    __slots__ = ("_fields", "exception", "phase")

    def __init__(self, exception: BaseException, phase: Phase = "steps", **fields: Any) -> None:
        self.exception = exception
        self.phase: Phase = phase
        self._fields: dict[str, Any] = {
            "type": type(exception).__name__,
            "message": message_of(exception),
            "step": None,
            "file": None,
            "line": None,
            "column": None,
            "inputs": None,
            "attempts": 0,
            "cause": causes_of(exception),
            "hint": getattr(exception, "hint", None),
            **fields,
        }

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        return str(self._fields["message"])

    def __repr__(self) -> str:
        return f"<ErrorInfo {self._fields['type']} in step {self._fields['step']}>"

    def set(self, **fields: Any) -> None:
        """Add what is known besides."""
        self._fields.update(fields)

    def add(self, other: ErrorInfo) -> None:
        """Record an error that came after this one."""
        if other is not self:
            self._fields.setdefault("others", []).append(
                {"type": other["type"], "message": other["message"], "step": other["step"]}
            )

    def masked(self, redact: Callable[[Any], Any]) -> dict[str, Any]:
        """The error as plain data with secrets masked; what comes from the flow's text stays as it is."""
        return {key: value if key in _FROM_THE_TEXT else redact(value) for key, value in self._fields.items()}

    def redacted(self, redact: Callable[[Any], Any]) -> ErrorInfo:
        """The same error with secrets masked, for those outside of the run. `exception` is still the original."""
        return ErrorInfo(self.exception, self.phase, **self.masked(redact))

    def as_value(self, redact: Callable[[Any], Any]) -> ErrorValue:
        """The error as `${id.error}` reads it: masked, because flows send it to people."""
        return ErrorValue(type=self["type"], message=redact(self["message"]), attempts=self["attempts"])

    def as_last_error(self, redact: Callable[[Any], Any]) -> ErrorValue:
        """The error as `${context.last_error}` reads it, masked too."""
        return ErrorValue(**{**self.as_value(redact), "step": self["step"]})


class StepFailed(Exception):
    """Carries an error from the step that failed to whoever handles it. Never leaves the engine."""

    def __init__(self, info: ErrorInfo) -> None:
        super().__init__(info["message"])
        self.info = info


class FlowExit(Exception):
    """Carries an `exit` step's ending to the flow it ends. Never leaves the engine.

    With `whole_run` it ends the flows that called this one as well, which no `exit` does.
    """

    def __init__(self, reason: Any, outputs: dict[str, Any], failure: bool, *, whole_run: bool = False) -> None:
        super().__init__(reason)
        self.whole_run = whole_run
        self.reason = reason
        self.outputs = outputs
        self.failure = failure


def message_of(exception: BaseException) -> str:
    """What an exception says, or what it is when it says nothing."""
    if isinstance(exception, KeyError) and len(exception.args) == 1:
        return f"key {exception.args[0]!r} is missing"
    try:
        text = str(exception)
    # a message that cannot be made must not hide the failure it tells of
    except Exception as broken:
        return f"{type(exception).__name__} (its message cannot be shown: {type(broken).__name__})"
    return text or type(exception).__name__


def chain(exception: BaseException) -> Iterator[BaseException]:
    """The exceptions behind and inside this one, nearest first, as a traceback would show them."""
    seen = {id(exception)}
    waiting = deque([exception])
    while waiting:
        current = waiting.popleft()
        behind = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        inside = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        for one in (*inside, behind):
            if one is not None and id(one) not in seen:
                seen.add(id(one))
                waiting.append(one)
                yield one


def causes_of(exception: BaseException) -> str | None:
    """The exceptions behind this one as text, one per line; None if there are none."""
    lines = [f"{type(behind).__name__}: {message_of(behind)}" for behind in chain(exception)]
    return "\n".join(lines) or None


def matches(exception: BaseException, types: frozenset[str]) -> bool:
    """Whether the exception, a base class of it, or one behind it has one of these class names."""
    return any(kind.__name__ in types for error in (exception, *chain(exception)) for kind in type(error).__mro__[:-2])
