"""Plain data as a person reads it: names, values, tables; nothing that could steer a terminal."""

from __future__ import annotations

from typing import Any, Final

from flowlang.cli.spelling import json_of
from flowlang.cli.terminal import cut, inert, one_line, width

#: How many rows of a table, and items of a list, are shown.
ROWS: Final = 50

_CELL: Final = 40
_COLUMNS: Final = 8


def readable(value: Any, indent: int = 0) -> list[str]:
    """`value`, which must be plain data, as lines."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        return _entries(value, indent)
    if isinstance(value, list) and value:
        return _table(value, pad) if _is_table(value) else _items(value, indent)
    return [pad + line for line in (inert(value) if isinstance(value, str) and value else json_of(value)).split("\n")]


def _entries(value: dict[str, Any], indent: int) -> list[str]:
    lines = []
    for key, item in value.items():
        name = f"{' ' * indent}{one_line(key)}:"
        if (isinstance(item, (dict, list)) and item) or (isinstance(item, str) and "\n" in item):
            lines += [name, *readable(item, indent + 2)]
        else:
            lines.append(f"{name} {readable(item)[0]}")
    return lines


def _items(value: list[Any], indent: int) -> list[str]:
    lines = []
    for item in value[:ROWS]:
        first, *rest = readable(item, indent + 2)
        lines += [f"{' ' * indent}- {first[indent + 2 :]}", *rest]
    return lines + _left_out(value, " " * indent)


def _is_table(value: list[Any]) -> bool:
    first = value[0]
    return (
        isinstance(first, dict)
        and 0 < len(first) <= _COLUMNS
        and all(
            isinstance(row, dict)
            and row.keys() == first.keys()
            and not any(isinstance(cell, (dict, list)) for cell in row.values())
            for row in value
        )
    )


def _table(rows: list[dict[str, Any]], pad: str) -> list[str]:
    names = list(rows[0])
    table = [[_cell(name) for name in names]]
    table += [[_cell(row[name]) for name in names] for row in rows[:ROWS]]
    numeric = [all(isinstance(row[name], (int, float)) for row in rows[:ROWS]) for name in names]
    widths = [max(width(row[column]) for row in table) for column in range(len(names))]
    table.insert(1, ["─" * cells for cells in widths])
    lines = []
    for row in table:
        cells = [
            " " * (room - width(cell)) + cell if right else cell + " " * (room - width(cell))
            for cell, room, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append(f"{pad}{'  '.join(cells)}".rstrip())
    return lines + _left_out(rows, pad)


def _cell(value: Any) -> str:
    return cut(one_line(value if isinstance(value, str) else json_of(value)), _CELL)


def _left_out(value: list[Any], pad: str) -> list[str]:
    return [f"{pad}… and {len(value) - ROWS} more"] if len(value) > ROWS else []


def duration(ms: float) -> str:
    """A time as people say it: `12 ms`, `1.35 s`, `4 min 10 s`."""
    if ms < 1000:
        return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
