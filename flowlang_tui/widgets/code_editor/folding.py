"""Which lines are hidden because a block above them is folded. Rows are lines from 0, `y` is a row of what is shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from flowlang_tui.widgets.code_editor.languages import TAB_WIDTH

#: A head is not looked for beyond so many empty lines.
_MAX_EMPTY: Final = 50


class Block(NamedTuple):
    """A block of lines: its head stays, the lines after it up to `last` can be hidden."""

    head: int
    last: int


def block_at(lines: Sequence[str], head: int) -> Block | None:
    """The block of which `head` is the first line: the lines below that are indented more, without empty ones at
    the end; for a key that stands alone also the items of a list right below it.
    """
    if not is_head(lines, head):
        return None
    indent = indent_of(lines[head])
    items = _takes_items(lines[head])
    last = head
    for row in range(head + 1, len(lines)):
        line = lines[row]
        if not line.strip():
            continue
        if not _belongs(line, indent, items):
            break
        last = row
    return Block(head, last)


def is_head(lines: Sequence[str], row: int) -> bool:
    """Whether a block starts at the line."""
    line = lines[row]
    if not line.strip():
        return False
    for below in lines[row + 1 : row + _MAX_EMPTY]:
        if below.strip():
            return _belongs(below, indent_of(line), _takes_items(line))
    return False


def head_before(lines: Sequence[str], row: int) -> int:
    """The line above that may become a head, or stop being one, when this line changes."""
    for above in range(row - 1, max(-1, row - _MAX_EMPTY), -1):
        if lines[above].strip():
            return above
    return row


def block_around(lines: Sequence[str], row: int) -> Block | None:
    """The smallest block that a line is in, below its head."""
    while row > 0 and not lines[row].strip():
        row -= 1
    for head in range(row - 1, -1, -1):
        if lines[head].strip() and _belongs(lines[row], indent_of(lines[head]), _takes_items(lines[head])):
            return block_at(lines, head)
    return None


def blocks_of(lines: Sequence[str]) -> list[Block]:
    """Every block of a text, by its head."""
    found: list[Block] = []
    open_heads: list[tuple[int, int, bool]] = []
    last = -1
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        indent = indent_of(line)
        while open_heads and not _belongs(line, open_heads[-1][1], open_heads[-1][2]):
            head = open_heads.pop()[0]
            if last > head:
                found.append(Block(head, last))
        open_heads.append((row, indent, _takes_items(line)))
        last = row
    found += [Block(head, last) for head, _, _ in open_heads if last > head]
    return sorted(found)


def indent_of(line: str) -> int:
    """The cells that a line is indented."""
    space = line[: len(line) - len(line.lstrip())]
    return len(space.expandtabs(TAB_WIDTH)) if "\t" in space else len(space)


def _takes_items(line: str) -> bool:
    return line.rstrip().endswith(":") and not line.lstrip().startswith("- ")


def _belongs(line: str, indent: int, items: bool) -> bool:
    of_line = indent_of(line)
    return of_line > indent or (items and of_line == indent and line[of_line : of_line + 2] in ("- ", "-"))


class Folds:
    """The blocks that are folded, and where the rows are that remain."""

    __slots__ = ("_before", "_blocks", "_first_y", "_hidden")

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._arrange()

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def blocks(self) -> list[Block]:
        """The folded blocks by their heads, those inside of others too."""
        return [Block(head, last) for head, last in sorted(self._blocks.items())]

    @property
    def hidden_count(self) -> int:
        """How many rows are hidden."""
        return self._before[-1]

    def set(self, blocks: Sequence[Block]) -> None:
        """Fold these blocks and no others."""
        self._blocks = {block.head: block.last for block in blocks}
        self._arrange()

    def fold(self, block: Block) -> None:
        """Hide a block's lines."""
        self.set([*self.blocks, block])

    def unfold(self, head: int) -> None:
        """Show the lines of the block with this head again."""
        self.set([block for block in self.blocks if block.head != head])

    def reveal(self, row: int) -> bool:
        """Unfold whatever hides a row; false when nothing does."""
        if not self.is_hidden(row):
            return False
        self.set([block for block in self.blocks if not block.head < row <= block.last])
        return True

    def folded(self, head: int) -> Block | None:
        """The folded block with this head."""
        last = self._blocks.get(head)
        return None if last is None else Block(head, last)

    def is_hidden(self, row: int) -> bool:
        """Whether a row is not shown."""
        return self.shown_head(row) != row

    def shown_head(self, row: int) -> int:
        """The row itself, or if it is hidden the head that is shown in its place."""
        index = bisect_right(self._hidden, row, key=itemgetter(0)) - 1
        if index >= 0 and row <= self._hidden[index][1]:
            return self._hidden[index][0] - 1
        return row

    def y_of(self, row: int) -> int:
        """Where a row is shown; a hidden one where its head is."""
        row = self.shown_head(row)
        return row - self._before[bisect_right(self._hidden, row, key=itemgetter(0))]

    def row_at(self, y: int) -> int:
        """The row that is shown at `y`."""
        return y + self._before[bisect_right(self._first_y, y)]

    def edited(self, first: int, old_last: int, new_last: int) -> None:
        """The lines `first` to `old_last` have become `first` to `new_last`: blocks that had to do with lines that
        came or went are unfolded, those below move.
        """
        shift = new_last - old_last
        if not self._blocks or not shift:
            return
        kept = [block for block in self.blocks if block.last < first or block.head > old_last]
        self.set([Block(*(row + shift for row in block)) if block.head > old_last else block for block in kept])

    def _arrange(self) -> None:
        hidden: list[tuple[int, int]] = []
        for head, last in self.blocks:
            if not hidden or head > hidden[-1][1]:
                hidden.append((head + 1, last))
        before = [0]
        for first, last in hidden:
            before.append(before[-1] + last - first + 1)
        #: The stretches of rows that are hidden, how many rows are hidden before each, and what is shown after each.
        self._hidden = hidden
        self._before = before
        self._first_y = [first - count for (first, _), count in zip(hidden, before, strict=False)]
