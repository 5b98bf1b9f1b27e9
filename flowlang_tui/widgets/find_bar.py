"""The bar to search and replace in an editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static
from textual.widgets.text_area import Selection

from flowlang_tui.inert import inert
from flowlang_tui.widgets.code_editor.buffer import Match
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.code_editor.search import MAX_MATCHES, Found, Query, find


class Toggle(Button):
    """A button that is on or off."""

    DEFAULT_CSS = """
    Toggle {
        width: auto; min-width: 4; height: 1; padding: 0 1; border: none;
        color: $text-muted; background: $surface;
        &.-on { color: $text-primary; text-style: bold reverse; }
        &:focus { background: $primary 40%; }
    }
    """

    @property
    def on(self) -> bool:
        """Whether it is on."""
        return self.has_class("-on")


class FindBar(Vertical):
    """Searches the file that an editor shows. It is hidden until `open` is called."""

    DEFAULT_CSS = """
    FindBar {
        height: auto; display: none; background: $panel; padding: 0 1;
        & Horizontal { height: 1; }
        & Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        & Button { height: 1; min-width: 3; border: none; padding: 0 1; margin: 0 0 0 1; }
        & .find-bar--name { width: 9; color: $text-muted; }
        & #find-count { width: auto; min-width: 10; padding: 0 1; text-align: right; color: $text-muted; }
        & #find-count.-error { color: $text-error; }
        & #find-replace-row { display: none; }
        &.-replace #find-replace-row { display: block; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("down,f3,alt+u", "step(1)", "Next match", show=False),
        Binding("up,shift+f3,alt+shift+u", "step(-1)", "Previous match", show=False),
        Binding("alt+shift+f", "replace", "Replace", show=False),
    ]

    @dataclass
    class Closed(Message):
        """The bar was closed; the editor has the focus again."""

        bar: FindBar

    def __init__(self, editor: CodeEditor, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.editor = editor
        self._found = Found([], [])
        self._current: int | None = None
        self._origin = (0, 0)
        self._searched: tuple[Query, int, int] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("Find", classes="find-bar--name")
            yield Input(placeholder="text, or a pattern with .* on", id="find-text", compact=True)
            yield Toggle(".*", id="find-regex", tooltip="Regular expression", compact=True)
            yield Toggle("Aa", id="find-case", tooltip="Capitals matter", compact=True)
            yield Toggle("ab|", id="find-word", tooltip="Whole words", compact=True)
            yield Static("", id="find-count", markup=False)
            yield Button("↑", id="find-previous", tooltip="Previous match", compact=True)
            yield Button("↓", id="find-next", tooltip="Next match", compact=True)
            yield Button("×", id="find-close", tooltip="Close", compact=True)
        with Horizontal(id="find-replace-row"):
            yield Static("Replace", classes="find-bar--name")
            yield Input(placeholder=r"with this; \1 is a group of a pattern", id="find-replacement", compact=True)
            yield Button("Replace", id="find-replace", compact=True)
            yield Button("All", id="find-replace-all", tooltip="Replace every match", compact=True)

    def open(self, *, replace: bool = False) -> None:
        """Show the bar and go into it; what is selected within a line is searched for."""
        self.set_class(replace, "-replace")
        self.display = True
        text = self.query_one("#find-text", Input)
        selected = self.editor.selected_text
        if selected and "\n" not in selected:
            text.value = selected
        self._origin = min(self.editor.selection)
        # at once: what is typed next belongs here
        self.screen.set_focus(text)
        text.select_all()
        self.search()

    def action_close(self) -> None:
        """Hide the bar and go back to the text; the match that was shown is selected."""
        self.display = False
        match = self._match()
        self.editor.show_matches([])
        self.screen.set_focus(self.editor)
        if match is not None and self._is_fresh():
            self.editor.selection = Selection((match.row, match.start), (match.row, match.end))
        self.post_message(self.Closed(self))

    def action_replace(self) -> None:
        """Show what is needed to replace, or hide it again."""
        self.toggle_class("-replace")
        self.query_one("#find-replacement" if self.has_class("-replace") else "#find-text").focus()

    def action_step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) match; after the last comes the first."""
        self.run_worker(self._step(by), group="find", exclusive=True)

    def search(self) -> None:
        """Search again, for the first match from where the search began."""
        self.run_worker(self._search(), group="find", exclusive=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while the text is typed."""
        event.stop()
        self.search()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on: to the next match, or from what to replace with by replacing."""
        event.stop()
        if event.input.id == "find-replacement":
            self.run_worker(self._replace(), group="find", exclusive=True)
        else:
            self.action_step(1)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        event.stop()
        if isinstance(event.button, Toggle):
            event.button.toggle_class("-on")
            self.search()
        elif event.button.id == "find-close":
            self.action_close()
        elif event.button.id == "find-replace":
            self.run_worker(self._replace(), group="find", exclusive=True)
        elif event.button.id == "find-replace-all":
            self.run_worker(self._replace_all(), group="find", exclusive=True)
        else:
            self.action_step(-1 if event.button.id == "find-previous" else 1)

    @property
    def asked(self) -> Query:
        """What the bar says."""
        regex, case, word = (self.query_one(f"#find-{name}", Toggle).on for name in ("regex", "case", "word"))
        replacement = self.query_one("#find-replacement", Input).value if self.has_class("-replace") else ""
        return Query(self.query_one("#find-text", Input).value, regex, case, word, replacement)

    def _match(self) -> Match | None:
        return None if self._current is None else self._found.matches[self._current]

    def _is_fresh(self) -> bool:
        """Whether what was found is true for the text as it is."""
        return self._searched == (self.asked, id(self.editor.buffer), self.editor.buffer.document.version)

    async def _search(self) -> None:
        self._searched = (self.asked, id(self.editor.buffer), self.editor.buffer.document.version)
        self._found = await find(self.editor.buffer.document.lines, self.asked)
        starts = [match[:2] for match in self._found.matches]
        after = [index for index, start in enumerate(starts) if start >= self._origin]
        self._go_to(after[0] if after else 0 if starts else None)

    async def _step(self, by: int) -> None:
        if not self._is_fresh():
            self._origin = self.editor.cursor_location
            await self._search()
        elif self._current is not None:
            self._go_to((self._current + by) % len(self._found.matches))

    async def _replace(self) -> None:
        if not self._is_fresh():
            await self._search()
        elif (match := self._match()) is not None and self._current is not None and not self.editor.read_only:
            text = self._found.replacements[self._current]
            start = (match.row, match.start)
            self.editor.replace_pieces([(start, (match.row, match.end), text)])
            self._origin = (match.row, match.start + len(text))
            await self._search()

    async def _replace_all(self) -> None:
        if not self._is_fresh():
            await self._search()
        if self._found.matches and not self.editor.read_only:
            pieces = [
                ((match.row, match.start), (match.row, match.end), text)
                for match, text in zip(self._found.matches, self._found.replacements, strict=True)
            ]
            self.editor.replace_pieces(pieces)
            await self._search()
            self._say(f"{len(pieces)} replaced")

    def _go_to(self, index: int | None) -> None:
        self._current = index
        match = self._match()
        self.editor.show_matches(self._found.matches, match)
        if match is not None:
            self._origin = (match.row, match.start)
            self.editor.go_to(match.row + 1, match.start + 1)
        count = len(self._found.matches)
        if self._found.error:
            self._say(self._found.error, error=True)
        elif index is None:
            self._say("no match" if self.asked.text else "", error=True)
        else:
            self._say(f"{index + 1} of {count}{'+' if count == MAX_MATCHES else ''}")

    def _say(self, text: str, *, error: bool = False) -> None:
        count = self.query_one("#find-count", Static)
        count.update(inert(text))
        count.set_class(error, "-error")
