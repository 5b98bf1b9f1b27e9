"""The contract of a connection plugin, as checks that anybody can run against theirs.

In a test of the plugin::

    from flowlang.connections.contract import checks

    @pytest.mark.parametrize("check", checks(MyPlugin, url=URL), ids=str)
    async def test_the_plugin_keeps_the_contract(check):
        await check()

and `flowlang connection verify` on the command line. Without a URL, or `live`, the checks that need a server are
skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.contract.core import (
    DEFINITIONS,
    Check,
    CheckResult,
    NotApplicable,
    Violation,
)
from flowlang.connections.contract.subject import RunFlow, Subject

# each module adds its checks when it is imported: this is the order in which they are run
for _part in (
    *("identity", "schemas", "configs", "tasks", "writing", "unconnected", "driverless"),
    *("connected", "pooling", "running"),
):
    import_module(f"{__name__}.{_part}")

__all__ = ["Check", "CheckResult", "NotApplicable", "Violation", "checks", "verify"]


def checks(
    plugin: type[ConnectionPlugin],
    url: str | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    live: bool | None = None,
    run: RunFlow | None = None,
) -> list[Check]:
    """The checks of the contract for one plugin.

    `url` is that of a server that may be used, `config` what else the configuration needs; with `live` that leads
    to a server by itself. `run` runs a flow given as data, such as `FlowExecutor().execute_flow`: with it the
    example flow is not only checked but run. Raises ConfigurationError for a plugin that takes no URL.
    """
    subject = Subject(plugin, url, config or {}, run, live=url is not None if live is None else live)
    return [Check(definition, subject) for definition in DEFINITIONS]


async def verify(
    plugin: type[ConnectionPlugin],
    url: str | None = None,
    on_result: Callable[[CheckResult], object] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    live: bool | None = None,
    run: RunFlow | None = None,
) -> list[CheckResult]:
    """Run all checks; `on_result` is called with each result as it comes."""
    results = []
    for check in checks(plugin, url, config=config, live=live, run=run):
        results.append(await check.run())
        if on_result is not None:
            on_result(results[-1])
    return results
