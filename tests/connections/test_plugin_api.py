"""The plugin API: defaults, dependencies, reporting of statements, work that is done to its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowlang.connections.base import ConnectionPlugin, Statement, shielded, statement, statement_sink
from flowlang.connections.dependencies import is_met, parse_version


class Plain(ConnectionPlugin):
    """Says as little as a plugin may."""

    name = "plain"

    def get_config_schema(self) -> dict[str, Any]:
        return {"type": "object", "required": ["api_key"], "properties": {"api_key": {"type": "string"}}}


def test_a_plugin_can_leave_everything_optional_out(tmp_path: Any) -> None:
    plugin = Plain()

    assert plugin.validate_config({}) == (True, None)
    assert plugin.get_builtin_tasks() == {}
    assert plugin.check_dependencies() == (True, [])
    assert plugin.scaffold_example_flow(str(tmp_path)) is None
    assert plugin.scaffold_task_helpers(str(tmp_path)) is None
    assert plugin.scaffold_connection_config("api") == "  api:\n    type: plain\n    api_key: ${env.PLAIN_API_KEY}\n"
    assert plugin.get_info()["config_schema"]["required"] == ["api_key"]


def test_dependencies_that_are_missing_or_too_old_are_named() -> None:
    class Needy(Plain):
        def get_dependencies(self) -> list[str]:
            return ["aiosqlite>=0.1", "aiosqlite>=999", "no-such-distribution", "PyYAML[x]>=5,<99"]

    assert Needy().check_dependencies() == (False, ["aiosqlite>=999", "no-such-distribution"])


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("1.9", "1.10"), ("1.0rc1", "1.0"), ("1.0a2", "1.0b1"), ("1.0.dev3", "1.0a1"), ("1.0", "1.0.post1"), ("9", "1!0")],
)
def test_versions_compare_as_versions(earlier: str, later: str) -> None:
    first, second = parse_version(earlier), parse_version(later)

    assert first is not None
    assert second is not None
    assert first < second


def test_a_version_may_have_zeros_at_its_end() -> None:
    assert parse_version("1.0.0") == parse_version("1")


@pytest.mark.parametrize("requirement", ["pytest~=8.4", "pytest==8.*", "pytest!=8.0.1", "pytest (>=8)", "pytest"])
def test_a_requirement_is_met(requirement: str) -> None:
    assert is_met(requirement)


@pytest.mark.parametrize("requirement", ["pytest~=7.4", "pytest==7.*", "pytest!=8.*", "pytest<8", "pytest>=8,<8.1", ""])
def test_a_requirement_is_not_met(requirement: str) -> None:
    assert not is_met(requirement)


def test_a_statement_reaches_the_sink_with_rows_and_time() -> None:
    heard: list[Statement] = []
    token = statement_sink.set(heard.append)
    with statement("SELECT 1", [7]) as sent:
        sent.rows = 1
    statement_sink.reset(token)

    assert [(one.text, one.params, one.rows, one.error) for one in heard] == [("SELECT 1", [7], 1, None)]
    assert heard[0].duration_ms >= 0


def test_a_statement_that_fails_is_reported_with_its_error() -> None:
    heard: list[Statement] = []
    token = statement_sink.set(heard.append)
    with pytest.raises(ValueError, match="bad"), statement("SELECT"):
        raise ValueError("bad")
    statement_sink.reset(token)

    assert heard[0].error == "bad"


def test_a_statement_without_a_sink_goes_nowhere() -> None:
    with statement("SELECT 1"):
        pass


async def test_shielded_work_is_done_to_its_end_and_then_the_cancellation_arrives() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    done = []

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.append(True)

    task = asyncio.create_task(shielded(work()))
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == [True]


async def test_shielded_work_gives_its_result_or_its_error() -> None:
    async def fine() -> int:
        return 7

    async def broken() -> int:
        raise LookupError("gone")

    assert await shielded(fine()) == 7
    with pytest.raises(LookupError):
        await shielded(broken())
