"""What the debugger refuses, in words for whoever asked."""

from __future__ import annotations

from flowlang.errors import FlowExecutionError, FlowLangError


class DebuggerError(FlowLangError):
    """Something was asked of the debugger that cannot be done here, or no longer."""


class AnsweredError(FlowExecutionError):
    """A step was answered for from the debugger, before one of its statements was sent."""


class RolledBackError(FlowExecutionError):
    """A transaction was rolled back from the debugger: by hand, or because it had been held open too long."""
