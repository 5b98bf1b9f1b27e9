"""A private server that speaks the protocol of MongoDB: SecantusDB, from the extra `test-servers`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.services.server import PASSWORD, USER, Server, Unavailable

PROGRAM = Path(__file__).with_name("secantus_server.py")


class MongoDBServer(Server):
    name = "mongodb"
    scheme = "mongodb"

    def first_database(self) -> str:
        return "?authSource=admin"

    def prepare(self) -> Sequence[Sequence[str]]:
        if importlib.util.find_spec("secantus") is None:
            raise Unavailable("the Python package SecantusDB is not installed")
        (self.folder / "account").write_text(f"{USER}\n{PASSWORD}\n")
        return []

    def command(self) -> Sequence[str]:
        return [sys.executable, "-P", str(PROGRAM), str(self.folder), str(self.port)]

    def ping(self) -> None:
        with connect(self.url) as client:
            client.admin.command("listDatabases")


def create_database(url: str, name: str) -> None:
    """A database of MongoDB exists from its first document on; before that there is nothing to make."""


def drop_database(url: str, name: str) -> None:
    with connect(url) as client:
        client.drop_database(name)


def connect(url: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(url, serverSelectionTimeoutMS=1000, connectTimeoutMS=5000)
