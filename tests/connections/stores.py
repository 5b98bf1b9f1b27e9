"""What the tests of a project's store have in common."""

from __future__ import annotations

import json
from pathlib import Path

from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import Store

NAME = "Production PostgreSQL"
URL = "postgresql://app:canary-4711@db.example.com:5432/shop"


def connection(name: str = NAME, url: str = URL) -> ProjectConnection:
    return ProjectConnection(connection_type="postgres", name=name, connection_url=url)


def key_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "config" / "flowlang" / "keys").iterdir() if path.suffix != ".lock"]


def rewrite(store: Store, change: str) -> None:
    """Change the file from outside: `entries` is the list of its connections."""
    data = json.loads(store.path.read_text())
    exec(change, {"entries": data["connections"], "data": data})
    store.path.write_text(json.dumps(data))
