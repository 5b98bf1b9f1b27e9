"""The debugger: stopping a run at a step, looking at its data, changing it, and going on.

`Debugger` is an interceptor of one run and the control object that user interfaces use; a `Stop` is one place where
the run stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.debugger.breakpoints import Breakpoint as Breakpoint
    from flowlang.debugger.breakpoints import Breakpoints as Breakpoints
    from flowlang.debugger.changes import Change as Change
    from flowlang.debugger.debugger import Debugger as Debugger
    from flowlang.debugger.errors import DebuggerError as DebuggerError
    from flowlang.debugger.history import History as History
    from flowlang.debugger.history import Past as Past
    from flowlang.debugger.queries import QueryAnswer as QueryAnswer
    from flowlang.debugger.replacing import Redone as Redone
    from flowlang.debugger.scope import Scope as Scope
    from flowlang.debugger.scope import StackFrame as StackFrame
    from flowlang.debugger.scope import Variable as Variable
    from flowlang.debugger.stop import Stop as Stop

_HOMES = {
    "Breakpoint": "flowlang.debugger.breakpoints",
    "Breakpoints": "flowlang.debugger.breakpoints",
    "Change": "flowlang.debugger.changes",
    "Debugger": "flowlang.debugger.debugger",
    "DebuggerError": "flowlang.debugger.errors",
    "History": "flowlang.debugger.history",
    "Past": "flowlang.debugger.history",
    "QueryAnswer": "flowlang.debugger.queries",
    "Redone": "flowlang.debugger.replacing",
    "Scope": "flowlang.debugger.scope",
    "StackFrame": "flowlang.debugger.scope",
    "Stop": "flowlang.debugger.stop",
    "Variable": "flowlang.debugger.scope",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'flowlang.debugger' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
