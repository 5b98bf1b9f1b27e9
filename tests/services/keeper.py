"""The process that holds one server and outlives the tests just long enough to remove it.

It is started as ``python -I keeper.py FOLDER`` in a session of its own, so Ctrl+C in the terminal does not reach it,
and reads one JSON request per line from standard input:

    {"run": argv, "as": user or null}       runs a command to its end  -> {"exit": code}
    {"serve": argv, "as": user or null}     starts the server          -> {"pid": number}
    {"status": true}                        is the server running?     -> {"running": boolean}
    {"stop": signal number}                 ends the server            -> {"stopped": pid or null}

Whatever the commands print goes to ``FOLDER/log``. When standard input ends, because the tests are over or because
pytest was killed, the server is ended with the signal given last as ``{"end_with": signal number}`` and the folder
is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from typing import Any

PATIENCE = 20.0


class Keeper:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.end_signal = int(signal.SIGTERM)

    def serve_requests(self) -> None:
        for line in sys.stdin:
            reply = self.answer(json.loads(line))
            # A reader that is gone shows as the end of standard input, which is what ends this loop.
            with contextlib.suppress(BrokenPipeError):
                print(json.dumps(reply), flush=True)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "run" in request:
            return {"exit": self.start(request["run"], request["as"]).wait(timeout=120)}
        if "serve" in request:
            self.server = self.start(request["serve"], request["as"])
            return {"pid": self.server.pid}
        if "stop" in request:
            return {"stopped": self.stop(request["stop"])}
        if "end_with" in request:
            self.end_signal = request["end_with"]
            return {}
        return {"running": self.server is not None and self.server.poll() is None}

    def start(self, argv: list[str], user: str | None) -> subprocess.Popen[bytes]:
        account: dict[str, Any] = {"user": user, "group": group_of(user), "extra_groups": []} if user else {}
        with open(os.path.join(self.folder, "log"), "ab") as log:
            return subprocess.Popen(
                argv,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": self.folder, "LC_ALL": "C"},
                process_group=0,
                **account,
            )

    def stop(self, number: int) -> int | None:
        server, self.server = self.server, None
        if server is None:
            return None
        if server.poll() is None:
            server.send_signal(number)
        try:
            server.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        return server.pid


def group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def main() -> None:
    keeper = Keeper(sys.argv[1])
    try:
        keeper.serve_requests()
    finally:
        keeper.stop(keeper.end_signal)
        shutil.rmtree(keeper.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
