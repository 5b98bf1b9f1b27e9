"""Tasks beyond a kind of value: any command, and messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of
from flowlang_plugins.redis.values import stored, stored_key


async def redis_command(command: str, args: list[Any] | None = None, connection: Any = None) -> dict[str, Any]:
    """Run any command that the server has.

    Each command may get another connection: what a command would change about its own connection, as SELECT or
    MULTI do, ends with it. Commands that wait, such as BLPOP, may do so for as long as they say.

    Args:
        command: The command, as `TYPE`, `CONFIG GET` or `GETRANGE greeting 0 4`; its words are split at spaces
        args: Further arguments, each sent as one, with whatever is in it
        connection: The connection (injected)

    Returns:
        result: What the server answers: text, a number, a list or null

    Example YAML:
        - redis_command:
            id: part
            connection: cache
            command: GETRANGE
            args: [greeting, 0, 4]
    """
    if not isinstance(command, str) or not command.split():
        raise FlowExecutionError("`command` must be a command's name")
    if args is not None and not isinstance(args, (list, tuple)):
        raise FlowExecutionError(f"`args` must be a list, not {type(args).__name__}")
    name, *words = command.split()
    sent = [*words, *(stored(value, f"args[{index}]") for index, value in enumerate(args or ()))]
    waits = waiting_time(name.upper(), sent)
    return {"result": await client_of(connection).ask(name.upper(), *sent, waits=waits)}


async def redis_publish(channel: str, message: Any, connection: Any = None) -> dict[str, Any]:
    """Send a message to everybody who listens to a channel at the moment.

    Args:
        channel: The channel
        message: The message: text, or something that is sent as JSON
        connection: The connection (injected)

    Returns:
        receivers: How many listened

    Example YAML:
        - redis_publish:
            id: announce
            connection: cache
            channel: orders
            message: {id: "${inputs.order_id}", status: shipped}
    """
    sent = ("PUBLISH", stored_key(channel, "channel"), stored(message, "message"))
    return {"receivers": await client_of(connection).ask(*sent)}


def waiting_time(name: str, arguments: list[Any]) -> float:
    """How many seconds a command waits at the server by itself; infinite if it waits for ever."""
    place = _TIMES.get(name)
    if place is None:
        return 0.0
    try:
        position, unit = place(arguments)
        time = float(arguments[position]) * unit
    # what can't be understood here is for the server to refuse
    except (ValueError, TypeError, IndexError):
        return 0.0
    return time or float("inf")


def _after_block(arguments: list[Any]) -> tuple[int, float]:
    words = [str(argument).upper() for argument in arguments]
    return words.index("BLOCK") + 1, 0.001


def _first(arguments: list[Any]) -> tuple[int, float]:
    return 0, 1.0


def _last(arguments: list[Any]) -> tuple[int, float]:
    return -1, 1.0


def _last_milliseconds(arguments: list[Any]) -> tuple[int, float]:
    return -1, 0.001


_TIMES: Final[dict[str, Callable[[list[Any]], tuple[int, float]]]] = {
    **dict.fromkeys(("BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BZPOPMIN", "BZPOPMAX"), _last),
    **dict.fromkeys(("BLMPOP", "BZMPOP"), _first),
    **dict.fromkeys(("XREAD", "XREADGROUP"), _after_block),
    **dict.fromkeys(("WAIT", "WAITAOF"), _last_milliseconds),
}
