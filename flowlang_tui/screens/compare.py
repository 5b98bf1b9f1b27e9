"""Two runs side by side: where they first differ, then values, branches, rows, times and the definition."""

from __future__ import annotations

from collections.abc import Iterator
from time import localtime, strftime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowlang.cli.readable import duration
from flowlang_tui.copying import value_text
from flowlang_tui.inert import inert
from flowlang_tui.session.comparison_lines import Line, lines_of
from flowlang_tui.widgets.side_by_side import SideBySide
from flowlang_tui.widgets.status_signs import SIGNS

if TYPE_CHECKING:
    from flowlang.journal import RunSummary
    from flowlang.journal.compare import Comparison

KEYS = "j k move  ] [ sections  w whole value  enter shows the step  y copies  esc closes"


class Compare(ModalScreen[str | None]):
    """Gives back the path of the step to be shown in the second run, or None."""

    DEFAULT_CSS = """
    Compare { background: $background; }
    Compare > Vertical { border: round $border; padding: 0 1; }
    Compare #runs-compared { height: 2; margin-bottom: 1; }
    Compare #runs-compared > Static { width: 1fr; height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    Compare #whole { display: none; height: auto; max-height: 12; border-top: solid $border-blurred; }
    Compare #whole > Static { height: auto; }
    Compare #compare-keys { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown,ctrl+d", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("home,g", "to(0)", show=False),
        Binding("end,G", "to(1000000000)", show=False),
        Binding("right_square_bracket,n", "section(1)", show=False),
        Binding("left_square_bracket,N", "section(-1)", show=False),
        Binding("enter", "open", show=False),
        Binding("w", "whole", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self._found = comparison

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content("Two runs of " + inert(self._found.after.flow))
            with Horizontal(id="runs-compared"):
                yield Static(Content.assemble(*_run("before", self._found.before)))
                yield Static(Content.assemble(*_run("after", self._found.after)))
            yield SideBySide(lines_of(self._found), id="differences")
            with VerticalScroll(id="whole", can_focus=False):
                yield Static(markup=False)
            yield Static(KEYS, id="compare-keys", markup=False)

    def on_mount(self) -> None:
        self.list.focus()

    @property
    def list(self) -> SideBySide:
        """The rows."""
        return self.query_one(SideBySide)

    def action_move(self, by: int) -> None:
        self.list.move(by)

    def action_page(self, direction: int) -> None:
        self.list.page(direction)

    def action_to(self, row: int) -> None:
        self.list.select(row)

    def action_section(self, direction: int) -> None:
        self.list.to_section(direction)

    @on(SideBySide.Chosen)
    def action_open(self) -> None:
        line = self.list.line
        if line is not None and line.path:
            self.dismiss(line.path)

    def action_whole(self) -> None:
        box = self.query_one("#whole")
        box.display = not box.display
        self._show_whole()

    @on(SideBySide.Moved)
    def _show_whole(self) -> None:
        box, line = self.query_one("#whole"), self.list.line
        if box.display and line is not None:
            box.query_one(Static).update(Content(inert(_whole(line), newlines=True)))
            box.scroll_home(animate=False)

    def action_copy(self) -> None:
        line = self.list.line
        if line is not None:
            self.app.copy_to_clipboard(_whole(line))
            self.notify("Copied the difference.", markup=False)


def _run(title: str, run: RunSummary) -> Iterator[str | tuple[str, str]]:
    sign, colour = SIGNS.get(run.status, ("?", "$text-muted"))
    yield f"{title}  ", "$text-muted"
    yield f"{sign} {run.status}", colour
    yield f" in {duration(run.duration_ms)}\n"
    began = strftime("%Y-%m-%d %H:%M:%S", localtime(run.started))
    yield f"{inert(run.run_id[-8:])}  {began}  {run.steps:,} step{'' if run.steps == 1 else 's'}", "$text-muted"


def _whole(line: Line) -> str:
    if line.whole is None:
        return "\n".join(filter(None, [line.name, line.before, line.after])) if line.after else line.name
    before, after = (value_text(value) for value in line.whole)
    return f"{line.name}\n− {before}\n+ {after}"
