"""The list of completions below the cursor, and the explanation beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowlang_tui.inert import inert
from flowlang_tui.widgets.code_editor.ranking import matched

if TYPE_CHECKING:
    from textual.visual import VisualType

    from flowlang.language.assist.completion import Completion

#: A sign for each kind of completion, and the theme's colour for it.
SIGNS: Final = {
    "key": ("•", "$text-primary"),
    "kind": ("◆", "$text-accent"),
    "task": ("▷", "$text-warning"),
    "argument": ("=", "$text-secondary"),
    "connection": ("@", "$text-secondary"),
    "type": ("T", "$text-secondary"),
    "value": ("v", "$text-success"),
    "step": ("#", "$text-accent"),
    "input": ("→", "$text-primary"),
    "field": (".", "$text-primary"),
    "function": ("ƒ", "$text-warning"),
    "variable": ("$", "$text-primary"),
    "subflow": ("↳", "$text-accent"),
}
_NO_SIGN: Final = (" ", "$text-muted")

_MAX_HEIGHT: Final = 10
_MAX_WIDTH: Final = 64
_MAX_DETAIL: Final = 32
_PANEL_WIDTH: Final = 44
_LEAST_PANEL_WIDTH: Final = 26


class CompletionPanel(Static):
    """Explains the completion that is highlighted."""

    DEFAULT_CSS = """
    CompletionPanel {
        overlay: screen;
        display: none;
        height: auto;
        max-height: 16;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        border-left: thick $primary 50%;
        &:ansi { background: ansi_default; }
    }
    """

    def explain(self, completion: Completion) -> None:
        """Show what a completion is."""
        parts: list[Content | tuple[str, str]] = [(inert(completion.label), "bold")]
        if completion.detail:
            parts += [("  ", ""), (inert(completion.detail), "$text-muted")]
        if completion.doc:
            parts.append((f"\n\n{inert(completion.doc.strip(), newlines=True)}", ""))
        self.update(Content.assemble(*parts))


class CompletionList(OptionList, can_focus=False):
    """Shows completions at a place of the screen; the focus stays where the typing goes on.

    `choose` is called with the completion that is clicked. `panel` is to be mounted beside the list.
    """

    DEFAULT_CSS = """
    CompletionList {
        overlay: screen;
        display: none;
        border: none;
        padding: 0;
        background: $panel;
        scrollbar-size-vertical: 1;
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted {
            background: $primary 60%;
            color: $foreground;
            text-style: bold;
        }
        &:ansi {
            background: ansi_default;
            & > .option-list--option-highlighted { text-style: reverse; }
        }
    }
    """
    BINDINGS: ClassVar = []

    def __init__(self, choose: Callable[[Completion], None]) -> None:
        super().__init__(markup=False)
        self.panel = CompletionPanel()
        self._choose = choose
        self._shown: Sequence[Completion] = ()

    @property
    def chosen(self) -> Completion:
        """The completion that is highlighted."""
        return self._shown[self.highlighted or 0]

    def show(self, completions: Sequence[Completion], typed: str, cursor: Offset) -> None:
        """Show completions next to the cursor of the screen; the letters that were typed stand out."""
        screen = self.screen.size
        label = max(cell_len(inert(each.label)) for each in completions)
        detail = min(_MAX_DETAIL, max(cell_len(inert(each.detail)) for each in completions))
        width = min(_MAX_WIDTH, screen.width, label + detail + 8)
        height = min(_MAX_HEIGHT, len(completions))
        below = cursor.y + 1 + height <= screen.height
        if not below:
            height = min(height, max(cursor.y, 1))
        y = cursor.y + 1 if below else cursor.y - height
        x = max(0, min(cursor.x - len(typed) - 3, screen.width - width))
        if list(completions) != list(self._shown) or not self.display:
            self._shown = completions
            self.set_options(Option(_row(each, typed, width - 3)) for each in completions)
            self.highlighted = 0
        self.styles.width, self.styles.height = width, height
        self.absolute_offset = Offset(x, y)
        self.display = True
        self._explain()

    def hide(self) -> None:
        """Show nothing."""
        if self.display:
            self.display = False
            self.panel.display = False

    def move(self, key: str) -> None:
        """Highlight another row: `up`, `down`, `pageup` or `pagedown`."""
        moves: dict[str, Callable[[], None]] = {
            "up": self.action_cursor_up,
            "down": self.action_cursor_down,
            "pageup": self.action_page_up,
            "pagedown": self.action_page_down,
        }
        moves[key]()
        self._explain()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click chooses."""
        event.stop()
        self._choose(self._shown[event.option_index])

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Nobody but the list needs to know."""
        event.stop()

    def _explain(self) -> None:
        """Show the panel where there is room for it, right or left of the list."""
        if not self._shown or self.absolute_offset is None:
            return
        chosen = self.chosen
        x, y = self.absolute_offset
        width = int(self.styles.width.value) if self.styles.width is not None else 0
        right = self.screen.size.width - x - width
        room = min(_PANEL_WIDTH, max(right, x))
        self.panel.display = room >= _LEAST_PANEL_WIDTH and bool(chosen.doc)
        if self.panel.display:
            self.panel.styles.width = room
            self.panel.absolute_offset = Offset(x + width if right >= room else x - room, y)
            self.panel.explain(chosen)


def _row(completion: Completion, typed: str, width: int) -> VisualType:
    """A sign, the label with the typed letters marked, and what it is at the right."""
    sign, colour = SIGNS.get(completion.kind, _NO_SIGN)
    label = Content(inert(completion.label))
    for place in matched(typed.lstrip(), completion.label):
        label = label.stylize("bold underline", place, place + 1)
    room = max(0, width - 3 - label.cell_length)
    detail = inert(completion.detail)
    if cell_len(detail) > room:
        detail = set_cell_size(detail, room - 1) + "…" if room > 1 else ""
    gap = " " * max(0, width - 2 - label.cell_length - cell_len(detail))
    return Content.assemble((sign, colour), " ", label, gap, (detail, "$text-muted"))
