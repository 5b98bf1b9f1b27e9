"""Runs SecantusDB with one administrator: ``python -P secantus_server.py FOLDER PORT``, until SIGTERM.

The option ``-P`` of Python keeps the modules beside this file, named like drivers, out of SecantusDB's imports.
The folder holds the data and a file ``account`` with the user's name and password. A user can only be made while the
server asks for none, so the first start does that on another port.
"""

from __future__ import annotations

import os
import signal
import sys
import types

from pymongo import MongoClient
from secantus import SecantusDBServer


def create_account(storage: str, account: str) -> None:
    with open(account) as lines:
        user, password = lines.read().split()
    with SecantusDBServer(storage_path=storage) as server, MongoClient[dict[str, object]](server.uri) as client:
        client.admin.command("createUser", user, pwd=password, roles=["root"])


def main(folder: str, port: str) -> None:
    storage = os.path.join(folder, "data")
    if not os.path.isdir(storage):
        create_account(storage, os.path.join(folder, "account"))
    server = SecantusDBServer(port=int(port), storage_path=storage, require_auth=True, cache_size="256M")

    def stop(number: int, frame: types.FrameType | None) -> None:
        server.stop()
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    server.start()
    server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
