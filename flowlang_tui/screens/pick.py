"""A list to choose one thing from, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from flowlang_tui.inert import inert

#: More rows than this are not read by anybody; typing finds the rest.
ROWS = 100


class Pick(ModalScreen[str | None]):
    """Gives back the choice, or None. `details` says a few words about some of the choices."""

    DEFAULT_CSS = """
    Pick { align: center top; background: $background 50%; }
    Pick > Vertical {
        width: 80; max-width: 90%; height: auto; max-height: 80%; margin-top: 2;
        border: round $border; background: $surface; padding: 0 1;
    }
    Pick Input { border: none; height: 1; padding: 0; margin: 0 0 1 0; background: $surface; }
    Pick OptionList { border: none; height: auto; max-height: 20; padding: 0; background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]

    def __init__(self, question: str, choices: Sequence[str], details: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._question = question
        self._choices = list(choices)
        self._details = details or {}
        self._shown: list[str] = []
        self._search = FuzzySearch()

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(inert(self._question))
            yield Input(placeholder="type a part of the name", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._fill("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _taken(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None and highlighted < len(self._shown):
            self.dismiss(self._shown[highlighted])

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_move(self, by: int) -> None:
        """Move the highlight while the text field has the focus."""
        listed = self.query_one(OptionList)
        (listed.action_cursor_down if by > 0 else listed.action_cursor_up)()

    def _fill(self, wanted: str) -> None:
        listed = self.query_one(OptionList)
        if wanted:
            scored = [(self._search.match(wanted, choice)[0], choice) for choice in self._choices]
            found = [choice for score, choice in sorted(scored, key=lambda pair: -pair[0]) if score]
        else:
            found = self._choices
        self._shown = found[:ROWS]
        listed.clear_options()
        listed.add_options([Option(self._line(choice)) for choice in self._shown])
        if self._shown:
            listed.highlighted = 0
        else:
            listed.add_option(Option("Nothing has that in its name.", disabled=True))

    def _line(self, choice: str) -> Text:
        detail = self._details.get(choice)
        return Text.assemble(inert(choice), (f"  {inert(detail)}" if detail else "", "dim"))
