"""A test of a connection in stages, each with a time limit: it names the one that failed and what to try.

It uses an instance of the plugin of its own, so no run and no pool ever notices it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final, Literal, NamedTuple, NoReturn, TypeVar

from flowlang.connections.addresses import Address
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.explaining import asks_for_tls, explained, stage_of
from flowlang.connections.files import file_rights, find_file
from flowlang.connections.limits import in_thread, limited
from flowlang.connections.manager import ConnectionSpec, prepared
from flowlang.connections.pools import masking
from flowlang.connections.reaching import Untrusted, reach, resolve, speak_tls

T = TypeVar("T")

#: The stages in their order.
STAGES: Final = ("resolve", "reach", "tls", "authenticate", "authorise", "latency")
#: How many seconds each stage may take.
STAGE_SECONDS: Final = 5.0

_ROUND_TRIPS: Final = 5

_log = logging.getLogger("flowlang.connections")

Status = Literal["ok", "failed", "skipped"]


class StageResult(NamedTuple):
    """How one stage ended, in words without secrets. `hint` is what to try when it failed."""

    stage: str
    status: Status
    ms: float = 0.0
    message: str = ""
    hint: str | None = None


class ProbeReport(NamedTuple):
    """How a test ended. `target` is what was tested, `stages` has all six in their order."""

    type: str
    target: str
    stages: tuple[StageResult, ...]

    @property
    def failed(self) -> StageResult | None:
        """The stage that failed, or None."""
        return next((stage for stage in self.stages if stage.status == "failed"), None)

    @property
    def ok(self) -> bool:
        """Whether the connection can be used."""
        return self.failed is None

    @property
    def ms(self) -> float:
        """How long all stages took, in milliseconds; of the last one only one round trip counts."""
        return round(sum(stage.ms for stage in self.stages), 3)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "type": self.type,
            "target": self.target,
            "ok": self.ok,
            "failed": None if self.failed is None else self.failed.stage,
            "stages": [stage._asdict() for stage in self.stages],
        }


OnStage = Callable[[StageResult], object]


async def probe(
    plugin: type[ConnectionPlugin],
    config: Mapping[str, Any],
    on_stage: OnStage | None = None,
    timeout: float = STAGE_SECONDS,
    *,
    folder: Path | None = None,
) -> ProbeReport:
    """Test the connection that `plugin` makes of `config`; `on_stage` is called with each stage as it ends.

    Stages after the one that failed are `skipped`. `timeout` is in seconds, for each stage; `folder` is what
    relative paths in the config start from. Nothing is created, and nothing stays open. Raises
    ConfigurationError for a config that the plugin refuses.
    """
    spec, instance = prepared(ConnectionSpec("test", plugin.name, plugin, dict(config), folder=folder))
    return await _Probe(instance, _small(spec.config), on_stage, timeout).run()


class _Failed(Exception):
    """A stage failed, and was told."""


class _Probe:
    """One test. Each of its methods is a stage or a group of stages; a stage that fails raises `_Failed`."""

    def __init__(
        self, plugin: ConnectionPlugin, config: dict[str, Any], on_stage: OnStage | None, timeout: float
    ) -> None:
        self.plugin = plugin
        self.config = config
        self.timeout = timeout
        self.stages: dict[str, StageResult] = {}
        self._on_stage = on_stage
        self._mask = masking(plugin, config)
        self._untrusted: str | None = None

    async def run(self) -> ProbeReport:
        addresses = self._addresses()
        files = [address for address in addresses if isinstance(address, Path)]
        try:
            if files:
                await self._file(files[0])
            else:
                await self._server([address for address in addresses if isinstance(address, Address)])
        except _Failed:
            pass
        finally:
            await self._disconnect()
        for stage in STAGES:
            if stage not in self.stages:
                self._tell(stage, "skipped", message="not come to" if self._has_failed else "")
        target = ", ".join(map(str, addresses)) or "known to the driver only"
        return ProbeReport(self.plugin.name, self._mask(target), tuple(self.stages[stage] for stage in STAGES))

    def _addresses(self) -> list[Address | Path]:
        try:
            return list(self.plugin.addresses(self.config))
        # where a plugin can't tell, its driver will
        except Exception as error:
            _log.warning("the plugin `%s` failed in addresses: %s", self.plugin.name, self._mask(str(error)))
            return []

    async def _server(self, addresses: list[Address]) -> None:
        if addresses:
            servers = await self._stage("resolve", resolve(addresses), lambda found: found[0].words)
            server, ip = await self._stage("reach", reach(servers), lambda found: f"{found[0].address} answers")
            if server.address.tls:
                try:
                    await self._stage("tls", speak_tls(server, ip), str)
                except Untrusted as error:
                    self._untrusted = str(error)
        await self._connect()
        await self._use()

    async def _file(self, path: Path) -> None:
        read_only = bool(self.config.get("read_only"))
        file = await self._stage("resolve", in_thread(partial(find_file, path, read_only)), lambda found: found.words)
        await self._stage("reach", in_thread(partial(file_rights, file, read_only)), str)
        self._tell("tls", "skipped", message="a file")
        self._tell("authenticate", "skipped", message="a file")
        if file.size is None:
            self._tell("authorise", "skipped", message="there is nothing to read yet")
            self._tell("latency", "skipped", message="there is nothing to read yet")
            return
        started = perf_counter()
        try:
            await limited(self.plugin.connect(dict(self.config)), self.timeout)
        # a plugin and its driver may fail in any way: that is what a test is for
        except Exception as error:
            self._fail("authorise", error, started)
        await self._use()

    async def _connect(self) -> None:
        """Connect, and find out from a failure how far that came."""
        started = perf_counter()
        try:
            await limited(self.plugin.connect(dict(self.config)), self.timeout)
        # a plugin and its driver may fail in any way: that is what a test is for
        except Exception as error:
            stage = stage_of(error)
            if stage in self.stages:
                stage = "authenticate"
            self._pass_by(stage, certain=getattr(error, "stage", None) in STAGES)
            if stage == "authorise":
                self._tell("authenticate", "ok", _since(started))
            self._fail(stage, error, started)
        self._pass_by("authenticate", certain=True)
        self._tell("authenticate", "ok", _since(started), "connected")

    def _pass_by(self, until: str, *, certain: bool) -> None:
        """Tell the stages before `until` that only the driver knows of; `certain` if it came past them for sure."""
        for stage in STAGES[: min(STAGES.index(until), STAGES.index("authenticate"))]:
            if stage in self.stages:
                continue
            if stage != "tls" or (not certain and asks_for_tls(self.config)):
                self._tell(stage, "skipped", message="left to the driver")
            elif self._untrusted is not None:
                self._tell(stage, "ok", message=f"the certificate is not verified: {self._untrusted}")
            elif asks_for_tls(self.config):
                self._tell(stage, "ok", message="negotiated while connecting")
            else:
                self._tell(stage, "skipped", message="not asked for")

    async def _use(self) -> None:
        """Take a connection, ask the server through it, and measure how long that takes."""
        connection = await self._got(self.plugin.get_connection())
        try:
            if type(self.plugin).check is ConnectionPlugin.check:
                self._tell("authorise", "skipped", message="the plugin has no check")
                return
            await self._stage("authorise", self.plugin.check(connection), lambda found: str(found or ""))
            await self._latency(connection)
        finally:
            await self._quietly(self.plugin.release_connection(connection))

    async def _got(self, work: Coroutine[Any, Any, T]) -> T:
        started = perf_counter()
        try:
            return await limited(work, self.timeout)
        # a plugin and its driver may fail in any way: that is what a test is for
        except Exception as error:
            self._fail("authorise", error, started)

    async def _latency(self, connection: Any) -> None:
        async def measure() -> float:
            times = []
            for _ in range(_ROUND_TRIPS):
                started = perf_counter()
                await self.plugin.check(connection)
                times.append(_since(started))
            return round(median(times), 3)

        started = perf_counter()
        try:
            ms = await limited(measure(), self.timeout)
        # a plugin and its driver may fail in any way: that is what a test is for
        except Exception as error:
            self._fail("latency", error, started)
        self._tell("latency", "ok", ms, f"median of {_ROUND_TRIPS} round trips")

    async def _stage(self, stage: str, work: Coroutine[Any, Any, T], words: Callable[[T], str]) -> T:
        started = perf_counter()
        try:
            found = await limited(work, self.timeout)
        except Untrusted:
            raise
        # a plugin and its driver may fail in any way: that is what a test is for
        except Exception as error:
            self._fail(stage, error, started)
        self._tell(stage, "ok", _since(started), words(found))
        return found

    def _fail(self, stage: str, error: Exception, started: float) -> NoReturn:
        message, hint = explained(error, stage, self.plugin, self.timeout)
        if stage == "tls" and self._untrusted is not None:
            message = f"the server's certificate is not trusted: {self._untrusted}"
        self._tell(stage, "failed", _since(started), message, hint)
        raise _Failed from error

    def _tell(self, stage: str, status: Status, ms: float = 0.0, message: str = "", hint: str | None = None) -> None:
        result = StageResult(stage, status, ms, self._mask(message), None if hint is None else self._mask(hint))
        self.stages[stage] = result
        if self._on_stage is not None:
            self._on_stage(result)

    @property
    def _has_failed(self) -> bool:
        return any(stage.status == "failed" for stage in self.stages.values())

    async def _disconnect(self) -> None:
        await self._quietly(self.plugin.disconnect())

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await limited(work, self.timeout)
        # the result stands: that something could not be closed properly is only worth a warning
        except Exception as error:
            _log.warning("the test of a connection left something open: %s", self._mask(str(error)))


def _small(config: dict[str, Any]) -> dict[str, Any]:
    """The config without the sessions that a pool would open in advance: a test needs one."""
    size = config.get("min_pool_size")
    return {**config, "min_pool_size": 1} if isinstance(size, int) and size > 1 else config


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 3)
