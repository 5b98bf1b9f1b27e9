"""Registering tasks: names, kinds of callables, stubs, versions."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from flowlang.errors import ConfigurationError, TaskNotFoundError, TaskNotImplementedError
from flowlang.tasks.registry import Task, TaskRegistry


async def fetch(user_id: int, connection: Any) -> None:
    """Fetch a user."""


def send(to: str, context: Any) -> None:
    """Send a mail."""


class Sender:
    def __call__(self, to: str) -> None: ...

    async def deliver(self, to: str, connection: Any) -> None: ...


class AsyncSender:
    async def __call__(self, to: str) -> None: ...


def task_of(function: Any, name: str = "T") -> Task:
    registry = TaskRegistry()
    registry.register(name, function)
    task = registry.get(name)
    assert task is not None
    return task


def test_a_task_has_the_given_name_or_the_functions_own() -> None:
    registry = TaskRegistry()
    assert registry.register("Fetch", description="Gets it")(fetch) is fetch
    assert registry.register(send) is send
    registry.register()(fetch)
    registry.register("Direct", send)
    assert registry.names() == ["Fetch", "send", "fetch", "Direct"] == list(registry)
    assert "send" in registry
    assert "other" not in registry
    assert len(registry) == 4
    assert registry.info("Fetch").description == "Gets it"
    assert registry.info("fetch").description == "Fetch a user."
    assert registry.get("other") is None


def test_an_empty_registry_is_still_a_registry() -> None:
    assert TaskRegistry()


@pytest.mark.parametrize(
    ("function", "is_async", "connection", "context"),
    [
        (fetch, True, True, False),
        (send, False, False, True),
        (functools.partial(fetch, user_id=1), True, True, False),
        (functools.partial(send, "a"), False, False, True),
        (Sender(), False, False, False),
        (AsyncSender(), True, False, False),
        (functools.partial(AsyncSender(), to="a"), True, False, False),
        (Sender().deliver, True, True, False),
        (lambda connection: None, False, True, False),
        (dict, False, False, False),
        (print, False, False, False),
    ],
)
def test_any_callable_can_be_a_task(function: Any, is_async: bool, connection: bool, context: bool) -> None:
    task = task_of(function)
    assert (task.is_async, task.wants_connection, task.wants_context) == (is_async, connection, context)


def test_a_decorated_function_wants_what_the_function_inside_wants() -> None:
    @functools.wraps(fetch)
    async def logged(*args: Any, **kwargs: Any) -> None:
        await fetch(*args, **kwargs)

    task = task_of(logged)
    assert task.wants_connection
    assert [parameter.name for parameter in task.info.parameters] == ["user_id"]
    assert task.info.description == "Fetch a user."


def test_a_name_that_is_taken_is_refused_with_both_places() -> None:
    registry = TaskRegistry()
    registry.register("Fetch", fetch)
    with pytest.raises(ConfigurationError) as caught:
        registry.register("Fetch", send)
    for function in (fetch, send):
        assert f"{__file__}:{function.__code__.co_firstlineno}" in str(caught.value)
    assert registry.register("Fetch", send, replace=True) is send
    task = registry.get("Fetch")
    assert task is not None
    assert task.function is send


@pytest.mark.parametrize("name", ["", " Fetch", "Fetch "])
def test_a_name_must_be_text_without_spaces_around(name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        TaskRegistry().register(name, fetch)


def test_a_function_without_a_name_needs_one() -> None:
    for function in (lambda: 1, functools.partial(send, "a"), Sender()):
        with pytest.raises(ConfigurationError, match="no name of its own"):
            TaskRegistry().register(function)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be a function"):
        TaskRegistry().register("T")(3)  # type: ignore[type-var]  # what is tested


def test_parameters_by_position_only_are_refused() -> None:
    def half(a: int, /, b: int) -> None: ...

    for function in (half, len):
        with pytest.raises(ConfigurationError, match="by position only"):
            TaskRegistry().register("T", function)


def test_generators_are_refused() -> None:
    def items() -> Iterator[int]:
        yield 1

    async def pages() -> AsyncIterator[int]:
        yield 1

    for function in (items, pages):
        with pytest.raises(ConfigurationError, match="generator") as caught:
            TaskRegistry().register("T", function)
        assert caught.value.hint is not None


async def test_calling_a_stub_says_where_to_write_it() -> None:
    registry = TaskRegistry()

    @registry.stub("Later", description="Not yet")
    def later(amount: int, connection: Any) -> dict[str, int]:
        """Does nothing so far."""
        raise AssertionError("a stub's body never runs")

    task = registry.get("Later")
    assert task is not None
    assert task.stub
    assert task.is_async
    assert task.wants_connection
    assert task.info.stub
    assert [parameter.name for parameter in task.info.parameters] == ["amount"]
    with pytest.raises(TaskNotImplementedError) as caught:
        await task.function(amount=1)
    place = f"{__file__}:{later.__code__.co_firstlineno}"
    assert place in str(caught.value)
    assert caught.value.hint is not None
    assert place in caught.value.hint


def test_a_body_that_raises_not_implemented_is_an_ordinary_task_with_a_hint() -> None:
    def later() -> None:
        raise NotImplementedError

    task = task_of(later, "Later")
    assert not task.stub
    assert task.function is later
    assert task.hint_to_write == f"write the body of `Later` at {__file__}:{later.__code__.co_firstlineno}"


def test_every_change_gives_a_version_that_was_never_there() -> None:
    registry = TaskRegistry()
    versions = [registry.version]
    registry.register("Fetch", fetch)
    versions.append(registry.version)
    registry.register("Fetch", send, replace=True)
    versions.append(registry.version)
    registry.unregister("Fetch")
    versions.append(registry.version)
    assert "Fetch" not in registry
    versions.append(TaskRegistry().version)
    assert versions == sorted(set(versions))


def test_a_task_that_is_not_there_is_an_error_with_the_near_miss() -> None:
    registry = TaskRegistry()
    registry.register("SendMail", send)
    with pytest.raises(TaskNotFoundError, match="did you mean `SendMail`"):
        registry.info("SendMial")
    with pytest.raises(TaskNotFoundError, match="there is no task `Xyz`"):
        registry.unregister("Xyz")
