"""Opening the connections of a run, sharing their pools, and leaving nothing open."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.discovery import Plugins
from flowlang.connections.manager import ConnectionSpec, OpenConnections, open_connections
from flowlang.connections.pools import Pools
from flowlang.errors import ConfigurationError, ConnectionError


class Server:
    """Counts what a plugin does to it, and does what a test wants of it."""

    def __init__(self) -> None:
        self.connected = 0
        self.open = 0
        self.most = 0
        self.lent = 0
        self.closed = asyncio.Event()
        self.releasing: asyncio.Event | None = None


SERVER = Server()


class Recorded(ConnectionPlugin):
    """A plugin whose server is in this process."""

    name = "recorded"

    def get_config_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["host"],
            "properties": {
                "host": {"type": "string"},
                "password": {"type": "string"},
                "timeout": {"type": "number"},
                "own": {"type": "boolean", "default": False},
            },
        }

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        if config["host"] == "refused":
            return False, f"no such host with {config.get('password')}"
        return True, None

    def shareable(self, config: dict[str, Any]) -> bool:
        return not config["own"]

    async def connect(self, config: dict[str, Any]) -> None:
        SERVER.connected += 1
        SERVER.open += 1
        SERVER.most = max(SERVER.most, SERVER.open)
        await asyncio.sleep(0)
        if config["host"] == "broken":
            raise OSError(f"wrong password {config['password']}")
        if config["host"] == "down":
            raise ConnectionRefusedError("nobody there")
        if config["host"] == "driverless":
            raise ImportError("needs recorded-driver")
        if config["host"] == "hang":
            await asyncio.Event().wait()

    async def disconnect(self) -> None:
        SERVER.open -= 1
        SERVER.closed.set()

    async def get_connection(self) -> object:
        SERVER.lent += 1
        return object()

    async def release_connection(self, connection: object) -> None:
        if SERVER.releasing is not None:
            await SERVER.releasing.wait()
        SERVER.lent -= 1

    def get_dependencies(self) -> list[str]:
        return ["recorded-driver>=2"]

    def get_builtin_tasks(self) -> dict[str, Any]:
        return {"recorded_self": self.which}

    async def which(self, connection: Any = None) -> Recorded:
        return self


@pytest.fixture(autouse=True)
def server() -> Server:
    SERVER.__init__()  # type: ignore[misc]
    return SERVER


@pytest.fixture
def pools() -> Pools:
    return Pools()


def spec(name: str = "db", **config: Any) -> ConnectionSpec:
    return ConnectionSpec(name, "recorded", Recorded, {"host": "here", **config})


async def test_every_connection_is_opened_and_told(pools: Pools, server: Server) -> None:
    told: list[str] = []

    opened = await open_connections([spec("a"), spec("b")], lambda one, ms: told.append(one.name), pools=pools)

    assert sorted(told) == sorted(opened.names) == ["a", "b"]
    assert server.open == 2
    await opened.close()
    assert server.open == 0


async def test_each_name_has_its_own_instance_and_tasks(pools: Pools) -> None:
    opened = await open_connections([spec("a"), spec("b")], pools=pools)

    assert opened.plugin("a") is not opened.plugin("b")
    assert await opened.task("a", "recorded_self")() is opened.plugin("a")
    assert await opened.task("b", "recorded_self")() is opened.plugin("b")
    await opened.close()


async def test_runs_with_an_equal_config_share_a_pool_that_the_last_one_closes(pools: Pools, server: Server) -> None:
    first = await open_connections([spec()], pools=pools)
    second = await open_connections([spec(own=False)], pools=pools)

    assert first.plugin("db") is second.plugin("db")
    await first.close()
    assert (server.connected, server.open) == (1, 1)
    await second.close()
    assert (server.open, pools.count()) == (0, 0)


async def test_runs_with_different_configs_do_not_share(pools: Pools, server: Server) -> None:
    first = await open_connections([spec()], pools=pools)
    second = await open_connections([spec(password="x")], pools=pools)

    assert first.plugin("db") is not second.plugin("db")
    await asyncio.gather(first.close(), second.close())
    assert server.open == 0


async def test_a_connection_that_is_not_shareable_is_each_runs_own(pools: Pools, server: Server) -> None:
    first = await open_connections([spec(own=True)], pools=pools)
    second = await open_connections([spec(own=True)], pools=pools)

    assert first.plugin("db") is not second.plugin("db")
    await asyncio.gather(first.close(), second.close())
    assert server.open == 0


async def test_what_opens_in_threads_is_begun_first(pools: Pools) -> None:
    begun: list[str] = []

    class Computing(ConnectionPlugin):
        name = "computing"

        async def connect(self, config: dict[str, Any]) -> None:
            begun.append(self.name)

        async def get_connection(self) -> object:
            return self

    class Threaded(Computing):
        name = "threaded"
        threaded = True

    kinds: list[type[ConnectionPlugin]] = [Computing, Threaded]
    opened = await open_connections([ConnectionSpec(kind.name, kind.name, kind, {}) for kind in kinds], pools=pools)
    await opened.close()
    assert begun == ["threaded", "computing"]


async def test_many_runs_that_open_a_pool_at_once_open_it_once(pools: Pools, server: Server) -> None:
    runs = await asyncio.gather(*(open_connections([spec()], pools=pools) for _ in range(50)))

    assert server.connected == 1
    await asyncio.gather(*(run.close() for run in runs))
    assert server.open == 0


async def test_a_pool_is_never_open_twice_however_runs_come_and_go(pools: Pools, server: Server) -> None:
    async def run(number: int) -> None:
        opened = await open_connections([spec()], pools=pools)
        for _ in range(number % 4):
            await asyncio.sleep(0)
        await opened.close()

    await asyncio.gather(*(run(number) for number in range(100)))

    assert (server.most, server.open) == (1, 0)


async def test_a_run_that_is_cancelled_while_opening_does_not_disturb_the_others(pools: Pools, server: Server) -> None:
    first = asyncio.create_task(open_connections([spec()], pools=pools))
    second = asyncio.create_task(open_connections([spec()], pools=pools))
    await asyncio.sleep(0)
    first.cancel()

    opened = await second
    with pytest.raises(asyncio.CancelledError):
        await first

    assert (server.connected, server.open) == (1, 1)
    await opened.close()
    assert server.open == 0


async def test_a_run_cancelled_at_any_moment_of_opening_leaves_nothing_open(pools: Pools, server: Server) -> None:
    for ticks in range(12):
        task = asyncio.create_task(open_connections([spec("a"), spec("b"), spec("c", own=True)], pools=pools))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await (await task).close()
        assert (server.open, pools.count()) == (0, 0)


async def test_if_one_cannot_be_opened_the_others_are_closed(pools: Pools, server: Server) -> None:
    with pytest.raises(ConnectionError) as raised:
        await open_connections([spec("good"), spec("bad", host="broken", password="canary-1")], pools=pools)

    assert (server.open, pools.count()) == (0, 0)
    assert raised.value.connection == "bad"


async def test_a_failed_opening_names_connection_type_stage_and_remedy_but_no_secret(pools: Pools) -> None:
    with pytest.raises(ConnectionError) as raised:
        await open_connections([spec(host="broken", password="canary-1")], pools=pools)
    error = raised.value

    assert str(error) == "connection `db` (recorded) could not be opened: wrong password ••••"
    assert (error.connection, error.type, error.stage) == ("db", "recorded", "connect")
    assert isinstance(error.__cause__, OSError)


@pytest.mark.parametrize(
    ("host", "stage", "hint"),
    [
        ("down", "reach", "check that the server runs"),
        ("driverless", "dependencies", "pip install 'recorded-driver>=2'"),
    ],
)
async def test_the_hint_fits_the_failure(pools: Pools, host: str, stage: str, hint: str) -> None:
    with pytest.raises(ConnectionError) as raised:
        await open_connections([spec(host=host)], pools=pools)

    assert raised.value.stage == stage
    assert hint in str(raised.value.hint)


async def test_a_connect_that_hangs_ends_after_the_configs_timeout(pools: Pools, server: Server) -> None:
    with pytest.raises(ConnectionError, match=r"no answer within 0\.02 s") as raised:
        await open_connections([spec(host="hang", timeout=0.02)], pools=pools)

    assert raised.value.stage == "timeout"
    assert server.open == 0


async def test_a_failed_opening_can_be_tried_again(pools: Pools, server: Server) -> None:
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await open_connections([spec(host="down")], pools=pools)

    assert server.connected == 3


async def test_a_config_that_does_not_fit_is_refused_before_anything_is_opened(pools: Pools, server: Server) -> None:
    with pytest.raises(ConfigurationError, match=r"connection `bad`: unknown key `hots`; did you mean `host`\?"):
        await open_connections([spec("good"), spec("bad", hots="x")], pools=pools)
    with pytest.raises(ConfigurationError, match="connection `bad`: no such host with ••••") as raised:
        await open_connections([spec("good"), spec("bad", host="refused", password="canary-2")], pools=pools)

    assert "canary" not in str(raised.value)
    assert server.connected == 0


async def test_an_idle_pool_is_kept_for_its_time(pools: Pools, server: Server) -> None:
    for _ in range(3):
        opened = await open_connections([spec()], pools=pools, idle_seconds=60)
        await opened.close()

    assert (server.connected, server.open) == (1, 1)
    await pools.close_idle()
    assert (server.open, pools.count()) == (0, 0)


async def test_an_idle_pool_closes_when_its_time_is_over(pools: Pools, server: Server) -> None:
    opened = await open_connections([spec()], pools=pools, idle_seconds=0.001)
    await opened.close()
    assert server.open == 1

    async with asyncio.timeout(5):
        await server.closed.wait()

    assert server.open == 0


async def test_a_release_is_done_to_its_end_by_a_step_that_is_cancelled(pools: Pools, server: Server) -> None:
    opened = await open_connections([spec()], pools=pools)
    server.releasing = asyncio.Event()
    holding = asyncio.Event()

    async def step() -> None:
        connection = await opened.acquire("db")
        try:
            holding.set()
        finally:
            await opened.release("db", connection)

    task = asyncio.create_task(step())
    await holding.wait()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    server.releasing.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert server.lent == 0
    await opened.close()


async def test_what_is_still_lent_is_released_when_the_run_ends(pools: Pools, server: Server) -> None:
    opened = await open_connections([spec()], pools=pools)
    await opened.acquire("db")

    await opened.close()

    assert server.lent == 0


async def test_two_hundred_steps_that_end_in_every_way_leave_nothing_lent(pools: Pools, server: Server) -> None:
    opened = await open_connections([spec()], pools=pools)

    async def step(number: int) -> None:
        connection = await opened.acquire("db")
        try:
            await asyncio.sleep(0)
            if number % 3 == 0:
                raise RuntimeError("failed")
            if number % 3 == 1:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            await asyncio.Event().wait()
        finally:
            await opened.release("db", connection)

    steps = [asyncio.create_task(step(number)) for number in range(200)]
    await asyncio.sleep(0)
    for task in steps[2::3]:
        task.cancel()
    await asyncio.gather(*steps, return_exceptions=True)

    assert server.lent == 0
    await opened.close()
    assert server.open == 0


@pytest.mark.parametrize(
    ("method", "words"), [("disconnect", "did not close properly"), ("release_connection", "could not be released")]
)
async def test_a_connection_that_fails_at_its_end_is_only_logged(
    pools: Pools, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, method: str, words: str
) -> None:
    async def broken(self: Recorded, *lent: object) -> None:
        raise OSError("lost canary-3")

    monkeypatch.setattr(Recorded, method, broken)
    opened = await open_connections([spec(password="canary-3")], pools=pools)
    with caplog.at_level(logging.WARNING):
        await opened.release("db", await opened.acquire("db"))
        await opened.close()

    assert f"`db` {words}: lost ••••" in caplog.text
    assert pools.count() == 0


async def test_pools_of_an_event_loop_that_is_gone_are_not_used(pools: Pools) -> None:
    def in_another_loop() -> OpenConnections:
        return asyncio.run(open_connections([spec()], pools=pools))

    elsewhere = await asyncio.to_thread(in_another_loop)
    here = await open_connections([spec()], pools=pools)

    assert here.plugin("db") is not elsewhere.plugin("db")
    await here.close()


async def test_a_projects_plugin_serves_a_run(weather: Path) -> None:
    entry = Plugins(weather).get("weather")
    assert entry is not None
    assert entry.plugin is not None
    config = {"api_key": "wk_canary", "base_url": "http://here"}

    opened = await open_connections([ConnectionSpec("api", "weather", entry.plugin, config, folder=weather)])
    client = await opened.acquire("api")
    answer = await opened.task("api", "weather_get")("north", connection=client)
    with pytest.raises(Exception, match="weather failed: /stations/missing"):
        await opened.task("api", "weather_get")("missing", connection=client)
    await opened.release("api", client)
    await opened.close()

    assert answer == {"data": {"path": "/stations/north", "url": "http://here"}}
    assert client.closed


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"api_key": "wrong"}, "connection `api`: Invalid API key format"),
        ({}, "connection `api`: `api_key` is missing"),
        ({"api_key": "wk_canary", "base_url": "refuse"}, "Failed to connect: key •••• was refused"),
        ({"api_key": "wk_canary", "base_url": "hang", "timeout": 0.02}, "no answer within"),
    ],
)
async def test_a_projects_plugin_that_cannot_connect_says_why(
    weather: Path, config: dict[str, Any], message: str
) -> None:
    entry = Plugins(weather).get("weather")
    assert entry is not None
    assert entry.plugin is not None

    with pytest.raises((ConnectionError, ConfigurationError), match=message) as raised:
        await open_connections([ConnectionSpec("api", "weather", entry.plugin, config)])

    assert "canary" not in str(raised.value)
    import weather_client  # type: ignore[import-not-found]

    assert all(client.closed for client in weather_client.opened)
