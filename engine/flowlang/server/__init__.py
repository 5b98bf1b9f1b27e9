"""Flows as an API: a server that runs them, follows them, and starts them by webhooks and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.server.app import create_app as create_app
    from flowlang.server.client import FlowLangClient as FlowLangClient
    from flowlang.server.client import ServerError as ServerError
    from flowlang.server.client import SyncFlowLangClient as SyncFlowLangClient
    from flowlang.server.executions import Executions as Executions
    from flowlang.server.hosting import Hosting as Hosting
    from flowlang.server.serving import application as application
    from flowlang.server.serving import serve as serve

_HOMES = {
    "Executions": "executions",
    "FlowLangClient": "client",
    "Hosting": "hosting",
    "ServerError": "client",
    "SyncFlowLangClient": "client",
    "application": "serving",
    "create_app": "app",
    "serve": "serving",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'flowlang.server' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"flowlang.server.{home}"), name)
