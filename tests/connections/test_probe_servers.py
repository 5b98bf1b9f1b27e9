"""The staged test on real database servers: it names the stage that fails, and leaves no session behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from flowlang.connections.discovery import BUILTINS, Plugins
from flowlang.connections.probe import ProbeReport, probe
from tests.connections.test_probe import free_port
from tests.services.server import with_address

DATABASES = [name for name in BUILTINS if name != "sqlite"]


async def probed(name: str, url: str, timeout: float = 10.0, **config: Any) -> ProbeReport:
    entry = Plugins().get(name)
    assert entry is not None
    assert entry.plugin is not None, entry.error
    return await probe(entry.plugin, {"url": url, **config}, timeout=timeout)


@pytest.fixture(params=DATABASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(name: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    return str(request.getfixturevalue(f"{name}_database"))


async def test_a_connection_that_works_passes_every_stage(name: str, url: str) -> None:
    report = await probed(name, url)
    assert report.failed is None
    statuses = {stage.stage: stage.status for stage in report.stages}
    assert {stage for stage, status in statuses.items() if status == "skipped"} <= {"tls"}
    assert report.stages[4].message
    assert 0 < report.stages[5].ms < 5000


async def test_a_wrong_password_is_told_as_such_and_never_shown(name: str, url: str) -> None:
    parts = urlsplit(url)
    wrong = re.sub(r"//[^@]*@", f"//{parts.username or ''}:wr0ng-passw0rd@", url)
    if (name == "mongodb" and not parts.password) or wrong == url:
        pytest.skip("this server asks for no password")
    report = await probed(name, wrong)
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert report.failed.hint
    assert "wr0ng-passw0rd" not in str(report.to_dict())


async def test_a_database_that_does_not_exist_is_not_authorised(name: str, url: str) -> None:
    if name not in ("postgres", "mysql"):
        pytest.skip("its databases come into being when they are used")
    report = await probed(name, urlsplit(url)._replace(path="/no_such_database").geturl())
    assert report.failed is not None
    assert report.failed.stage == "authorise"
    assert "no_such_database" in report.failed.message


async def test_a_server_that_is_not_there_cannot_be_reached(name: str, url: str) -> None:
    report = await probed(name, with_address(url, "127.0.0.1", free_port()))
    assert report.failed is not None
    assert report.failed.stage == "reach"
    assert report.failed.message.startswith("nothing listens at ")


async def test_a_server_that_is_silent_is_given_up_in_time(name: str, url: str, proxy: Callable[[str], Any]) -> None:
    way = proxy(url)
    way.freeze()
    started = asyncio.get_running_loop().time()
    report = await probed(name, way.url, timeout=1.0)
    took = asyncio.get_running_loop().time() - started
    assert report.failed is not None
    assert report.failed.stage == "authenticate"
    assert "within 1 s" in report.failed.message
    assert took < 8


async def test_a_test_leaves_no_session_on_the_server(name: str, url: str, proxy: Callable[[str], Any]) -> None:
    way = proxy(url)
    for _ in range(3):
        assert (await probed(name, way.url)).ok
    async with asyncio.timeout(5):
        while way.connections:  # noqa: ASYNC110  # nothing tells when a socket has closed
            await asyncio.sleep(0.01)


async def test_tls_that_is_asked_for_is_told(postgres_url: str, postgres_tls: Path) -> None:
    report = await probed("postgres", postgres_url, sslmode="require")
    assert report.failed is None
    assert report.stages[2].status == "ok"
    verified = await probed("postgres", postgres_url, sslmode="verify-full")
    assert verified.failed is not None
    assert verified.failed.stage == "tls", verified


async def test_a_server_without_the_tls_that_is_asked_for_fails_at_tls(postgres_url: str) -> None:
    report = await probed("postgres", postgres_url, sslmode="require")
    assert report.failed is not None
    assert report.failed.stage == "tls"


async def test_redis_without_tls_fails_where_it_is_asked_for(redis_url: str) -> None:
    report = await probed("redis", redis_url.replace("redis://", "rediss://"), timeout=1.0)
    assert report.failed is not None
    assert report.failed.stage == "tls"
