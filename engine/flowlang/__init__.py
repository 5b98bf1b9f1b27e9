"""The flow engine: text becomes a checked flow, a checked flow a plan, a running plan a stream of events.

What is listed in `__all__` is the public API. Its modules are imported when a name is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.api import check as check
    from flowlang.connections.project_connections import ProjectConnections as ProjectConnections
    from flowlang.errors import (
        ConfigurationError as ConfigurationError,
    )
    from flowlang.errors import (
        ConnectionError as ConnectionError,
    )
    from flowlang.errors import (
        ExpressionError as ExpressionError,
    )
    from flowlang.errors import (
        FlowExecutionError as FlowExecutionError,
    )
    from flowlang.errors import (
        FlowInputError as FlowInputError,
    )
    from flowlang.errors import (
        FlowLangError as FlowLangError,
    )
    from flowlang.errors import (
        FlowValidationError as FlowValidationError,
    )
    from flowlang.errors import (
        TaskNotFoundError as TaskNotFoundError,
    )
    from flowlang.errors import (
        TaskNotImplementedError as TaskNotImplementedError,
    )
    from flowlang.journal.journal import Journal as Journal
    from flowlang.journal.records import (
        RecordedRun as RecordedRun,
    )
    from flowlang.journal.records import (
        RecordedStep as RecordedStep,
    )
    from flowlang.journal.records import (
        RunQuery as RunQuery,
    )
    from flowlang.journal.records import (
        RunSummary as RunSummary,
    )
    from flowlang.language.diagnostics import Diagnostic as Diagnostic
    from flowlang.runtime.context import RunContext as RunContext
    from flowlang.runtime.control import CancellationToken as CancellationToken
    from flowlang.runtime.events import Event as Event
    from flowlang.runtime.executor import FlowExecutor as FlowExecutor
    from flowlang.runtime.failure import ErrorInfo as ErrorInfo
    from flowlang.runtime.result import FlowResult as FlowResult
    from flowlang.tasks.registry import TaskRegistry as TaskRegistry

__version__ = "0.1.0"

_HOMES = {
    "CancellationToken": "flowlang.runtime.control",
    "ConfigurationError": "flowlang.errors",
    "ConnectionError": "flowlang.errors",
    "Diagnostic": "flowlang.language.diagnostics",
    "ErrorInfo": "flowlang.runtime.failure",
    "Event": "flowlang.runtime.events",
    "ExpressionError": "flowlang.errors",
    "FlowExecutionError": "flowlang.errors",
    "FlowExecutor": "flowlang.runtime.executor",
    "FlowInputError": "flowlang.errors",
    "FlowLangError": "flowlang.errors",
    "FlowResult": "flowlang.runtime.result",
    "FlowValidationError": "flowlang.errors",
    "Journal": "flowlang.journal.journal",
    "ProjectConnections": "flowlang.connections.project_connections",
    "RecordedRun": "flowlang.journal.records",
    "RecordedStep": "flowlang.journal.records",
    "RunContext": "flowlang.runtime.context",
    "RunQuery": "flowlang.journal.records",
    "RunSummary": "flowlang.journal.records",
    "TaskNotFoundError": "flowlang.errors",
    "TaskNotImplementedError": "flowlang.errors",
    "TaskRegistry": "flowlang.tasks.registry",
    "check": "flowlang.api",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'flowlang' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
