"""MongoDB: documents, found, changed and aggregated."""

from __future__ import annotations

from flowlang_plugins.mongodb.provider import MongoDBPlugin

__all__ = ["MongoDBPlugin"]
