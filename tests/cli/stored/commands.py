"""What the tests of stored connections share: a secret that must not show, a project's flow, how a command ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowlang.connections.store import Store
from tests.cli.ran import Ran

CANARY = "ca@nary/4711"
QUOTED = "ca%40nary%2F4711"
NAME = "Production PostgreSQL"
URL = f"postgresql://app:{QUOTED}@db.example.com:5432/shop"

FLOW = """\
flow: orders
connections:
  db: {use: Shop Database}
steps:
  - sqlite_query: {id: first, connection: db, query: select 1 as one}
  - sqlite_query: {id: second, connection: Shop Database, query: select 2 as two}
"""


Command = Callable[..., Ran]


def kept(project: Path, name: str = NAME) -> Any:
    """The record that the project keeps."""
    return Store(project).get(name)
