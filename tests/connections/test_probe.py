"""The staged test of a connection: which stage fails, what is said of it, and that it leaves nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from flowlang.connections.addresses import Address
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.manager import ConnectionSpec, open_connections
from flowlang.connections.probe import STAGES, ProbeReport, StageResult, probe
from flowlang.errors import ConfigurationError, ConnectionError
from flowlang_plugins.sqlite import SQLitePlugin
from tests.connections.lines import LinesPlugin, service
from tests.services.certificate import write_certificate


async def lines(port: int, timeout: float = 5.0, host: str = "127.0.0.1", **config: Any) -> ProbeReport:
    return await probe(LinesPlugin, {"url": f"lines://{host}:{port}", **config}, timeout=timeout)


def statuses(report: ProbeReport) -> dict[str, str]:
    return {stage.stage: stage.status for stage in report.stages}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


class AddressedPlugin(LinesPlugin):
    """Says where it leads, which a scheme of its own doesn't tell."""

    def addresses(self, config: dict[str, Any]) -> list[Address]:
        host, _, port = config["url"].removeprefix("lines://").rpartition(":")
        return [Address(host, int(port), config.get("word") == "tls")]


class UnaddressedPlugin(LinesPlugin):
    """Leads where only it knows."""

    def addresses(self, config: dict[str, Any]) -> list[Address]:
        return []


async def addressed(port: int, timeout: float = 5.0, host: str = "127.0.0.1", **config: Any) -> ProbeReport:
    return await probe(AddressedPlugin, {"url": f"lines://{host}:{port}", **config}, timeout=timeout)


async def test_every_stage_is_told_as_it_ends_and_all_are_in_the_report() -> None:
    told: list[StageResult] = []
    async with service() as running:
        url = f"lines://127.0.0.1:{running.port}"
        report = await probe(AddressedPlugin, {"url": url}, told.append)
    assert report.ok
    assert tuple(told) == report.stages
    assert [stage.stage for stage in told] == list(STAGES)
    assert statuses(report) == {**dict.fromkeys(STAGES, "ok"), "tls": "skipped"}
    assert report.target == f"127.0.0.1:{running.port}"
    assert told[4].message == "the service plays"
    assert all(stage.ms > 0 for stage in told if stage.status == "ok")


async def test_the_report_is_plain_data() -> None:
    async with service() as running:
        report = (await addressed(running.port)).to_dict()
    assert report["ok"] is True
    assert report["failed"] is None
    assert report["stages"][0].keys() == {"stage", "status", "ms", "message", "hint"}


async def test_it_takes_one_session_and_leaves_none_behind() -> None:
    async with service() as running:
        tasks, threads = asyncio.all_tasks(), threading.active_count()
        await lines(running.port, pool_size=50)
        await running.quiet.wait()
        assert running.most == 1
        assert threading.active_count() <= threads + 1
        assert {task for task in asyncio.all_tasks() if "talk" not in str(task)} <= tasks


async def test_a_pool_that_is_in_use_does_not_notice() -> None:
    async with service() as running:
        config = {"url": f"lines://127.0.0.1:{running.port}", "pool_size": 1}
        opened = await open_connections([ConnectionSpec("db", "lines", LinesPlugin, config)])
        lent = await opened.acquire("db")
        assert (await probe(LinesPlugin, config, timeout=2)).ok
        assert await lent.ask("ping") == "pong"
        await opened.release("db", lent)
        await opened.close()
        await running.quiet.wait()


async def test_an_unknown_host_fails_to_resolve() -> None:
    report = await addressed(1, host="no-such-host.invalid")
    assert report.failed is not None
    assert report.failed.stage == "resolve"
    assert report.failed.message == "no host is called `no-such-host.invalid`"
    assert "spelling" in str(report.failed.hint)
    assert [stage.message for stage in report.stages[1:]] == ["not come to"] * 5


async def test_a_port_where_nothing_listens_fails_to_be_reached() -> None:
    port = free_port()
    report = await addressed(port)
    assert report.failed is not None
    assert report.failed.stage == "reach"
    assert report.failed.message == f"nothing listens at 127.0.0.1:{port}"
    assert statuses(report)["resolve"] == "ok"


async def test_a_server_that_speaks_no_tls_fails_at_tls() -> None:
    async with service() as running:
        report = await addressed(running.port, word="tls", timeout=0.5)
    assert report.failed is not None
    assert report.failed.stage == "tls"


class CarelessPlugin(AddressedPlugin):
    """Doesn't look at the server's certificate, unless it is told to."""

    async def connect(self, config: dict[str, Any]) -> None:
        if config["pool_size"] == 1:
            raise ConnectionError("the driver is not amused") from ssl.SSLCertVerificationError("self-signed")

    async def get_connection(self) -> Any:
        return self

    async def release_connection(self, connection: Any) -> None: ...

    async def check(self, connection: Any) -> str:
        return "whoever it is"


async def test_a_certificate_that_nobody_vouches_for_fails_at_tls_where_the_driver_looks(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(tmp_path))
    async with service(tls=context) as running:
        config = {"url": f"lines://127.0.0.1:{running.port}", "word": "tls"}
        careless = await probe(CarelessPlugin, config)
        careful = await probe(CarelessPlugin, {**config, "pool_size": 1})
    assert careless.ok
    assert careless.stages[2].status == "ok"
    assert careless.stages[2].message.startswith("the certificate is not verified: ")
    assert careful.failed is not None
    assert careful.failed.stage == "tls"
    assert careful.failed.message.startswith("the server's certificate is not trusted: ")


async def test_a_wrong_password_fails_to_authenticate_and_is_not_shown() -> None:
    async with service() as running:
        report = await addressed(running.port, word="wrong-w0rd")
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert report.failed.message == "the service says: refused ••••"
    assert report.failed.hint == "check `word`"


async def test_what_the_server_forbids_fails_to_be_authorised() -> None:
    async with service(lambda line: "welcome" if line.startswith("hello") else "no") as running:
        report = await addressed(running.port)
    assert report.failed is not None
    assert report.failed.stage == "authorise"
    assert report.failed.message == "nobody plays: no"
    assert statuses(report)["authenticate"] == "ok"


async def test_a_server_that_says_nothing_is_given_up_within_the_limit() -> None:
    async with service(lambda line: None) as running:
        started = monotonic()
        report = await addressed(running.port, timeout=0.2)
        took = monotonic() - started
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert report.failed.message == "no answer within 0.2 s"
    assert "no server of this type" in str(report.failed.hint)
    assert took < 3


async def test_a_check_that_hangs_is_given_up_within_the_limit() -> None:
    async with service(lambda line: "welcome" if line.startswith("hello") else None) as running:
        report = await addressed(running.port, timeout=0.2)
    assert report.failed is not None
    assert report.failed.stage == "authorise"
    assert "no answer" in report.failed.message


async def test_a_plugin_that_ignores_its_cancellation_cannot_hold_the_test_up() -> None:
    class Stubborn(UnaddressedPlugin):
        async def connect(self, config: dict[str, Any]) -> None:
            end = asyncio.get_running_loop().time() + 10
            while asyncio.get_running_loop().time() < end and not over.is_set():
                try:
                    await asyncio.wait_for(over.wait(), 10)
                except asyncio.CancelledError:
                    continue

    over = asyncio.Event()
    started = monotonic()
    report = await probe(Stubborn, {"url": "lines://127.0.0.1:1"}, timeout=0.1)
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert monotonic() - started < 6
    over.set()


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (ConnectionError("no", stage="resolve"), "resolve"),
        (ConnectionError("no", stage="reach"), "reach"),
        (ConnectionError("no", stage="tls"), "tls"),
        (ConnectionError("no", stage="authenticate"), "authenticate"),
        (ConnectionError("no", stage="authorise"), "authorise"),
        (ConnectionError("no", stage="timeout"), "authenticate"),
        (ssl.SSLError("bad handshake"), "tls"),
        (socket.gaierror("unknown"), "resolve"),
        (RuntimeError("what"), "authenticate"),
    ],
)
async def test_the_stage_that_the_driver_failed_in_is_the_one_that_is_told(error: Exception, stage: str) -> None:
    class Failing(UnaddressedPlugin):
        async def connect(self, config: dict[str, Any]) -> None:
            raise error

    told: list[StageResult] = []
    report = await probe(Failing, {"url": "lines://cluster:1"}, told.append)
    assert report.failed is not None
    assert report.failed.stage == stage
    assert [one.stage for one in told] == list(STAGES)
    before = STAGES[: STAGES.index(stage)]
    assert all(statuses(report)[one] in ("ok", "skipped") for one in before)


async def test_a_missing_package_is_told_with_the_command_that_installs_it() -> None:
    class Driverless(UnaddressedPlugin):
        def get_dependencies(self) -> list[str]:
            return ["no-such-driver>=1"]

        async def connect(self, config: dict[str, Any]) -> None:
            raise ImportError("no-such-driver is not installed")

    report = await probe(Driverless, {"url": "lines://h:1"})
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert report.failed.hint == "flowlang connection install lines"


async def test_a_plugin_that_cannot_tell_where_it_leads_is_connected_all_the_same() -> None:
    class Lost(LinesPlugin):
        def addresses(self, config: dict[str, Any]) -> list[Address]:
            raise KeyError("host")

    async with service() as running:
        report = await probe(Lost, {"url": f"lines://127.0.0.1:{running.port}"})
    assert report.ok
    assert report.target == "known to the driver only"


async def test_a_plugin_without_a_check_is_only_connected() -> None:
    class Plain(LinesPlugin):
        check = ConnectionPlugin.check

    async with service() as running:
        report = await probe(Plain, {"url": f"lines://127.0.0.1:{running.port}"})
    assert report.ok
    assert statuses(report)["authenticate"] == "ok"
    assert statuses(report)["authorise"] == "skipped"


async def test_a_config_that_the_plugin_refuses_is_not_tested() -> None:
    with pytest.raises(ConfigurationError, match="needs a host and a port"):
        await probe(LinesPlugin, {"url": "lines://somewhere"})
    with pytest.raises(ConfigurationError, match="did you mean `url`"):
        await probe(LinesPlugin, {"ulr": "lines://somewhere:1"})


async def test_the_test_of_a_file_opens_and_reads_it(tmp_path: Path) -> None:
    assert (await probe(SQLitePlugin, {"database": "new.db"}, folder=tmp_path)).ok
    assert os.listdir(tmp_path) == []
    (tmp_path / "there.db").touch()
    report = await probe(SQLitePlugin, {"database": "there.db"}, folder=tmp_path)
    assert report.ok
    assert statuses(report)["authorise"] == "ok"
    assert report.stages[4].message.startswith("SQLite 3")
    assert report.target == str(tmp_path / "there.db")


async def test_a_file_that_cannot_be_used_fails_at_its_stage(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("no database, " * 100)
    for name, stage in {"folder": "resolve", "text.db": "authorise"}.items():
        report = await probe(SQLitePlugin, {"database": name}, folder=tmp_path)
        assert report.failed is not None
        assert report.failed.stage == stage
        assert report.failed.hint
    missing = await probe(SQLitePlugin, {"database": "none.db", "read_only": True}, folder=tmp_path)
    assert missing.failed is not None
    assert missing.failed.stage == "resolve"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
async def test_a_file_that_may_not_be_read_or_written_cannot_be_reached(tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    file.touch(0o400)
    report = await probe(SQLitePlugin, {"database": "mine.db"}, folder=tmp_path)
    assert report.failed is not None
    assert report.failed.stage == "reach"
    assert (await probe(SQLitePlugin, {"database": "mine.db", "read_only": True}, folder=tmp_path)).ok


async def test_a_database_in_memory_is_left_to_the_driver() -> None:
    report = await probe(SQLitePlugin, {"database": ":memory:"})
    assert report.ok
    assert statuses(report)["resolve"] == "skipped"
