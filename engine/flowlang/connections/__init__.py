"""Connections: the plugin API, how plugins are found, and the pools that runs share."""

from __future__ import annotations

from flowlang.connections.registry import plugin_registry

__all__ = ["plugin_registry"]
