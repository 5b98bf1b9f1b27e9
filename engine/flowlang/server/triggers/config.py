"""A flow's `triggers:`, read and checked: what is wrong with them keeps the server from starting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from flowlang.errors import ConfigurationError
from flowlang.language.diagnostics import did_you_mean
from flowlang.language.durations import parse_duration
from flowlang.language.nodes import Mapping as MapNode
from flowlang.language.nodes import Node
from flowlang.server.hosting import HostedFlow

_VARIABLE: Final = re.compile(r"\$\{(?:env\.)?([A-Za-z_][A-Za-z0-9_]*)\}")
_KINDS: Final = ("webhook", "schedule")
#: With what the paths begin that the server answers to itself.
_TAKEN: Final = frozenset(
    {"", "docs", "executions", "flows", "health", "metrics", "openapi.json", "ready", "redoc", "schedules"}
)
_WEBHOOK_KEYS: Final = ("path", "auth", "inputs", "wait")
_AUTH_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "api_key": ("type", "key", "header"),
    "bearer": ("type", "token"),
    "hmac": ("type", "secret", "header", "timestamp_header", "algorithm", "tolerance"),
}
_SECRET: Final[dict[str, str]] = {"api_key": "key", "bearer": "token", "hmac": "secret"}
_SCHEDULE_KEYS: Final = ("cron", "timezone", "inputs", "max_instances", "missed")
_ALGORITHMS: Final = ("sha256", "sha512", "sha1")
_MISSED: Final = ("skip", "once", "all")


@dataclass(frozen=True, slots=True, repr=False)
class Auth:
    """How a caller shows that he may. `type` is `api_key`, `bearer` or `hmac`, `tolerance` is in seconds."""

    type: str
    secret: str
    header: str
    timestamp_header: str = "X-Timestamp"
    algorithm: str = "sha256"
    tolerance: float = 300.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A path that starts a flow when something is posted to it. With `wait` the answer is the result."""

    flow: str
    path: str
    auth: Auth
    inputs: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times at which a flow is started.

    `max_instances` is how many of its runs may be under way at once; one more is left out. `missed` says what becomes
    of times that passed while the server was busy or asleep: `skip`, `once` for all of them together, or `all`.
    """

    flow: str
    cron: str
    timezone: str = "UTC"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    max_instances: int = 1
    missed: Literal["skip", "once", "all"] = "once"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the times are meant."""
        return ZoneInfo(self.timezone)


def triggers_of(hosted: HostedFlow) -> list[Webhook | Schedule]:
    """The triggers of a flow. Raises ConfigurationError with the place of the first thing that is wrong."""
    return [_Reader(hosted).trigger(node) for node in hosted.flow.triggers]


class _Reader:
    def __init__(self, hosted: HostedFlow) -> None:
        self._hosted = hosted
        self._environment = hosted.executor.environment(hosted.plan)

    def trigger(self, node: Node) -> Webhook | Schedule:
        kinds = [key for key in _KINDS if isinstance(node, MapNode) and key in node.entries]
        if not isinstance(node, MapNode) or len(kinds) != 1 or len(node.entries) != 1:
            raise self._wrong(node, "a trigger is a map with one key, `webhook` or `schedule`")
        content = node.get(kinds[0])
        if not isinstance(content, MapNode):
            raise self._wrong(node, f"`{kinds[0]}` is a map")
        return self._webhook(content) if kinds[0] == "webhook" else self._schedule(content)

    def _webhook(self, node: MapNode) -> Webhook:
        self._known(node, _WEBHOOK_KEYS)
        path = self._text(node, "path", f"/webhooks/{self._hosted.name}")
        if not path.startswith("/") or any(character in path for character in "{}? #"):
            raise self._wrong(node, f"`path` begins with `/` and has no `?`, `#`, braces or spaces: {path}")
        if path.split("/")[1] in _TAKEN:
            raise self._wrong(node, f"`path` is one of the server's own: {path}; take another, such as /hooks{path}")
        auth = node.get("auth")
        if not isinstance(auth, MapNode):
            raise self._wrong(node, "a webhook needs `auth`: a map with `type` (api_key, bearer or hmac) and its key")
        wait = self._data(node, "wait", False)
        if not isinstance(wait, bool):
            raise self._wrong(node, "`wait` is true or false")
        return Webhook(self._hosted.name, path, self._auth(auth), self._inputs(node), wait)

    def _auth(self, node: MapNode) -> Auth:
        kind = self._text(node, "type", "")
        if kind not in _AUTH_KEYS:
            raise self._wrong(node, f"`type` of `auth` is one of {', '.join(_AUTH_KEYS)}, not `{kind}`")
        self._known(node, _AUTH_KEYS[kind])
        algorithm = self._text(node, "algorithm", "sha256")
        if algorithm not in _ALGORITHMS:
            raise self._wrong(node, f"`algorithm` is one of {', '.join(_ALGORITHMS)}")
        try:
            tolerance = parse_duration(self._data(node, "tolerance", 300))
        except ValueError as error:
            raise self._wrong(node, f"`tolerance`: {error}") from error
        header = self._text(node, "header", "X-API-Key" if kind == "api_key" else "X-Signature")
        stamp = self._text(node, "timestamp_header", "X-Timestamp")
        return Auth(kind, self._secret(node, _SECRET[kind]), header, stamp, algorithm, tolerance)

    def _secret(self, node: MapNode, key: str) -> str:
        written = self._text(node, key, "")
        found = _VARIABLE.fullmatch(written)
        if found is None:
            raise self._wrong(node, f"`{key}` names a variable of the environment, as in `${{env.HOOK_SECRET}}`")
        value = self._environment.get(found[1])
        if not value:
            raise self._wrong(node, f"the environment has no `{found[1]}`, which `{key}` needs")
        return value

    def _schedule(self, node: MapNode) -> Schedule:
        from cronsim import CronSim, CronSimError

        self._known(node, _SCHEDULE_KEYS)
        cron, zone = self._text(node, "cron", ""), self._text(node, "timezone", "UTC")
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise self._wrong(node, f"there is no time zone `{zone}`; one is written as in `Europe/Berlin`") from error
        try:
            from datetime import UTC, datetime

            CronSim(cron, datetime.now(UTC))
        except CronSimError as error:
            raise self._wrong(
                node, f"`cron` has five fields, as in `30 6 * * 1-5`; `{cron}` is wrong: {error}"
            ) from error
        most, missed = self._data(node, "max_instances", 1), self._text(node, "missed", "once")
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise self._wrong(node, "`max_instances` is a whole number from 1")
        if missed not in _MISSED:
            raise self._wrong(node, f"`missed` is one of {', '.join(_MISSED)}")
        return Schedule(self._hosted.name, cron, zone, self._inputs(node), most, missed)  # type: ignore[arg-type]

    def _inputs(self, node: MapNode) -> Mapping[str, Any]:
        inputs = self._data(node, "inputs", {})
        if not isinstance(inputs, dict):
            raise self._wrong(node, "`inputs` is a map")
        return inputs

    def _known(self, node: MapNode, known: tuple[str, ...]) -> None:
        for key, at, _ in node.items():
            if key not in known:
                raise self._wrong(at, f"there is no key `{key}` here{did_you_mean(key, known)}")

    def _text(self, node: MapNode, key: str, otherwise: str) -> str:
        value = self._data(node, key, otherwise)
        if not isinstance(value, str):
            raise self._wrong(node, f"`{key}` is text")
        return value

    def _data(self, node: MapNode, key: str, otherwise: Any) -> Any:
        value = node.get(key)
        return otherwise if value is None else value.data

    def _wrong(self, node: Node, message: str) -> ConfigurationError:
        span = node.span
        return ConfigurationError(f"{self._hosted.path}:{span.line}:{span.column}: {message}")
