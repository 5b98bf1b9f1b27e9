"""The exceptions of flowlang. A message says what happened, where, and what to do about it."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowlang.language.diagnostics import Diagnostic, Span


class FlowLangError(Exception):
    """Root of every exception that flowlang raises on purpose.

    `hint` is the way out and `span` the place in the flow's text, where they are known; `path` is the file of that
    text where it is not the flow's own.
    """

    hint: str | None = None
    span: Span | None = None
    path: str | None = None

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class FlowValidationError(FlowLangError):
    """The flow cannot run as it is written. `diagnostics` holds every problem, in the order of the text."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [problem for problem in self.diagnostics if problem.severity == "error"]
        super().__init__("\n".join(str(problem) for problem in errors or self.diagnostics))


class FlowInputError(FlowLangError):
    """The values given to a flow do not fit its declared inputs. `problems` holds one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class ConfigurationError(FlowLangError):
    """The surroundings of a run are not as the flow needs them: a missing variable, a refused config."""


class FlowExecutionError(FlowLangError):
    """A step could not do its work. Tasks and plugins raise it, with the cause chained."""


class ConnectionError(FlowExecutionError, builtins.ConnectionError):
    """A connection could not be opened, or was lost. Also a builtin `ConnectionError`.

    `connection` and `type` name it; `stage` is how far it had come: `dependencies`, `resolve`, `reach`, `tls`,
    `authenticate`, `authorise`, `connect` where that is not known, `timeout`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        hint: str | None = None,
        connection: str | None = None,
        type: str | None = None,
        stage: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.connection = connection
        self.type = type
        self.stage = stage


class ExpressionError(FlowExecutionError):
    """An expression could not be evaluated with the values of this run. `span` is its place in the file, if known."""

    span: Span | None = None


class TaskNotFoundError(FlowExecutionError):
    """A step names a task that nobody registered."""


class TaskNotImplementedError(FlowExecutionError):
    """A task is registered, but its body is still a stub."""


class MissingOutputError(FlowExecutionError):
    """A step's result lacks a name that its `outputs` promise."""


class StepTimeoutError(FlowExecutionError, TimeoutError):
    """An attempt of a step, or a whole flow, took longer than its `timeout`."""


class LoopLimitError(FlowExecutionError):
    """A `while` loop reached its `max_iterations`."""


class SubflowError(FlowExecutionError):
    """A flow that was called as a step failed. The cause is the subflow's own error."""


class FlowExitError(FlowExecutionError):
    """A flow ended itself by `exit` with `status: failure`."""


class ResultNotKeptError(FlowExecutionError):
    """A step that is exactly once has taken effect, as its mark says, but nobody has its result."""


class JournalError(FlowLangError):
    """The journal of a project cannot do what is asked of it."""


class RunNotFoundError(JournalError):
    """The journal has no such run, or a beginning of an id fits several. `near` are ids that may be meant."""

    def __init__(self, message: str = "", *, near: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.near = tuple(near)


class JournalTooNewError(JournalError):
    """The journal was written by a later version, and this one leaves it alone."""


class JournalBusyError(JournalError):
    """Another process has held the journal for too long."""
