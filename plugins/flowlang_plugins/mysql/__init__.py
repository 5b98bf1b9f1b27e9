"""MySQL and MariaDB databases."""

from __future__ import annotations

from flowlang_plugins.mysql.provider import MySQLPlugin

__all__ = ["MySQLPlugin"]
