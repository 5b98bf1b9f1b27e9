"""The form of a connection: what its plugin wants to know, checked while it is typed, with what will be written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.events import DescendantBlur, DescendantFocus
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from flowlang.connections.project import ENVIRONMENTS
from flowlang.errors import FlowLangError
from flowlang.language.edit import add_connection, change_connection
from flowlang_tui.inert import inert
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.connection_test import ConnectionTest
from flowlang_tui.session.connection_draft import Draft
from flowlang_tui.session.connection_preview import preview
from flowlang_tui.session.connection_text import flow_config, secret_variables, snippet_of
from flowlang_tui.session.connections import SessionConnections
from flowlang_tui.widgets.schema_form import SchemaField, SchemaForm

#: How many seconds after the last key stroke a form is checked.
_PAUSE = 0.15
_BREAKPOINTS: Final = [(0, "-narrow"), (110, "-wide")]


class OpenFlow(NamedTuple):
    """The flow into which a connection could be written, and the names that it has already."""

    path: Path
    names: frozenset[str]


class Written(NamedTuple):
    """What came of a form: a connection that the project keeps now, or with `edit` a change of the flow's text."""

    name: str
    edit: Callable[[str], str] | None = None


class ConnectionForm(ModalScreen[Written | None]):
    """Fills in a draft, and gives back what was kept or is to be written; None if nothing."""

    CSS_PATH = "connection_form.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#name"
    HORIZONTAL_BREAKPOINTS = _BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("ctrl+t", "test", "Test", priority=True),
        Binding("alt+v", "reveal", "Show the secret", priority=True),
    ]

    def __init__(self, connections: SessionConnections, draft: Draft, flow: OpenFlow | None = None) -> None:
        super().__init__()
        self._connections = connections
        self._draft = draft
        self._flow = flow
        self._stored_names = draft.taken
        self._environment: str | None = None
        self._typing: str | None = None
        self._save_asked = False
        self._problems: dict[tuple[str | None, str], str] = {}

    def compose(self) -> ComposeResult:
        draft = self._draft
        with Vertical(id="box") as box:
            title = f"New connection: {draft.type}" if draft.is_new else f"{draft.name}: {draft.type}"
            box.border_title = Text(inert(title)).markup
            with Horizontal(id="columns"):
                with VerticalScroll(id="form", can_focus=False):
                    yield from self._choices()
                    yield SchemaForm(draft.fields, draft.layers.setdefault(None, {}))
                    yield Static(markup=False, id="whole")
                with VerticalScroll(id="preview", can_focus=False) as shown:
                    shown.border_title = "What is written"
                    yield Static(markup=False)
            with Horizontal(id="buttons"):
                yield Button("Test  ^t", id="test", compact=True)
                yield Button("Cancel  esc", id="cancel", compact=True)
                yield Button("Save  ^s", id="save", variant="primary", compact=True)

    def _choices(self) -> ComposeResult:
        draft = self._draft
        with Horizontal(classes="row"):
            yield Label("name *")
            yield Input(
                draft.name,
                id="name",
                compact=True,
                placeholder="such as Production PostgreSQL",
                disabled=draft.declared is not None,
            )
        yield Static(markup=False, id="name-problem")
        if self._flow is not None and draft.is_new:
            places = [
                ("in the project, encrypted", "project"),
                (f"in the flow {inert(self._flow.path.name)}", "flow"),
            ]
            yield from self._choice("keep it", "where", places, draft.where)
        if any(field.group == "url" for field in draft.fields) or not draft.url_given:
            yield from self._choice("give", "given", [("a URL", "url"), ("its parts", "parts")], self._form)
        layers = [("everywhere", "")] + [(f"only in {name}, where they differ", name) for name in ENVIRONMENTS]
        yield from self._choice("values", "environment", layers, "")
        kept = [("I set the variables myself", "no"), ("write them into .env beside the flow", "yes")]
        yield from self._choice("secrets", "dotenv", kept, "no")

    def _choice(self, label: str, id: str, choices: list[tuple[str, str]], value: str) -> ComposeResult:
        with Horizontal(classes="row", id=f"{id}-row"):
            yield Label(label)
            yield Select(choices, value=value, allow_blank=False, id=id, compact=True)

    @property
    def _form(self) -> str:
        return "url" if self._draft.url_given else "parts"

    @property
    def _values(self) -> dict[str, str]:
        return self._draft.layers.setdefault(self._environment, {})

    def on_mount(self) -> None:
        if self._draft.declared is not None:
            self.query_one("SchemaField Input").focus()
        self._show()
        self._check()

    @on(Input.Changed, "#name")
    def _named(self, event: Input.Changed) -> None:
        self._draft.name = event.value.strip()
        self._changed()

    @on(SchemaForm.Changed)
    def _typed(self, event: SchemaForm.Changed) -> None:
        self._values[event.key] = event.value
        self._changed()

    @on(Select.Changed, "#where")
    def _placed(self, event: Select.Changed) -> None:
        self._draft.where = "flow" if event.value == "flow" else "project"
        into_flow = self._draft.where == "flow" and self._flow is not None
        self._draft.taken = self._flow.names if into_flow and self._flow is not None else self._stored_names
        if into_flow and self._environment is not None:
            self.query_one("#environment", Select).value = ""
        self._changed()

    @on(Select.Changed, "#given")
    async def _formed(self, event: Select.Changed) -> None:
        if (event.value == "url") != self._draft.url_given:
            self._draft.url_given = event.value == "url"
            await self._refill()

    @on(Select.Changed, "#environment")
    async def _layered(self, event: Select.Changed) -> None:
        chosen = str(event.value) or None
        if chosen != self._environment:
            self._environment = chosen
            await self._refill()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _moved(self) -> None:
        field = next((one for one in self.query(SchemaField) if one.has_focus_within), None)
        self._typing = None if field is None else field.field.key
        self._show()

    async def _refill(self) -> None:
        await self.query_one(SchemaForm).show(self._draft.fields, self._values)
        self._changed()

    def _changed(self) -> None:
        self._show()
        self._check()

    def _show(self) -> None:
        """Show what will be written, and what there is to choose."""
        into_flow = self._draft.where == "flow"
        self.query_one("#preview Static", Static).update(inert(preview(self._draft, self._typing), newlines=True))
        self.query_one("#environment-row").display = not into_flow
        self.query_one("#dotenv-row").display = into_flow and bool(secret_variables(self._draft))

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        from asyncio import sleep

        await sleep(_PAUSE)
        await self._look_for_problems()

    async def _look_for_problems(self) -> None:
        self._problems = await self._connections.problems(self._draft)
        # meanwhile the form may have been closed, and its widgets with it
        with suppress(NoMatches):
            self._show_problems()

    def _show_problems(self) -> None:
        found = self._problems
        name = found.get((None, "name"), "") if self._draft.name or self._save_asked else ""
        self._tell_below("#name-problem", [name] if name else [])
        self.query_one(SchemaForm).show_problems(
            {key: text for (where, key), text in found.items() if where == self._environment and key != "name"}
        )
        shown = {field.key for field in self._draft.fields}
        others = [
            text if where is None else f"in {where}: {text}"
            for (where, key), text in found.items()
            if key != "name" and (where != self._environment or key not in shown)
        ]
        touched = self._save_asked or any(self._draft.values(where) for where in self._draft.layers)
        self._tell_below("#whole", others if touched else [])

    @on(Button.Pressed, "#save")
    @on(Input.Submitted)
    def action_save(self) -> None:
        """Keep or write what was typed, if nothing is wrong with it."""
        self._save()

    @work(exclusive=True, group="save")
    async def _save(self) -> None:
        self._save_asked = True
        await self._look_for_problems()
        if self._problems or not await self._may_rename():
            return
        try:
            if self._draft.where == "flow":
                written = Written(self._draft.name, _edit_of(self._draft))
                if self._flow is not None and self.query_one("#dotenv", Select).value == "yes":
                    await self._connections.write_dotenv(self._draft, self._flow.path.parent)
            else:
                written = Written(await self._connections.save(self._draft))
        except FlowLangError as error:
            self._tell(f"{error}\n{error.hint or ''}".strip())
            return
        self._close(written)

    async def _may_rename(self) -> bool:
        """Whether to go on although flows know the connection by the name that it had."""
        original = self._draft.original
        if original is None or original.name == self._draft.name:
            return True
        broken = await self._connections.broken_without(original.name)
        if not broken:
            return True
        question = f"Call {original.name} {self._draft.name} from now on?\n\n{broken}"
        choices = {"rename": "Rename", "back": "Back"}
        return await self.app.push_screen_wait(Confirm(question, choices)) == "rename"

    @on(Button.Pressed, "#test")
    def action_test(self) -> None:
        """Test what was typed, before it is kept."""
        draft, environment = self._draft, self._environment
        folder = None if self._flow is None else self._flow.path.parent
        self.app.push_screen(
            ConnectionTest(
                draft.name or draft.type, lambda tell: self._connections.test_draft(draft, environment, tell, folder)
            )
        )

    def action_reveal(self) -> None:
        """Show the secret that is being typed, for some seconds."""
        for field in self.query(SchemaField):
            if field.has_focus_within:
                field.reveal()

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        """Close without keeping anything."""
        self._close(None)

    def _close(self, written: Written | None) -> None:
        # a check that is under way would find nothing to show its outcome in
        self.workers.cancel_group(self, "check")
        self.dismiss(written)

    def _tell_below(self, place: str, problems: list[str]) -> None:
        shown = self.query_one(place, Static)
        shown.update("\n".join(f"✗ {inert(problem)}" for problem in problems))
        shown.display = bool(problems)

    def _tell(self, message: str) -> None:
        self.notify(inert(message, newlines=True), severity="error", markup=False)


def _edit_of(draft: Draft) -> Callable[[str], str]:
    """What a draft changes in the text of a flow."""
    if draft.declared is not None:
        name, config = draft.name, flow_config(draft)
        return lambda text: change_connection(text, name, config)
    snippet = snippet_of(draft)
    return lambda text: add_connection(text, snippet.name, snippet.text)
