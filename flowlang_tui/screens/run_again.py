"""The form for running a recorded run again: from which step, how far, with which file and which other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from flowlang.language.model import Input as FlowInput
from flowlang_tui.inert import inert
from flowlang_tui.screens.pick import Pick
from flowlang_tui.screens.resume import FILES
from flowlang_tui.session.again import EXTENTS, Again, Extent, Recording, read_output
from flowlang_tui.session.inputs import InputsError
from flowlang_tui.widgets.input_form import InputForm

#: So many paths are offered while one is typed.
_OFFERED = 2000

_HOW = "its path; ↓ lists the steps of the run"
_HOW_OTHER = "a step before, whose output is to be another; ↓ lists them"


class RunAgain(ModalScreen[Again | None]):
    """Gives back what was chosen, or None. `secrets` are inputs whose values nobody has written down."""

    DEFAULT_CSS = """
    RunAgain { align: center middle; background: $background 50%; }
    RunAgain > Vertical {
        width: 92; max-width: 98%; height: auto; max-height: 96%;
        border: round $border; background: $surface; padding: 0 1;
    }
    RunAgain VerticalScroll { height: auto; max-height: 100%; }
    RunAgain .row { height: auto; }
    RunAgain .row > Label { width: 16; color: $text-muted; }
    RunAgain .row > Input, RunAgain .row > Select { width: 1fr; }
    RunAgain Input, RunAgain SelectCurrent { background: $panel; }
    RunAgain Input:focus { background: $primary 30%; }
    RunAgain TextArea { height: 7; border: none; padding: 0; background: $panel; margin-left: 16; display: none; }
    RunAgain .wrong { display: none; height: auto; color: $text-error; margin-left: 16; }
    RunAgain #changed { display: none; height: auto; color: $text-accent; margin-left: 16; }
    RunAgain #buttons { height: auto; align-horizontal: right; margin-top: 1; }
    RunAgain Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+r,ctrl+s", "run", "Run", priority=True),
        Binding("down", "list", "Steps"),
    ]

    def __init__(
        self,
        recording: Recording,
        step: str,
        *,
        extent: Extent = "from",
        secrets: Sequence[FlowInput] = (),
        known: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._recording = recording
        self._step = step
        self._extent: Extent = extent
        self._secrets = secrets
        self._known = known or {}
        #: What was typed in place of recorded outputs, by path.
        self._typed: dict[str, str] = {}
        self._edited = ""

    def compose(self) -> ComposeResult:
        run = self._recording.run.summary
        offered = SuggestFromList(self._recording.paths[:_OFFERED])
        with Vertical() as box:
            box.border_title = Content(f"Run again: {inert(run.flow)} {inert(run.run_id[-8:])}")
            with VerticalScroll(can_focus=False):
                with Horizontal(classes="row"):
                    yield Label("run")
                    yield Select(
                        [(words, name) for name, words in EXTENTS.items()],
                        value=self._extent,
                        allow_blank=False,
                        compact=True,
                        id="extent",
                    )
                with Horizontal(classes="row of-step"):
                    yield Label("step")
                    yield Input(self._step, id="step", compact=True, suggester=offered, placeholder=_HOW)
                yield Static(classes="wrong", id="wrong-step", markup=False)
                with Horizontal(classes="row"):
                    yield Label("with the file")
                    yield Select(
                        FILES,
                        value="now",
                        allow_blank=False,
                        compact=True,
                        id="file",
                    )
                with Horizontal(classes="row of-step"):
                    yield Label("other output of")
                    yield Input(id="other", compact=True, suggester=offered, placeholder=_HOW_OTHER)
                yield TextArea(id="output", tab_behavior="focus")
                yield Static(classes="wrong", id="wrong-output", markup=False)
                yield Static(id="changed", markup=False)
                yield InputForm(self._secrets, self._known)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Run  ^r", id="run", variant="primary", compact=True)

    def on_mount(self) -> None:
        self._extent_chosen()
        self.query_one("#extent").focus()

    @on(Select.Changed, "#extent")
    def _extent_chosen(self) -> None:
        whole = self.query_one("#extent", Select).value == "whole"
        for row in self.query(".of-step"):
            row.display = not whole

    def action_list(self) -> None:
        """Let somebody choose among the steps of the run, for the field that has the focus."""
        field = self.focused
        if not isinstance(field, Input) or field.id not in ("step", "other"):
            return
        asked = field

        def chosen(path: str | None) -> None:
            if path is not None:
                asked.value = path
                if asked.id == "other":
                    self._other_named()

        self.app.push_screen(Pick("Which step of the run?", self._recording.paths, self._recording.statuses), chosen)

    @on(Input.Submitted, "#other")
    @on(Input.Blurred, "#other")
    def _other_named(self) -> None:
        """Show the output of the step that is named, to be changed."""
        path = self.query_one("#other", Input).value.strip()
        area = self.query_one("#output", TextArea)
        self._keep()
        problem = self._recording.problem_of(path) if path else ""
        self._tell("#wrong-output", problem)
        self._edited = "" if problem else path
        area.display = bool(self._edited)
        if self._edited:
            area.text = self._typed.get(path) or inert(self._recording.output_text(path), newlines=True)
            area.focus()

    def _keep(self) -> None:
        """Remember what was typed for the step that the text belongs to."""
        text = self.query_one("#output", TextArea).text
        if self._edited:
            if text.strip() and text != inert(self._recording.output_text(self._edited), newlines=True):
                self._typed[self._edited] = text
            else:
                self._typed.pop(self._edited, None)
        changed = self.query_one("#changed", Static)
        changed.display = bool(self._typed)
        changed.update(inert(f"changed: {', '.join(self._typed)}"))

    @on(Input.Submitted, "#step")
    def _step_named(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.action_run()
        else:
            self.action_list()

    @on(Button.Pressed, "#run")
    def action_run(self) -> None:
        """Give back what was chosen, unless something is wrong with it."""
        self._keep()
        extent = next(one for one in EXTENTS if one == self.query_one("#extent", Select).value)
        step = self.query_one("#step", Input).value.strip()
        wrong = "" if extent == "whole" else self._recording.problem_of(step)
        self._tell("#wrong-step", wrong)
        outputs, bad = ({}, "") if extent == "whole" else self._outputs()
        self._tell("#wrong-output", bad)
        inputs = self.query_one(InputForm).given()
        if wrong:
            self.query_one("#step").focus()
        elif not bad and inputs is not None:
            was = self.query_one("#file", Select).value == "then"
            run_id = self._recording.run.summary.run_id
            self.dismiss(Again(run_id, extent, step, outputs, was, inputs or None))

    def _outputs(self) -> tuple[dict[str, Any], str]:
        outputs: dict[str, Any] = {}
        for path, text in self._typed.items():
            try:
                outputs[path] = read_output(text)
            except InputsError as error:
                return {}, f"the output of {path}: {error}"
        return outputs, ""

    def _tell(self, where: str, wrong: str) -> None:
        told = self.query_one(where, Static)
        told.display = bool(wrong)
        told.update(f"✗ {inert(wrong)}")

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
