"""Keeps a read-only connection from writing: only what the server itself calls reading is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from flowlang.errors import FlowExecutionError

#: Commands about the connection itself. They leave the data as it is, but the server doesn't flag them as reading.
_HOUSEKEEPING: Final = frozenset(
    {"auth", "command", "discard", "echo", "exec", "hello", "info", "multi", "ping", "quit", "reset", "select", "time"}
    | {"subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "watch", "unwatch"}
    | {"client|getname", "client|id", "client|info", "client|list", "client|setinfo", "client|setname"}
    | {"command|count", "command|docs", "command|info", "command|list"}
)


class Guard:
    """Knows which commands only read, from the server's answer to COMMAND."""

    def __init__(self, commands: Iterable[Any]) -> None:
        self._reading: set[str] = set()
        self._containers: set[str] = set()
        for command in commands:
            self._learn(command)

    def _learn(self, command: Any) -> None:
        name, flags = _text(command[0]), {_text(flag) for flag in command[2]}
        # since Redis 7 a command tells of its subcommands; before, its flags stand for all of them
        subcommands = command[9] if len(command) > 9 else ()
        if subcommands:
            self._containers.add(name)
            for subcommand in subcommands:
                self._learn(subcommand)
        elif "readonly" in flags and "write" not in flags:
            self._reading.add(name)

    def check(self, packed: bytes) -> None:
        """Refuse what is about to be sent, unless every command in it only reads."""
        for arguments in _commands(packed):
            name = arguments[0]
            if name in ("client", "command") or name in self._containers:
                name = "|".join(arguments)
            if name not in self._reading and name not in _HOUSEKEEPING:
                raise FlowExecutionError(
                    f"{name.replace('|', ' ').upper()} was refused: the connection is `read_only`",
                    hint="only commands that the server flags as reading pass; scripts can run by EVAL_RO or FCALL_RO",
                )


def _commands(packed: bytes) -> Iterator[list[str]]:
    """The first two words, in small letters, of each command in the protocol's bytes."""
    position = 0
    while position < len(packed):
        count, position = _number(packed, position, b"*")
        words = []
        for index in range(count):
            length, position = _number(packed, position, b"$")
            if index < 2:
                words.append(packed[position : position + length].decode("utf-8", "replace").lower())
            position += length + 2
        if not words or position > len(packed):
            raise _Unreadable
        yield words


def _number(packed: bytes, position: int, marker: bytes) -> tuple[int, int]:
    end = packed.find(b"\r\n", position)
    digits = packed[position + 1 : end]
    if end < 0 or packed[position : position + 1] != marker or not digits.isdigit():
        raise _Unreadable
    return int(digits), end + 2


_Unreadable: Final = FlowExecutionError("what is no sequence of commands can't be sent on a `read_only` connection")


def _text(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).lower()
