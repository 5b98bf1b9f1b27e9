"""The form before a run goes on: steps that may have had their effect, secrets that nobody has written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from flowlang.language.model import Input as FlowInput
from flowlang_tui.inert import inert
from flowlang_tui.session.resumed import Prospect, Resumed
from flowlang_tui.widgets.input_form import InputForm

if TYPE_CHECKING:
    from flowlang.journal.problems import Choice, ReplayProblem

#: What may become of a step, with the words for it. `look` is no choice yet: the step is shown first.
CHOICES: Final[dict[Literal["retry", "skip", "look"], str]] = {
    "look": "look at it first",
    "retry": "run it again",
    "skip": "leave it out: its result is null",
}

#: The texts that the flow may have when it goes on.
FILES: Final = [("as it is now", "now"), ("as it was then", "then")]

#: So many of the statements that a step sent are shown, the last.
_STATEMENTS: Final = 3


class OpenStep(Vertical):
    """A step for which somebody has to choose, with what it sent."""

    def __init__(self, problem: ReplayProblem) -> None:
        super().__init__()
        self.path = problem.path or ""
        self._problem = problem

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble(("? ", "$text-warning"), (inert(self.path), "b")))
        yield Static(inert(str(self._problem), newlines=True), classes="told", markup=False)
        for statement in self._statements():
            yield Static(inert(f"› {statement}"), classes="sent", markup=False)
        yield Select([(words, name) for name, words in CHOICES.items()], value="look", allow_blank=False, compact=True)

    def _statements(self) -> list[str]:
        step = self._problem.step
        sent = [] if step is None else step.statements[-_STATEMENTS:]
        return [" ".join(str(one.get("text", "")).split())[:300] for one in sent]

    @property
    def choice(self) -> str:
        """What was chosen."""
        return str(self.query_one(Select).value)


class Resume(ModalScreen[Resumed | str | None]):
    """Gives back how the run is to go on, the path of a step that somebody wants to look at first, or None."""

    DEFAULT_CSS = """
    Resume { align: center middle; background: $background 50%; }
    Resume > Vertical {
        width: 92; max-width: 98%; height: auto; max-height: 96%;
        border: round $border; background: $surface; padding: 0 1;
    }
    Resume VerticalScroll { height: auto; }
    Resume Static { height: auto; }
    Resume .told, Resume .note { color: $text-muted; padding-left: 2; }
    Resume .sent { color: $foreground; padding-left: 2; }
    Resume OpenStep { height: auto; margin-top: 1; }
    Resume OpenStep Select { margin-left: 2; }
    Resume SelectCurrent { background: $panel; }
    Resume InputField { margin-top: 1; }
    Resume #file-row { height: auto; margin-top: 1; }
    Resume #file-row > Label { width: 16; color: $text-muted; }
    Resume #buttons { height: auto; align-horizontal: right; margin-top: 1; }
    Resume Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+r,ctrl+s", "resume", "Resume", priority=True),
    ]

    def __init__(self, prospect: Prospect, secrets: Sequence[FlowInput], known: Mapping[str, Any]) -> None:
        super().__init__()
        self._prospect = prospect
        self._secrets = secrets
        self._known = known

    def compose(self) -> ComposeResult:
        found = self._prospect
        with Vertical() as box:
            box.border_title = Content(f"Resume {inert(found.run.flow)} {inert(found.run.run_id[-8:])}")
            with VerticalScroll(can_focus=False):
                yield Static(inert(found.words), markup=False)
                for problem in found.notes:
                    yield Static(inert(str(problem), newlines=True), classes="note", markup=False)
                for problem in found.open_steps:
                    yield OpenStep(problem)
                yield InputForm(self._secrets, self._known)
                if found.has_changed:
                    with Horizontal(id="file-row"):
                        yield Label("with the file")
                        yield Select(FILES, value="now", allow_blank=False, compact=True, id="file")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Resume  ^r", id="resume", variant="primary", compact=True)

    def on_mount(self) -> None:
        next(widget for widget in self.query("Select, Input, Button") if widget.focusable).focus()

    @on(Select.Changed)
    def _chosen(self) -> None:
        looks = any(step.choice == "look" for step in self.query(OpenStep))
        self.query_one("#resume", Button).label = "Look  ^r" if looks else "Resume  ^r"

    @on(Button.Pressed, "#resume")
    @on(Input.Submitted)
    def action_resume(self) -> None:
        """Give back what was chosen, unless something is missing."""
        choices: dict[str, Choice] = {}
        for step in self.query(OpenStep):
            if step.choice == "retry":
                choices[step.path] = "retry"
            elif step.choice == "skip":
                choices[step.path] = "skip"
            else:
                self.dismiss(step.path)
                return
        inputs = self.query_one(InputForm).given()
        if inputs is not None:
            was = self._prospect.has_changed and self.query_one("#file", Select).value == "then"
            self.dismiss(Resumed(self._prospect.run.run_id, choices, inputs, was))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
