"""The problems pane: what is wrong in the project's flows and task files, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowlang.language.diagnostics import Diagnostic
from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked
from flowlang_tui.inert import inert
from flowlang_tui.panes.pane import Pane

#: Nobody reads further than this; what is beyond is counted.
MOST = 500

_SIGNS = {"error": ("✗", "b $text-error"), "warning": ("!", "$text-warning"), "info": ("i", "$text-primary")}


class ProblemsPane(Pane):
    """A list of diagnostics, errors first as they stand in each file."""

    DEFAULT_CSS = """
    ProblemsPane OptionList, ProblemsPane OptionList:focus {
        border: none; background: transparent; padding: 0; height: 1fr;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("problems")]
    title = "Problems"

    class Opened(Message):
        """The place of a problem is asked for."""

        def __init__(self, problem: Diagnostic) -> None:
            super().__init__()
            self.problem = problem

    class FixAsked(Message):
        """What would mend a problem is asked for."""

        def __init__(self, problem: Diagnostic) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self, root: Path, *, id: str = "problems") -> None:
        super().__init__(id=id)
        self._root = root
        self._problems: list[Diagnostic] = []
        self._shown: list[Diagnostic] = []
        self._errors_only = False

    def compose(self) -> ComposeResult:
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._refill()

    @property
    def list(self) -> OptionList:
        """The list itself."""
        return self.query_one(OptionList)

    def show_problems(self, problems: Sequence[Diagnostic]) -> None:
        """Show these problems, and count them in the title."""
        if list(problems) == self._problems:
            return
        self._problems = list(problems)
        errors = sum(problem.severity == "error" for problem in problems)
        self.badge = " ".join(f"{sign}{n}" for sign, n in (("✗", errors), ("!", len(problems) - errors)) if n)
        self._refill()

    @property
    def current(self) -> Diagnostic | None:
        """The problem that is highlighted."""
        highlighted = self.list.highlighted
        return self._shown[highlighted] if highlighted is not None and highlighted < len(self._shown) else None

    def _refill(self) -> None:
        wanted = [one for one in self._problems if one.severity == "error" or not self._errors_only]
        self._shown = wanted[:MOST]
        listed = self.list
        highlighted = listed.highlighted
        listed.clear_options()
        listed.add_options([Option(self._line(problem)) for problem in self._shown])
        if len(wanted) > MOST:
            listed.add_option(Option(f"… and {len(wanted) - MOST:,} more", disabled=True))
        if not self._shown:
            fine = "No errors. (Warnings are hidden: s shows them.)" if self._problems else "No problems."
            listed.add_option(Option(Content.styled(f"✓ {fine}", "$text-muted"), disabled=True))
        elif highlighted is not None:
            listed.highlighted = min(highlighted, len(self._shown) - 1)

    def _line(self, problem: Diagnostic) -> Content:
        sign, style = _SIGNS[problem.severity]
        return Content.assemble(
            (f"{sign} ", style), inert(problem.sentence), (f"  {self._place(problem)}", "$text-muted")
        )

    def _place(self, problem: Diagnostic) -> str:
        if problem.path is None:
            return f":{problem.line}"
        path = Path(problem.path)
        name = path.relative_to(self._root) if path.is_relative_to(self._root) else path
        return inert(f"{name}:{problem.line}:{problem.column}")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_problems_open()

    def action_problems_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def action_problems_fix(self) -> None:
        if self.current is not None:
            self.post_message(self.FixAsked(self.current))

    def action_problems_copy(self) -> None:
        if self.current is not None:
            self.post_message(CopyAsked(str(self.current), "a problem"))

    def action_problems_filter(self) -> None:
        self._errors_only = not self._errors_only
        self._refill()

    def action_problems_down(self) -> None:
        self.list.action_cursor_down()

    def action_problems_up(self) -> None:
        self.list.action_cursor_up()
