"""Runs SecantusDB with one administrator: ``python -P secantus_server.py FOLDER PORT``, until SIGTERM.

The option ``-P`` of Python keeps the modules beside this file, named like drivers, out of SecantusDB's imports.
The folder holds the data and a file ``account`` with the user's name and password.
"""

from __future__ import annotations

import os
import signal
import sys
import types

from pymongo import MongoClient
from secantus import SecantusDBServer


def create_account(server: SecantusDBServer, account: str) -> None:
    with open(account) as lines:
        user, password = lines.read().split()
    client: MongoClient[dict[str, object]]
    with MongoClient(server.uri) as client:
        client.admin.command("createUser", user, pwd=password, roles=["root"])


def main(folder: str, port: str) -> None:
    storage = os.path.join(folder, "data")
    known = os.path.isdir(storage)
    server = SecantusDBServer(port=int(port), storage_path=storage, require_auth=known, cache_size="256M")

    def stop(number: int, frame: types.FrameType | None) -> None:
        server.stop()
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    server.start()
    if not known:
        # A user can only be made while the server asks for none.
        create_account(server, os.path.join(folder, "account"))
        server.require_auth = True
    server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
