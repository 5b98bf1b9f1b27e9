"""Values on the screen as a tree: as large as they may be, only the rows that are seen are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.geometry import Size
from textual.message import Message

from flowlang_tui.inert import inert
from flowlang_tui.widgets.line_view import Piece, Row, SteadyView
from flowlang_tui.widgets.value_nodes import CHARACTERS, Node, kind_of, preview

_INDENT: Final = 2
_WIDEST: Final = 500


class ValueTree(SteadyView):
    """Shows nodes. What is open and selected stays so when the nodes are replaced by others with the same labels."""

    looks = "value-tree"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "value-tree--section",
        "value-tree--label",
        "value-tree--note",
        "value-tree--string",
        "value-tree--number",
        "value-tree--constant",
        "value-tree--container",
        "value-tree--head",
        "value-tree--selected",
    }

    DEFAULT_CSS = """
    ValueTree {
        height: 1fr; overflow-x: auto; overflow-y: auto; scrollbar-size: 1 1;
        .value-tree--section { color: $text-primary; text-style: bold; }
        .value-tree--label { color: $text-accent; }
        .value-tree--note { color: $text-muted; }
        .value-tree--string { color: $text-success; }
        .value-tree--number { color: $text-warning; }
        .value-tree--constant { color: $text-secondary; }
        .value-tree--container { color: $text-muted; }
        .value-tree--head { color: $text-accent; text-style: underline; }
        .value-tree--selected { background: $block-cursor-blurred-background; }
        &:focus .value-tree--selected { background: $block-cursor-background 40%; }
    }
    """

    class Opened(Message):
        """Enter was pressed, or a second click made, on a row that has nothing inside."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.selected = 0
        self._roots: list[Node] = []
        self._rows: list[Node] = []
        self._toggled: dict[tuple[str, ...], bool] = {}
        self._trees: set[tuple[str, ...]] = set()

    def show(self, roots: Sequence[Node]) -> None:
        """Show other nodes."""
        before = self.node.path if self.node is not None else None
        self._roots = list(roots)
        self._lay_out()
        paths = (row for row, node in enumerate(self._rows) if node.path == before)
        self.selected = next(paths, min(self.selected, max(len(self._rows) - 1, 0)))
        self.repaint()

    def start_over(self) -> None:
        """Go to the first row."""
        self.selected = 0
        self.scroll_to(0, 0, animate=False, force=True)
        self.repaint()

    @property
    def rows(self) -> list[str]:
        """The rows as text, as they stand on the screen."""
        return ["".join(text for text, _ in self._parts(node)) for node in self._rows]

    @property
    def node(self) -> Node | None:
        """The selected one."""
        return self._rows[self.selected] if self.selected < len(self._rows) else None

    def select(self, row: int) -> None:
        """Select a row and show it."""
        if not self._rows:
            return
        self.selected = min(max(row, 0), len(self._rows) - 1)
        self.measure()
        self.show_line(self.selected)
        self.repaint()

    def move(self, rows: int) -> None:
        """Select the row so many further down."""
        self.select(self.selected + rows)

    def page(self, direction: int) -> None:
        """Go a page down (1) or up (-1)."""
        self.move(direction * max(self.room.height - 1, 1))

    def toggle(self) -> None:
        """Open the selected row or close it; one with nothing inside is reported."""
        node = self.node
        if node is not None and self._opens(node):
            self._set_open(node, not node.is_open)
        elif node is not None:
            self.post_message(self.Opened(node))

    def go_inside(self) -> None:
        """Open the selected row, or go to the first inside it."""
        node = self.node
        if node is not None and self._opens(node):
            if node.is_open:
                self.move(1)
            else:
                self._set_open(node, True)

    def go_outside(self) -> None:
        """Close the selected row, or go to the one around it."""
        node = self.node
        if node is None:
            return
        if node.is_open and self._opens(node):
            self._set_open(node, False)
        elif node.parent is not None:
            self.select(self._rows.index(node.parent))

    def toggle_table(self) -> bool:
        """Show the selected list, or the one the selection is in, as a table or a tree; whether it can be one."""
        node = self.node
        while node is not None and not node.can_be_table:
            node = node.parent
        if node is None:
            return False
        self._trees ^= {node.path}
        self._toggled[node.path] = True
        self._lay_out()
        self.select(self._rows.index(node))
        return True

    def open_all(self) -> None:
        """Open the selected row and the first twenty parts in it."""
        node = self.node
        if node is not None and self._opens(node):
            self._toggled[node.path] = True
            for child in node.children(self._room(node))[:20]:
                if child.role == "part":
                    self._toggled[child.path] = True
            self._set_open(node, True)

    def row(self, y: int) -> Row:
        """What a line of the screen shows."""
        left, top = self.scroll_offset
        at = top + y
        if at >= len(self._rows):
            return Row((), left=left)
        return Row(tuple(self._parts(self._rows[at])), selected=at == self.selected, left=left)

    def _parts(self, node: Node) -> list[Piece]:
        sign = ("▾ " if node.is_open else "▸ ") if self._opens(node) else "  "
        pad = " " * (_INDENT * node.depth)
        if node.role == "head":
            return [(f"{pad}  ", "note"), (str(node.value), "head")]
        if node.role == "lines":
            return [(f"{pad}  {node.value}", "string")]
        if node.role == "row":
            return [(f"{pad}{sign}", "note"), (node.note or "", "string")]
        if node.role in ("section", "place"):
            return [(f"{pad}{sign}", "note"), (inert(node.label), "section"), (f"  {inert(node.note or '')}", "note")]
        label = [(f"{pad}{sign}", "note"), (inert(node.label), "label"), ("  ", "note")]
        if node.note is not None:
            return [*label, (inert(node.note), "note")]
        if node.is_open and self._opens(node) and isinstance(node.value, (dict, str)):
            return [*label, (_size(node.value), "note")]
        return [*label, (preview(node.value, max(self._room(node) - len(node.label), 20)), kind_of(node.value))]

    def _room(self, node: Node) -> int:
        return max(self.room.width - _INDENT * (node.depth + 1) - 2, 20)

    def _opens(self, node: Node) -> bool:
        """Whether there is more inside a row than it shows itself."""
        if isinstance(node.value, str) and "\n" not in node.value:
            return node.can_open and len(node.value) + len(node.label) > self._room(node)
        return node.can_open

    def _set_open(self, node: Node, is_open: bool) -> None:
        self._toggled[node.path] = is_open
        self._lay_out()
        self.select(self._rows.index(node))

    def _fit(self) -> None:
        self._lay_out()
        self.repaint()

    def _lay_out(self) -> None:
        self.measure()
        rows: list[Node] = []
        waiting: list[tuple[Node, int]] = [(node, 0) for node in reversed(self._roots)]
        while waiting:
            node, depth = waiting.pop()
            node.depth = depth
            rows.append(node)
            if self._opens(node):
                path = node.path
                node.is_open = self._toggled.get(path, node.is_open)
                node.as_table = path not in self._trees
                if node.is_open:
                    waiting += [(child, depth + 1) for child in reversed(node.children(self._room(node)))]
        self._rows = rows
        lines = (
            len(str(node.note or node.value)) + _INDENT * node.depth + 2
            for node in rows
            if node.role in ("head", "row")
        )
        self.virtual_size = Size(min(max(lines, default=0), _WIDEST), len(rows))

    def on_resize(self) -> None:
        """Break texts for the new width."""
        self.call_later(self._fit)

    def on_click(self, event: events.Click) -> None:
        """A click selects a row, one on its sign or a second one opens it."""
        row = self.scroll_offset.y + event.y
        if row < len(self._rows):
            self.select(row)
            node = self._rows[row]
            if event.chain == 2 or event.x + self.scroll_offset.x < _INDENT * (node.depth + 1):
                self.toggle()


def _size(value: dict[str, object] | str) -> str:
    """How large an open value is; a text that can be seen at once needs no number."""
    if isinstance(value, str):
        return f"{len(value):,} characters" if len(value) > CHARACTERS else ""
    return "1 value" if len(value) == 1 else f"{len(value):,} values"
