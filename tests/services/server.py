"""A private database server that a test can stop, kill and start again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

KEEPER = Path(__file__).with_name("keeper.py")
HOST = "127.0.0.1"
USER = "tester"
PASSWORD = "only-for-tests"
READY_WITHIN = 60.0


class Unavailable(Exception):
    """There is no such server here; the message says why and how to get one."""


class Server(ABC):
    """One server on a free loopback port, its data in a temporary folder that goes away with it.

    `launch` returns at once, `wait_until_ready` does the waiting, so several servers start beside each other.
    Everything after `launch` is for a server that was launched; `start`, `stop` and `kill` may be called in any state.
    """

    name: ClassVar[str]
    scheme: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM
    end_signal: ClassVar[int] = signal.SIGKILL

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path()
        self._keeper: subprocess.Popen[str] | None = None
        self._ready = False
        self._unread = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{USER}:{PASSWORD}@{HOST}:{self.port}/{self.first_database()}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @abstractmethod
    def first_database(self) -> str:
        """The database that exists from the start."""

    @abstractmethod
    def prepare(self) -> Sequence[Sequence[str]]:
        """Writes the configuration; the commands that make the data folder. Raises `Unavailable`."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def ping(self) -> None:
        """Logs in and asks something; raises the driver's error when the server does not answer yet."""

    def account(self) -> str | None:
        """The user whom the server runs as; None is the one who runs the tests."""
        return None

    def launch(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"flowlang-{self.name}-"))
        try:
            preparations, command = self.prepare(), self.command()
            self._give_folder_away()
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._send(end_with=int(self.end_signal))
        for argv in preparations:
            self._send(run=list(argv), **{"as": self.account()})
        self._send(serve=list(command), **{"as": self.account()})

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._ready:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                self.ping()
                self._ready = True
            # Each driver has its own errors for a server that is not there yet; the last one is told.
            except Exception as error:
                if time.monotonic() > deadline or not self._ask(status=True)["running"]:
                    log = self.log[-2000:]
                    raise RuntimeError(f"the private {self.name} server did not start: {error}\n{log}") from error
                time.sleep(0.02)

    def start(self) -> None:
        if not self.running:
            self._ask(serve=list(self.command()), **{"as": self.account()})
            self._ready = False
        self.wait_until_ready()

    def stop(self) -> None:
        """Ends the server as an administrator would: in order, its sessions closed, its data kept."""
        self._ask(stop=int(self.stop_signal))

    def kill(self) -> None:
        """Ends the server as a crash would."""
        self._ask(stop=int(signal.SIGKILL))

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        return bool(self._ask(status=True)["running"])

    def release(self) -> None:
        """Lets the server end for good, its folder with it, without waiting for that."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.close()

    def wait_until_gone(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            with keeper:
                keeper.wait(timeout=READY_WITHIN)

    def _give_folder_away(self) -> None:
        account = self.account()
        if account is not None:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, account)

    def _send(self, **request: Any) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(json.dumps(request) + "\n")
        self._keeper.stdin.flush()
        self._unread += 1

    def _ask(self, **request: Any) -> dict[str, Any]:
        self._send(**request)
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        line = ""
        while self._unread:
            line = self._keeper.stdout.readline()
            self._unread -= 1
        if not line:
            raise RuntimeError(f"the process that keeps the private {self.name} server has ended")
        return dict(json.loads(line))


def free_port() -> int:
    """A port below those that the system gives to outgoing connections: nobody takes it while the server restarts."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise Unavailable("no free port on the loopback interface")


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def with_address(url: str, host: str, port: int) -> str:
    """The same user and database, another server."""
    parts = urlsplit(url)
    account, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}{at}{host}:{port}").geturl()


def find_program(name: str, *folders: str) -> str:
    path = os.pathsep.join((*folders, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"))
    program = shutil.which(name, path=path)
    if program is None:
        raise Unavailable(f"the program {name} is not installed")
    return program


def unprivileged_account() -> str | None:
    """Database servers refuse to run as root; then they run as nobody."""
    return "nobody" if os.geteuid() == 0 else None
