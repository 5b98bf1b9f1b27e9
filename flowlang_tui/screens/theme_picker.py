"""The list of themes: the workbench is shown in each while one goes through them."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowlang_themes import read
from flowlang_tui.inert import inert
from flowlang_tui.theming import theme_files, use_theme


class ThemePicker(ModalScreen[str | None]):
    """Gives back the name of the theme that was chosen, which is shown by then, or None with the theme as it was."""

    DEFAULT_CSS = """
    ThemePicker { align: right top; background: transparent; }
    ThemePicker > Vertical {
        width: 38; max-width: 90%; height: auto; max-height: 80%; margin: 2 2;
        border: round $border; background: $surface; padding: 0 1;
    }
    ThemePicker OptionList, ThemePicker OptionList:focus {
        height: auto; max-height: 16; border: none; padding: 0; background: $surface;
    }
    ThemePicker Static { height: auto; color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "keep", "Keep the old one"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._before = ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Theme"
            box.border_subtitle = "enter takes, esc keeps the old"
            yield OptionList(*self._options())
            yield Static(markup=False)

    def on_mount(self) -> None:
        self._before = self.app.theme
        themes = self.query_one(OptionList)
        names = [option.id for option in themes.options]
        themes.highlighted = names.index(self._before) if self._before in names else 0
        themes.focus()

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        name = str(event.option_id)
        problems = use_theme(self.app, name) if name != self.app.theme else []
        lines = [f"line {problem.line}: {problem.sentence}" for problem in problems]
        self.query_one(Static).update(inert("\n".join(lines), newlines=True))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self.app.theme == event.option_id:
            self.dismiss(event.option_id)

    def action_move(self, by: int) -> None:
        themes = self.query_one(OptionList)
        if by > 0:
            themes.action_cursor_down()
        else:
            themes.action_cursor_up()

    def action_keep(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)

    @staticmethod
    def _options() -> list[Option]:
        options = []
        for name, path in theme_files().items():
            palette, _ = read(path)
            title = Text(f"✗ {inert(name)}", "dim") if palette is None else Text(inert(palette.title))
            options.append(Option(title, id=name))
        return options
