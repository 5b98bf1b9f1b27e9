"""The console: expressions, queries and changes are typed here, and what came of them stays to be read."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from flowlang_tui.panes.debug_tree import TreePane
from flowlang_tui.widgets.value_nodes import Node
from flowlang_tui.widgets.value_tree import ValueTree

#: So many answers, and so many lines that were typed, are kept.
KEPT: Final = 200

#: Not longer than the line is on a screen of 160 columns.
HINT: Final = "an expression, `query select …`, `set name = …`, `help`; esc leaves"


class ConsoleLine(Input):
    """A line to type that remembers those before it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", "Earlier line", show=False),
        Binding("down", "go(1)", "Later line", show=False),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, placeholder=HINT, compact=True)
        self._typed: list[str] = []
        self._at = 0

    def remember(self, text: str) -> None:
        """Keep a line that was typed, and begin a new one."""
        self._typed = [*self._typed, text][-KEPT:]
        self._at = len(self._typed)
        self.value = ""

    def action_go(self, step: int) -> None:
        """Bring back an earlier line, or go on to the one after it."""
        self._at = min(max(self._at + step, 0), len(self._typed))
        self.value = self._typed[self._at] if self._at < len(self._typed) else ""
        self.cursor_position = len(self.value)


class ConsolePane(TreePane):
    """Answers above, the line to type below."""

    DEFAULT_CSS = """
    ConsolePane #console-prompt { height: 1; background: $surface; }
    """

    title = "Console"

    class Typed(Message):
        """A line was typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str = "console") -> None:
        super().__init__(id=id)
        self._answers: list[Node] = []
        self._count = 0

    def compose(self) -> ComposeResult:
        yield ValueTree(id="console-tree")
        yield ConsoleLine(id="console-prompt")

    def on_mount(self) -> None:
        self.values.show(self._answers)

    @property
    def prompt(self) -> ConsoleLine:
        """The line to type."""
        return self.query_one(ConsoleLine)

    def focus_inside(self) -> None:
        """Give the focus to the line, at once: what is typed next is meant for it."""
        self.screen.set_focus(self.prompt)

    def answer(self, text: str, value: Any, error: str | None = None, note: str = "") -> None:
        """Add what came of a line."""
        inside = [Node("→", None, note=note)] if note else []
        if error is not None:
            inside.append(Node("✗", error, is_open=True))
        elif value is not None or not note:
            inside.append(Node("value", value, is_open=True))
        # labels tell rows from each other, so that what is open stays so
        self._count += 1
        label = f"{self._count}› {text}"
        self._answers.append(Node(label, None, role="section", note="", is_open=True, children=inside))
        del self._answers[:-KEPT]
        if self.is_mounted:
            self.values.show(self._answers)
            self.values.select(10**9)

    @on(Input.Submitted, "#console-prompt")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self.prompt.remember(text)
            self.post_message(self.Typed(text))

    def key_escape(self) -> None:
        """From the line to the answers, where the debugger's letters are keys."""
        self.screen.set_focus(self.values)
