"""Help: what a pane is for, and every key, with a field to search in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from flowlang_tui.actions import ACTIONS, BY_NAME, PLACES, Action, Where, actions, key_name
from flowlang_tui.keymap import keys_of
from flowlang_tui.screens.palette import highlighted

#: What each pane is for, for somebody who sees it for the first time.
ABOUT: dict[Where, str] = {
    "app": "Write a flow in the editor, run it with ^r, and see in graph, logs and inspector what each step did.",
    "explorer": "The files of the project, with their problems and how their last run ended. Enter opens one.",
    "editor": "The text of the flow. Problems are underlined as you type; ^space offers what may stand here.",
    "graph": "The steps and how they hang together, live while they run. Enter goes to the step's text.",
    "logs": "What happens in the run, line by line. It stays at the end while lines come; / filters.",
    "inspector": "The chosen step: what it got, what it gave, its error, its attempts and its statements.",
    "connections": "What the flow and the project are connected to. t tests one, stage by stage.",
    "problems": "What is wrong in the open files. Enter goes there, f mends it where that is known.",
    "debug": "A run that stands still: c goes on, n to the next step, s into it; : asks anything of what it sees.",
    "runs": "Every run that the journal has. Enter shows one as it ended, 0 goes back, c compares two, / finds.",
    "timeline": "When each step ran and for how long. Bars above one another ran at the same time.",
}

#: Cells of the columns with keys and titles.
_KEYS = max(len(" ".join(map(key_name, action.key_list))) for action in ACTIONS)
_TITLE = max(len(action.title) for action in ACTIONS) + 2


class Help(ModalScreen[str | None]):
    """Gives back the name of the action that was chosen with Enter, or None.

    The actions of `where` come first; without it, those of everywhere. `keymap` has the person's own keys.
    """

    DEFAULT_CSS = """
    Help { align: center middle; background: $background 50%; }
    Help > Vertical {
        width: 100; max-width: 96%; height: 90%;
        border: round $border; background: $surface; padding: 0 1;
    }
    Help #about { height: auto; padding: 0 1 1 1; color: $text-muted; }
    Help Input, Help Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    Help OptionList, Help OptionList:focus {
        height: 1fr; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    Help #detail { height: 2; padding: 0 1; color: $text-muted; }
    Help OptionList > .option-list--option-disabled { color: $text-accent; text-style: bold; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "Close"),
        Binding("down", "move('cursor_down')", show=False),
        Binding("up", "move('cursor_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
    ]

    def __init__(self, where: Where = "app", keymap: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._where = where
        self._keymap = keymap or {}

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Keys" if self._where == "app" else f"Help: {PLACES[self._where]}"
            box.border_subtitle = "type to search, enter does it, esc closes"
            yield Static(ABOUT[self._where], id="about", markup=False)
            yield Input(placeholder="Search")
            yield OptionList()
            yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value.strip())

    @on(Input.Submitted)
    def _taken(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionHighlighted)
    def _looked_at(self, event: OptionList.OptionHighlighted) -> None:
        action = BY_NAME.get(event.option_id or "")
        self.query_one("#detail", Static).update("" if action is None else f"{action.name}: {action.help}")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id in BY_NAME:
            self.dismiss(event.option_id)

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_{how}")()

    def _fill(self, query: str) -> None:
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(self._options(query))
        first = next((number for number, option in enumerate(found.options) if not option.disabled), None)
        if first is None:
            found.add_option(Option(f"No action is called {query!r}", disabled=True))
        else:
            found.highlighted = first
            found.scroll_home(animate=False)

    def _options(self, query: str) -> Iterator[Option]:
        matcher = Matcher(query)
        for where in sorted(PLACES, key=lambda place: (place != self._where, place != "app")):
            rows = [row for action in actions(where) if (row := self._row(action, query, matcher))]
            if rows:
                yield Option(Content(PLACES[where]), disabled=True)
                yield from rows

    def _row(self, action: Action, query: str, matcher: Matcher) -> Option | None:
        keys = " ".join(dict.fromkeys(map(key_name, keys_of(action, self._keymap))))
        if query and not (
            query in keys.split() or query.lower() in action.help.lower() or matcher.match(action.title) > 0
        ):
            return None
        title = highlighted(action.title, matcher) if query else Content(action.title)
        gap = " " * (_TITLE - len(action.title))
        row = Content.assemble((f"{keys:<{_KEYS}} ", "bold $text-primary"), title, gap, (action.help, "$text-muted"))
        return Option(row, id=action.name)
