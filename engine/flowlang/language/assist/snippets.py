"""Texts to insert: keys, kinds of steps, tasks with the arguments that they need."""

from __future__ import annotations

from collections.abc import Container
from typing import Final, NamedTuple

from flowlang.language.catalog import Parameter, TaskInfo
from flowlang.language.vocabulary import KIND, RESERVED, Key

_LISTS: Final = frozenset({"steps", "handler", "elifs", "cases", "inputs", "outputs", "triggers"})
_MAPS: Final = frozenset({"retry", "connections", "arguments"})
#: A value of each type that says nothing yet.
EMPTY_VALUES: Final = {
    "string": '""',
    "integer": "0",
    "number": "0",
    "boolean": "false",
    "array": "[]",
    "object": "{}",
    "null": "null",
}


class Snippet(NamedTuple):
    """A text to insert, with where in it the cursor goes; None is its end."""

    text: str
    cursor: int | None = None


def key_snippet(key: Key, column: int, in_braces: bool) -> Snippet:
    """A key with what is the same for all its values. `column` is where it stands, from 0."""
    if key.name == "exit":
        return Snippet("exit: {}", 7) if not in_braces else Snippet("exit: ")
    if in_braces or key.shape not in _LISTS | _MAPS:
        return Snippet(f"{key.name}: ")
    dash = "- " if key.shape in _LISTS else ""
    return Snippet(f"{key.name}:\n{' ' * (column + 2)}{dash}")


def kind_snippet(kind: str, column: int) -> Snippet:
    """A step of a kind with the keys that it must have."""
    if kind == "exit":
        return Snippet("exit")
    inner = " " * (column + 2)
    lines = []
    for key in KIND[kind].keys:
        if key.name == kind or key.required or (kind == "if" and key.name == "then"):
            lines.append(f"{key.name}:\n{inner}- " if key.shape in ("steps", "cases") else f"{key.name}: ")
    text = f"\n{' ' * column}".join(lines)
    if kind == "switch":
        text += f"when: \n{inner}  do:\n{inner}    - "
    first = text.find("\n")
    return Snippet(text, first if first > 0 and text[first - 1] == " " else None)


def task_snippet(info: TaskInfo, column: int, id: str, connection: str | None = None) -> Snippet:
    """A step that calls a task. Tasks of plugins are written with their arguments below their name."""
    builtin = info.provider is not None
    inner = " " * (column + 2)
    margin = inner if builtin else " " * column
    lines = [f"{info.name}:" if builtin else f"task: {info.name}", f"{margin}id: {id}"]
    if connection is not None:
        lines.append(f"{margin}connection: {connection}")
    needed = required(info)
    if needed and not builtin:
        lines.append(f"{margin}inputs:")
    head = "\n".join(lines)
    text = "\n".join([head, *(f"{inner}{parameter.name}: " for parameter in needed)])
    return Snippet(text, len(head) + len(inner) + len(needed[0].name) + 3 if needed else None)


def arguments_snippet(info: TaskInfo, column: int) -> Snippet:
    """The `inputs` of a step whose task is named, to stand after that name."""
    needed = required(info)
    if not needed:
        return Snippet(info.name)
    head = f"{info.name}\n{' ' * column}inputs:"
    inner = " " * (column + 2)
    text = "\n".join([head, *(f"{inner}{parameter.name}: " for parameter in needed)])
    return Snippet(text, len(head) + len(inner) + len(needed[0].name) + 3)


def required(info: TaskInfo) -> list[Parameter]:
    """The arguments that a task needs."""
    return [parameter for parameter in info.parameters if parameter.required]


def signature(info: TaskInfo) -> str:
    """The arguments of a task in a line."""
    shown = [
        f"{one.name}{'' if one.required else '?'}" + (f": {one.type}" if one.type else "") for one in info.parameters
    ]
    if info.open_ended:
        shown.append("…")
    return f"({', '.join(shown)})"


def free_id(base: str, taken: Container[str]) -> str:
    """`base`, with a number where that is the id of a step already."""
    id, number = base, 1
    while id in taken or id in RESERVED:
        number += 1
        id = f"{base}_{number}"
    return id
