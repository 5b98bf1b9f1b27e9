"""The lines of a Python file as Python counts them, whatever ends them, and how they are indented."""

from __future__ import annotations

import ast
import re
from typing import Final

_END: Final = re.compile(r"\r\n|\r|\n")


class Lines:
    """Where the lines of a text begin. Lines count from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        ends = list(_END.finditer(text))
        self._starts = [0, *(end.end() for end in ends)]
        found = [end[0] for end in ends]
        #: What ends most lines.
        self.newline = max(("\n", "\r\n", "\r"), key=found.count) if found else "\n"

    def start(self, line: int) -> int:
        """Where a line begins; the end of the text for one that it doesn't have."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def head(self) -> int:
        """Where the first statement of a text without any may stand: below what a comment says of the whole file."""
        line = 1
        while self.text.startswith("#", self.start(line)):
            line += 1
        rest = self.text[self.start(line) :]
        if not rest or rest[0] in "\r\n":
            return self.start(line)
        # a comment about what follows; what is for the system and the interpreter stays above everything
        return self.start(next(number for number in (1, 2, 3) if not self._is_marked(number)))

    def _is_marked(self, line: int) -> bool:
        return re.match(r"#!|#.*coding[:=]", self.text[self.start(line) : self.start(line + 1)]) is not None

    def after(self, node: ast.stmt) -> int:
        """Where the line after a statement begins."""
        return self.start((node.end_lineno or node.lineno) + 1)

    def position(self, line: int, column: int) -> int:
        """A position from a line, and a column that the syntax tree counts in bytes."""
        start = self.start(line)
        whole = self.text[start : self.start(line + 1)]
        return start + len(whole.encode()[:column].decode())

    def margin(self, node: ast.stmt) -> str:
        """What stands before a statement in its line: its indentation, where it is the first there."""
        return self.text[self.start(node.lineno) : self.position(node.lineno, node.col_offset)]

    def is_ended_at(self, position: int) -> bool:
        """Whether a line ends just before a position, or none has begun."""
        return position == 0 or self.text[position - 1] in "\r\n"
