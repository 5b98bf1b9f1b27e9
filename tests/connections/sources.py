"""The source of plugins in the shape in which people write them, and of the client of a service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

CLIENT = """\
import asyncio

opened = []


class AsyncClient:
    def __init__(self, api_key, base_url, timeout):
        self.api_key = api_key
        self.base_url = base_url
        self.closed = False
        opened.append(self)

    async def ping(self):
        if self.base_url == "hang":
            await asyncio.Event().wait()
        if self.base_url == "refuse":
            raise OSError(f"key {self.api_key} was refused")
        await asyncio.sleep(0)

    async def get(self, path):
        if path.endswith("/missing"):
            raise LookupError(path)
        return {"path": path, "url": self.base_url}

    async def close(self):
        self.closed = True
"""

PROVIDER = '''\
from typing import Any, Callable, Dict, List, Optional, Tuple
from ..base import ConnectionPlugin


class WeatherPlugin(ConnectionPlugin):
    """Weather by station."""

    name = "weather"
    description = "Weather service"
    version = "1.2.0"

    def __init__(self):
        super().__init__()
        self._client = None

    def get_config_schema(self) -> Dict[str, Any]:
        return {
            "type": "object",
            "required": ["api_key"],
            "properties": {
                "api_key": {"type": "string"},
                "base_url": {"type": "string", "default": "https://weather.example"},
                "timeout": {"type": "number", "default": 30.0, "minimum": 0.01},
            },
        }

    def validate_config(self, config: Dict[str, Any]) -> Tuple[bool, Optional[str]]:
        if not config["api_key"].startswith("wk_"):
            return False, "Invalid API key format"
        return True, None

    async def connect(self, config: Dict[str, Any]) -> Any:
        try:
            from weather_client import AsyncClient
        except ImportError:
            raise ImportError("weather needs the 'weather-client' package")
        try:
            self._client = AsyncClient(config["api_key"], config.get("base_url"), config.get("timeout"))
            await self._client.ping()
            return self._client
        except Exception as e:
            raise ConnectionError(f"Failed to connect: {e}") from e

    async def disconnect(self):
        if self._client:
            await self._client.close()
            self._client = None

    async def get_connection(self) -> Any:
        if not self._client:
            raise ConnectionError("not initialized")
        return self._client

    async def release_connection(self, connection: Any):
        pass

    def get_builtin_tasks(self) -> Dict[str, Callable]:
        return {"weather_get": self._task_get}

    async def _task_get(self, station: str, connection=None) -> Dict[str, Any]:
        """
        Get the weather at a station.

        Args:
            station: Station identifier
            connection: Service client (injected)

        Returns:
            Dict with 'data' key

        Example YAML:
            - weather_get:
                id: today
                connection: api
                station: north
        """
        try:
            return {"data": await connection.get(f"/stations/{station}")}
        except Exception as e:
            raise FlowExecutionError(f"weather failed: {e}") from e

    def get_dependencies(self) -> List[str]:
        return ["weather-client>=1.0.0"]


try:
    from ...exceptions import FlowExecutionError, ConnectionError
except ImportError:
    class FlowExecutionError(Exception):
        pass
'''

INIT = """\
from .provider import WeatherPlugin
from .. import plugin_registry

plugin_registry.register(WeatherPlugin())

__all__ = ["WeatherPlugin"]
"""

WritePlugin = Callable[..., Path]


def minimal(name: str, task: str | None = None, **attributes: object) -> str:
    """The source of a small plugin."""
    lines = "".join(f"    {key} = {value!r}\n" for key, value in attributes.items())
    tasks = "{}" if task is None else f"{{{task!r}: self.work}}"
    return (
        "from ..base import ConnectionPlugin\n\n\n"
        f"class Plugin(ConnectionPlugin):\n    name = {name!r}\n{lines}"
        f"    def get_builtin_tasks(self):\n        return {tasks}\n"
        "    async def work(self, connection=None):\n        '''Work.'''\n"
        f"        return {{'by': {name!r}}}\n"
    )
