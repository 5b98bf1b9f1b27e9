"""The inspector: what the chosen step got and left, call by call, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from flowlang.cli.readable import duration
from flowlang.runtime.paths import address_of
from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked
from flowlang_tui.graph.states import PINNED
from flowlang_tui.inert import inert
from flowlang_tui.panes.inspector_sections import of_answer, of_call, of_run, place_of
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import StepCall, StepRecord
from flowlang_tui.widgets.status_signs import status_sign
from flowlang_tui.widgets.value_nodes import Node
from flowlang_tui.widgets.value_tree import ValueTree

EMPTY = """\
Nothing ran yet.

ctrl+r  runs the flow
alt+g   chooses a step in the graph"""

#: What is said of a call that did not run, by who answered for it.
_ANSWERED = {"journal": "taken from the journal", "pin": "pinned", "debugger": "given by hand"}


class InspectorPane(Pane):
    """Shows a step of a run, or the run itself while no step is chosen."""

    DEFAULT_CSS = """
    InspectorPane {
        #inspector-head { height: auto; max-height: 6; padding: 0 1; }
        #inspector-prompt { display: none; height: 1; background: $surface; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("inspector")]
    title = "Inspector"

    class SourceAsked(Message):
        """The place in the text is asked for; `path` is None for the flow of the step that is shown."""

        def __init__(self, path: Path | None, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    class ExpressionAsked(Message):
        """An expression is to be evaluated as the call saw it; without one as the run's end did."""

        def __init__(self, text: str, record: StepRecord | None, call: StepCall | None) -> None:
            super().__init__()
            self.text = text
            self.record = record
            self.call = call

    def __init__(self, *, id: str = "inspector") -> None:
        super().__init__(id=id)
        self._run: RunRecord | None = None
        self._step: StepRecord | None = None
        self._call: StepCall | None = None
        self._answer: Node | None = None
        self._written: Sequence[Node] = ()
        self._shown: object = None
        self._pinned: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield Static(id="inspector-head", markup=False)
        yield ValueTree(id="inspector-tree")
        yield Input(id="inspector-prompt", placeholder="an expression: inputs.name, fetch.rows[0]", compact=True)

    def on_mount(self) -> None:
        self._show()

    @property
    def values(self) -> ValueTree:
        """The sections and values."""
        return self.query_one("#inspector-tree", ValueTree)

    @property
    def call(self) -> StepCall | None:
        """The call that is shown: the chosen one, or the latest."""
        return self._call or (self._step.last if self._step is not None else None)

    @property
    def path(self) -> str:
        """The path of the call that is shown, the address of a step that has not run, or nothing."""
        if self._step is None:
            return ""
        return self._step.address if self.call is None else self.call.path

    @property
    def key(self) -> tuple[str, int] | None:
        """Address and line of the step that is shown."""
        return None if self._step is None else self._step.key

    def focus_inside(self) -> None:
        """Give the focus to the values."""
        self.values.focus()

    def show_run(self, record: RunRecord | None) -> None:
        """Show a run; the step that is shown is sought in it."""
        key = None if self._step is None else self._step.key
        self._run, self._shown = record, None
        self.show_step(None if record is None or key is None else record.steps.get(key))

    def show_step(self, record: StepRecord | None, written: Sequence[Node] = ()) -> None:
        """Show a step, its latest call first; `written` as long as it has not run. None shows the run."""
        self._written = written
        if record is not self._step:
            self._step, self._call, self._answer = record, None, None
            if record is not None and record.failures:
                self._call = record.failures[0]
            if self.is_mounted:
                self.values.start_over()
        if self.is_mounted:
            self._show()

    def choose_path(self, path: str) -> None:
        """Show the call with this path, of the step that is shown, if it is kept."""
        calls = [] if self._step is None else self._calls(self._step)
        call = next((one for one in calls if one.path == path), None)
        if call is not None:
            self._choose(call)

    def refresh_run(self) -> None:
        """Show what changed. Called once a frame while the run goes on."""
        run, step = self._run, self._step
        recorded = None if run is None or step is None else run.steps.get(step.key)
        if recorded is not None:
            # the step was chosen before the run came to it
            self._step = step = recorded
        call = self.call
        version = None if step is None else step.version if call is None or call.ended is None else -1
        state = (step, call, version, None if run is None else run.status)
        if state != self._shown or (step is not None and step.running):
            self._head()
        if state != self._shown:
            self._show()
            self._shown = state

    def show_pins(self, addresses: frozenset[str]) -> None:
        """Show whether the step is pinned, so that it will not run."""
        if addresses != self._pinned:
            self._pinned = addresses
            if self.is_mounted:
                self._head()

    def show_answer(self, text: str, value: Any, error: str | None = None) -> None:
        """Show what an expression came to, above the rest."""
        self._answer = of_answer(text, value, error)
        self._show()
        self.values.start_over()

    def came_up(self) -> None:
        """Show what happened while nobody saw it."""
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        if not self.display:
            return
        self._head()
        if self._step is not None:
            sections = [*(self._written if self.call is None else ()), *of_call(self._step, self.call)]
        else:
            sections = of_run(self._run) if self._run is not None else []
        self.values.show(([self._answer] if self._answer is not None else []) + sections)

    def _head(self) -> None:
        if not self.display:
            return
        run, step = self._run, self._step
        if step is not None:
            head = self._head_of_step(step)
        elif run is not None:
            took = f"  {run.status}" + (f" after {duration(run.duration_ms)}" if run.is_over else "")
            head = Content.assemble(status_sign(run.status), (inert(run.flow), "b"), (took, "$text-muted"))
        else:
            head = Content(EMPTY)
        self.query_one("#inspector-head", Static).update(head)

    def _head_of_step(self, step: StepRecord) -> Content:
        call = self.call
        status = step.status if call is None else call.status
        if call is not None and status == "running" and call is step.last and step.status == "retrying":
            status = "retrying"
        facts = [status if call is None else f"{status}, {duration(call.duration_ms)}"]
        if call is not None and call.answered_by is not None:
            facts.append(_ANSWERED.get(call.answered_by, f"from the {call.answered_by}"))
        if step.address in self._pinned:
            facts.append(f"{PINNED} does not run: it is pinned")
        if call is not None and call.attempts > 1:
            facts.append(f"{call.attempts} attempts")
        if step.runs > 1 or len(step.calls) > 1:
            facts.append(self._which(step, call))
        lines = [
            status_sign(status),
            (inert(call.path if call is not None else step.address), "b"),
            (f"  {inert(step.task or step.kind)}", "$text-accent"),
            ("\n  " + " · ".join(facts), "$text-muted"),
        ]
        return Content.assemble(*lines)

    def _which(self, step: StepRecord, call: StepCall | None) -> str:
        total = step.runs + step.running
        if call is None or call.index is None:
            calls = self._calls(step)
            at = f"{calls.index(call) + 1}" if call in calls else "?"
            return f"call {at} of {total:,}  [ ]"
        loop = call.path.rpartition("[")[0]
        record = self._loop(loop)
        of = record.iterations_total if record is not None else None
        return f"iteration {call.index + 1:,}{f' of {of:,}' if of is not None else ''}  [ ]"

    def _loop(self, path: str) -> StepRecord | None:
        steps = [] if self._run is None else snapshot(self._run.steps.values())
        address = address_of(path)
        return next((one for one in steps if one.address == address and one.iterations_total is not None), None)

    @staticmethod
    def _calls(step: StepRecord) -> list[StepCall]:
        """All calls that are kept, in their order: the first that failed may be older than the latest."""
        latest = snapshot(step.calls)
        known = set(map(id, latest))
        return [call for call in snapshot(step.failures) if id(call) not in known] + latest

    def _go(self, direction: int) -> None:
        if self._step is None:
            return
        calls = self._calls(self._step)
        call = self.call
        if calls and call is not None:
            at = calls.index(call) if call in calls else len(calls) - 1
            self._choose(calls[min(max(at + direction, 0), len(calls) - 1)])

    def _choose(self, call: StepCall | None) -> None:
        self._call = call
        self._answer = None
        self._show()

    @on(ValueTree.Opened)
    def _row_opened(self, event: ValueTree.Opened) -> None:
        event.stop()
        if place_of(event.node) is not None:
            self.action_inspector_source()

    @on(Input.Submitted, "#inspector-prompt")
    def _asked(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(self.ExpressionAsked(event.value.strip(), self._step, self.call))
        else:
            event.input.display = False
            self.values.focus()

    def key_escape(self) -> None:
        """Leave the prompt, and forget its answer."""
        prompt = self.query_one("#inspector-prompt", Input)
        if prompt.display:
            prompt.value = ""
            self._answer = None
            self.values.focus()
            self._show()

    @on(Input.Blurred, "#inspector-prompt")
    def _left(self, event: Input.Blurred) -> None:
        event.input.display = bool(event.value)

    def action_inspector_previous_call(self) -> None:
        self._go(-1)

    def action_inspector_next_call(self) -> None:
        self._go(1)

    def action_inspector_first_failed(self) -> None:
        if self._step is not None and self._step.failures:
            self._choose(self._step.failures[0])

    def action_inspector_last_call(self) -> None:
        self._choose(None)

    def action_inspector_table(self) -> None:
        self.values.toggle_table()

    def action_inspector_ask(self) -> None:
        prompt = self.query_one("#inspector-prompt", Input)
        prompt.display = True
        prompt.focus()

    def action_inspector_source(self) -> None:
        node = self.values.node
        place = place_of(node) if node is not None else None
        if place is not None:
            self.post_message(self.SourceAsked(Path(place[0]) if place[0] else None, place[1]))
        elif self._step is not None:
            self.post_message(self.SourceAsked(None, self._step.line))

    def action_inspector_copy(self) -> None:
        if self.values.node is not None:
            self.post_message(CopyAsked(*self.values.node.text()))

    def action_inspector_whole(self) -> None:
        self.values.open_all()

    def action_inspector_open(self) -> None:
        self.values.toggle()

    def action_inspector_down(self) -> None:
        self.values.move(1)

    def action_inspector_up(self) -> None:
        self.values.move(-1)

    def action_inspector_inside(self) -> None:
        self.values.go_inside()

    def action_inspector_outside(self) -> None:
        self.values.go_outside()

    def action_inspector_page_down(self) -> None:
        self.values.page(1)

    def action_inspector_page_up(self) -> None:
        self.values.page(-1)

    def action_inspector_start(self) -> None:
        self.values.select(0)

    def action_inspector_end(self) -> None:
        self.values.select(10**9)
