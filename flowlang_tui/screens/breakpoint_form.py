"""The form of a breakpoint: when it stops, and whether it only logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from flowlang_tui.inert import inert

if TYPE_CHECKING:
    from flowlang.debugger import Breakpoint
    from flowlang.debugger.breakpoints import When
    from flowlang.language.diagnostics import Diagnostic

_WHENS: Final = {
    "before": "before the step",
    "after": "after an attempt that succeeded",
    "error": "at an error",
    "statement": "before a statement",
}
#: Which steps are meant, besides the one that was chosen.
_WIDER: Final = {"flow": "any step of this flow", "project": "any step of any flow"}

_FIELDS: Final = {
    "condition": ("Condition", "total > 100, item.id == 7, result.rows|length > 3"),
    "hits": ("Hits", "3, every 3, >= 3"),
    "statement": ("Statement", "delete from, or /update.*price/"),
    "log": ("Only log", "${item.id} has ${result}"),
}


class BreakpointForm(ModalScreen["Breakpoint | str | None"]):
    """Gives back the breakpoint as it is to be, `delete`, or None. `check` gives back what is wrong with one.

    What is only a warning is shown once, and then taken.
    """

    DEFAULT_CSS = """
    BreakpointForm { align: center middle; background: $background 50%; }
    BreakpointForm > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 96%;
        border: round $border; background: $surface; padding: 0 1;
    }
    BreakpointForm .row { height: 1; }
    BreakpointForm Label { width: 12; }
    BreakpointForm Input, BreakpointForm Select { width: 1fr; background: $panel; }
    BreakpointForm Input:focus { background: $primary 30%; }
    BreakpointForm Checkbox { margin: 1 0 0 11; }
    BreakpointForm #wrong { height: auto; color: $text-error; }
    BreakpointForm .buttons { height: auto; align-horizontal: right; margin-top: 1; }
    BreakpointForm Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+s", "set", "Set", priority=True),
    ]

    def __init__(self, point: Breakpoint, check: Callable[[Breakpoint], Sequence[Diagnostic]], *, known: bool) -> None:
        super().__init__()
        self._point = point
        self._check = check
        self._known = known
        self._warned: Breakpoint | None = None

    def compose(self) -> ComposeResult:
        point = self._point
        with Vertical() as box:
            box.border_title = Content(f"Breakpoint at {inert(place_of(point))}")
            with Horizontal(classes="row"):
                yield Label("Where")
                wheres = [(words, name) for name, words in self._wheres().items()]
                yield Select(wheres, value=wheres[0][1], allow_blank=False, compact=True, id="where")
            with Horizontal(classes="row"):
                yield Label("When")
                whens = [(words, name) for name, words in _WHENS.items()]
                yield Select(whens, value=point.when, allow_blank=False, compact=True, id="when")
            for name, (label, example) in _FIELDS.items():
                with Horizontal(classes="row"):
                    yield Label(label)
                    value = getattr(point, name)
                    yield Input("" if value is None else inert(str(value)), placeholder=example, id=name, compact=True)
            yield Checkbox("enabled", point.enabled, compact=True)
            yield Static(id="wrong", markup=False)
            with Horizontal(classes="buttons"):
                if self._known:
                    yield Button("Delete", id="delete", compact=True)
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Set  ^s", id="set", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#condition", Input).focus()

    @on(Input.Changed, "#statement")
    def _statement_typed(self, event: Input.Changed) -> None:
        """Whoever says which statement means to stop before it."""
        when = self.query_one("#when", Select)
        if event.value.strip() and when.value == "before":
            when.value = "statement"

    @on(Button.Pressed, "#set")
    @on(Input.Submitted)
    def action_set(self) -> None:
        """Give back what was filled in, unless something is wrong with it."""
        point = self._filled_in()
        found = self._check(point)
        wrong = [f"✗ {problem.sentence}" for problem in found if problem.severity == "error"]
        if point.statement and point.when != "statement":
            wrong.append(f"✗ a statement is looked at only {_WHENS['statement']}")
        doubts = [f"! {problem.sentence}" for problem in found if problem.severity != "error"]
        if not wrong and (not doubts or self._warned == point):
            self.dismiss(point)
            return
        self._warned = None if wrong else point
        told = wrong or [*doubts, "^s sets it all the same"]
        self.query_one("#wrong", Static).update("\n".join(inert(one) for one in told[:3]))

    def _filled_in(self) -> Breakpoint:
        from dataclasses import replace

        where = self.query_one("#where", Select).value
        point = self._point
        return replace(
            point,
            step=point.step if where == "here" else "*",
            flow="" if where == "project" else point.flow,
            when=cast("When", self.query_one("#when", Select).value),
            condition=self._typed("condition"),
            hits=self._typed("hits"),
            statement=self._typed("statement"),
            log=self._typed("log"),
            enabled=self.query_one(Checkbox).value,
        )

    def _wheres(self) -> dict[str, str]:
        """Which steps may be meant, the present choice first."""
        point = self._point
        if point.step != "*":
            return {"here": inert(point.step), **_WIDER}
        return dict(_WIDER) if point.flow else {"project": _WIDER["project"]}

    @on(Button.Pressed, "#delete")
    def _deleted(self) -> None:
        self.dismiss("delete")

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def _typed(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None


def place_of(point: Breakpoint) -> str:
    """Which steps a breakpoint is at, in words."""
    return "any step" if point.step == "*" else point.step
