"""A value of any size as a tree of rows, of which each part is made when somebody opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

from rich.cells import cell_len, chop_cells

from flowlang.values import to_json
from flowlang_tui.inert import inert

#: So many items, and so many characters of a text, are shown at once; more come in parts that can be opened.
ITEMS: Final = 100
CHARACTERS: Final = 4000

#: A list of up to so many maps with the same keys, of which there are up to so many, can be a table.
TABLE_ROWS: Final = 2000
TABLE_COLUMNS: Final = 30

_CELL: Final = 40
_PREVIEW: Final = 60
_SHORT: Final = 16

Part = tuple[str, str]
Role = Literal["value", "section", "part", "lines", "head", "row", "place"]


class Node:
    """A row that may have others inside. `label` is its name, `value` what it shows; `note` stands in for a preview.

    `copied` gives another text to copy than the value as JSON, and what that text is.
    """

    __slots__ = (
        "_fixed",
        "_made",
        "_made_for",
        "as_table",
        "copied",
        "depth",
        "is_open",
        "label",
        "note",
        "parent",
        "role",
        "value",
    )

    def __init__(
        self,
        label: str,
        value: Any,
        *,
        role: Role = "value",
        note: str | None = None,
        is_open: bool = False,
        children: Sequence[Node] | None = None,
        copied: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        self.label = label
        self.value = value
        self.role: Role = role
        self.note = note
        self.is_open = is_open
        self.copied = copied
        self.depth = 0
        self.parent: Node | None = None
        self.as_table = True
        self._fixed = children is not None
        self._made = self._adopt(children or ())
        self._made_for: tuple[bool, int] | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The labels from the root to here: what tells a node from the others."""
        return (*(self.parent.path if self.parent is not None else ()), self.label)

    @property
    def can_open(self) -> bool:
        """Whether there is something inside."""
        if self._fixed:
            return bool(self._made)
        if isinstance(self.value, str):
            return self.role in ("value", "part") and (len(self.value) > _SHORT or "\n" in self.value)
        return self.role not in ("head", "lines") and isinstance(self.value, (dict, list, _Slice)) and bool(self.value)

    @property
    def can_be_table(self) -> bool:
        """Whether what is inside can be shown as a table."""
        value = self.value
        return isinstance(value, (list, _Slice)) and len(value) <= TABLE_ROWS and is_table(list(value))

    def children(self, width: int) -> list[Node]:
        """What is inside; texts are broken into rows of `width` cells."""
        wanted = (self.as_table, width if isinstance(self.value, str) else 0)
        if not self._fixed and wanted != self._made_for:
            self._made, self._made_for = self._adopt(self._make(max(width, 10))), wanted
        return self._made

    def text(self) -> tuple[str, str]:
        """What is copied of it, and what that is."""
        if self.copied is not None:
            return self.copied()
        if self.role == "section" and self._fixed:
            return "\n".join(child.text()[0] for child in self._made), self.label.lower()
        value = list(self.value) if isinstance(self.value, _Slice) else self.value
        return to_json(value, indent=2), "value"

    def _adopt(self, children: Sequence[Node]) -> list[Node]:
        for child in children:
            child.parent = self
        return list(children)

    def _make(self, width: int) -> list[Node]:
        value = self.value
        if isinstance(value, str):
            return list(_text(value, width)) if len(value) <= CHARACTERS else list(_texts(value))
        if self.as_table and self.can_be_table:
            return list(_table(list(value)))
        if isinstance(value, dict):
            if len(value) > ITEMS:
                return list(_parts_of_map(value))
            return [Node(key, item) for key, item in value.items()]
        entries = value if isinstance(value, _Slice) else _Slice(value, 0, len(value))
        return list(_entries(entries))


class _Slice(Sequence[Any]):
    """A part of a list, which is not copied."""

    __slots__ = ("of", "start", "stop")

    def __init__(self, of: Sequence[Any], start: int, stop: int) -> None:
        self.of = of
        self.start = start
        self.stop = min(stop, len(of))

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, index: Any) -> Any:
        return self.of[self.start + index]

    def __iter__(self) -> Iterator[Any]:
        return islice(self.of, self.start, self.stop)


def _entries(entries: _Slice) -> Iterator[Node]:
    """Items, or parts with at most a hundred items or a hundred parts each."""
    step = 1
    while step * ITEMS < len(entries):
        step *= ITEMS
    for start in range(entries.start, entries.stop, step):
        if step == 1:
            yield Node(str(start), entries.of[start])
        else:
            part = _Slice(entries.of, start, min(start + step, entries.stop))
            yield Node(f"[{start}…{part.stop - 1}]", part, role="part")


def _parts_of_map(value: dict[str, Any]) -> Iterator[Node]:
    items = list(value.items())
    for start in range(0, len(items), ITEMS):
        part = dict(items[start : start + ITEMS])
        yield Node(f"[{start}…{start + len(part) - 1}]", part, role="part")


def _texts(text: str) -> Iterator[Node]:
    step = CHARACTERS
    while step * ITEMS < len(text):
        step *= ITEMS
    for start in range(0, len(text), step):
        part = text[start : start + step]
        yield Node(f"characters {start:,}…{start + len(part) - 1:,}", part, role="part")


def _text(text: str, width: int) -> Iterator[Node]:
    rows = [row for line in inert(text, newlines=True).split("\n") for row in _broken(line, width)]
    for number, row in enumerate(rows):
        yield Node(str(number), row, role="lines")


def _broken(line: str, width: int) -> Iterator[str]:
    """A line in rows, broken between words where there are any; one with wide characters where the room ends."""
    if cell_len(line) != len(line):
        yield from chop_cells(line, width)
        return
    while len(line) > width:
        at = line.rfind(" ", width // 2, width + 1) + 1 or width
        yield line[:at].rstrip()
        line = line[at:]
    yield line


def is_table(value: Sequence[Any]) -> bool:
    """Whether all items are maps with the same keys, few and with nothing inside."""
    if not 0 < len(value) <= TABLE_ROWS or not isinstance(value[0], dict) or not 0 < len(value[0]) <= TABLE_COLUMNS:
        return False
    keys = value[0].keys()
    return all(isinstance(row, dict) and row.keys() == keys for row in value)


def _table(rows: list[dict[str, Any]]) -> Iterator[Node]:
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    heads = [inert(name)[:_CELL] for name in names]
    widths = [max(cell_len(head), *(cell_len(row[at]) for row in cells)) for at, head in enumerate(heads)]
    numeric = [all(isinstance(row[name], (int, float)) for row in rows) for name in names]
    yield Node("", "  ".join(map(_padded, heads, widths)), role="head")
    for number, (row, line) in enumerate(zip(rows, cells, strict=True)):
        shown = "  ".join(map(_padded, line, widths, numeric))
        yield Node(str(number), row, role="row", note=shown.rstrip())


def _padded(text: str, width: int, right: bool = False) -> str:
    room = " " * (width - cell_len(text))
    return room + text if right else text + room


def _cell(value: Any) -> str:
    text = inert(value[: _CELL + 1]) if isinstance(value, str) else preview(value)
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def preview(value: Any, room: int = _PREVIEW) -> str:
    """A value in a few characters, inert."""
    if isinstance(value, str):
        return _quoted(value, room)
    if isinstance(value, dict):
        return _inside(value, room) if value else "{}"
    if isinstance(value, (list, _Slice)):
        flat = _flat(value, room)
        if flat:
            return flat
        noun = "rows" if len(value) and isinstance(value[0], dict) else "items"
        return f"{len(value):,} {noun if len(value) != 1 else noun[:-1]}" if len(value) else "[]"
    return to_json(value)[:room]


def _inside(value: dict[str, Any], room: int) -> str:
    shown = []
    for key, item in islice(value.items(), 6):
        inner = f"{{{len(item)}}}" if isinstance(item, dict) else preview(item, room // 2)
        shown.append(f"{inert(str(key)[:room])}: {inner}")
    more = ", …" if len(value) > len(shown) else ""
    text = ", ".join(shown) + more
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _flat(value: Sequence[Any], room: int) -> str:
    """A short list of simple items as JSON; empty if it is not one."""
    if not 0 < len(value) <= 8 or any(isinstance(item, (dict, list)) for item in value):
        return ""
    text = f"[{', '.join(preview(item, room) for item in value)}]"
    return text if len(text) <= room else ""


def _quoted(text: str, room: int) -> str:
    if len(text) <= room and "\n" not in text:
        return f'"{inert(text)}"'
    short = inert(text[:room].split("\n", 1)[0])
    return f'"{short}… {len(text):,} characters'


def kind_of(value: Any) -> str:
    """The word for a value's colour: string, number, constant or container."""
    if isinstance(value, str):
        return "string"
    if value is None or isinstance(value, bool):
        return "constant"
    return "number" if isinstance(value, (int, float)) else "container"
