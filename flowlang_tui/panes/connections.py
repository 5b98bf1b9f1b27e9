"""The connections pane: the list of connections, and what can be done with the one that is selected."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec

from textual import work
from textual.binding import BindingType
from textual.content import Content

from flowlang.errors import FlowLangError
from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked
from flowlang_tui.inert import inert
from flowlang_tui.panes.connection_list import ConnectionList
from flowlang_tui.session.connection_rows import ConnectionRow

if TYPE_CHECKING:
    from flowlang.connections.probe import OnStage, ProbeReport
    from flowlang_tui.screens.connection_form import Written
    from flowlang_tui.session.connection_draft import Draft

P = ParamSpec("P")


def _told(
    method: Callable[Concatenate[ConnectionsPane, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[ConnectionsPane, P], Coroutine[Any, Any, None]]:
    """What cannot be done is told in a sentence."""

    @wraps(method)
    async def safe(pane: ConnectionsPane, /, *arguments: P.args, **options: P.kwargs) -> None:
        try:
            await method(pane, *arguments, **options)
        except FlowLangError as error:
            pane.tell_error(error)

    return safe


class ConnectionsPane(ConnectionList):
    """Connections with what can be done with them. What concerns files and flows is asked for with messages.

    Its dialogs are loaded when they are first needed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("connections")]
    title = "Connections"

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_add(self) -> None:
        """Choose a type or a template, fill in the form, keep or write what comes of it."""
        draft = await self._new_draft()
        if draft is not None:
            self._written(await self._form(draft))

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_edit(self) -> None:
        """The form of a connection; the text of one whose declaration no form can show."""
        row = self.selected
        if row is None:
            return
        if row.stored and row.state in ("ready", "unusable"):
            self._written(await self._form(await self.connections.draft(row.name)))
        elif row.stored:
            await self._read(
                f"{row.name} is {row.state}", Content(inert(f"{row.problem}\n\n{row.hint or ''}", newlines=True))
            )
        elif row.use is not None or self.flow is None or not row.type_is_known:
            self._show_declaration(row)
        else:
            self._written(await self._form(await self.connections.declared_draft(self.flow.connections[row.name])))

    def edit(self) -> None:
        self.action_connections_edit()

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_duplicate(self) -> None:
        """Keep a copy of a stored connection under another name."""
        from flowlang_tui.screens.ask import Ask

        row = self.selected
        if row is None or not row.stored:
            self.tell("Select a connection of the project: those of a flow are text, to be copied there.")
            return
        name = await self.app.push_screen_wait(Ask(f"Copy {inert(row.name)} as", f"{row.name} copy"))
        if name:
            await self.connections.duplicate(row.name, name)
            self._stored(f"{name} is kept")

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_delete(self) -> None:
        """Forget a stored connection, after a question that lists the steps which would break."""
        from flowlang_tui.screens.confirm import Confirm

        row = self.selected
        if row is None:
            return
        if not row.stored:
            self._show_declaration(row)
            return
        broken = await self.connections.broken_without(row.name)
        question = f"Delete {row.name}? It is forgotten for good, with its credentials.\n\n{broken}".rstrip()
        if await self.app.push_screen_wait(Confirm(question, {"delete": "Delete", "keep": "Keep"})) == "delete":
            await self.connections.delete(row.name)
            self._stored(f"{row.name} is deleted")

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_test(self) -> None:
        """Test the selected connection stage by stage."""
        from flowlang_tui.screens.connection_test import ConnectionTest

        row = self.selected
        if row is not None:
            await self.app.push_screen_wait(ConnectionTest(row.name, self._probe(row)))
            self.reload()

    @work(exclusive=True, group="tests")
    @_told
    async def action_connections_test_all(self) -> None:
        """Test every connection that can be, all at once."""
        rows = [row for row in (*self.overview.flow, *self.overview.project) if row.state == "ready"]
        self.testing = {row.key for row in rows}
        self.refill()
        outcomes = await asyncio.gather(*(self._tested(row) for row in rows))
        self.tell(f"{sum(outcomes)} of {len(rows)} connections can be used")
        self.reload()

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_scaffold(self) -> None:
        """Write the selected stored connection into the open flow, under a short name."""
        from flowlang.language.edit import add_connection
        from flowlang_tui.screens.ask import Ask
        from flowlang_tui.session.connection_text import use_of

        row, flow = self.selected, self.flow
        if self.flow_path is None or flow is None:
            self.tell("Open a flow first: the connection is written into its text.")
        elif row is None or not row.stored:
            self.tell("Select a connection of the project; a new one for this flow alone is made with a.")
        else:
            taken = set(flow.connections)
            name = await self.app.push_screen_wait(
                Ask(
                    f"Name of {inert(row.name)} in the flow",
                    _free_name(row.name, taken),
                    check=lambda text: _name_problem(text, taken),
                )
            )
            if name:
                self._write(name, lambda text: add_connection(text, name, use_of(row.name, name).text))

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_example(self) -> None:
        """Write an example flow into the project: of the selected connection's type, or of one that is chosen."""
        from flowlang_tui.screens.pick import Pick

        row = self.selected
        kinds = [card.name for card in await self.connections.types() if card.error is None]
        kind = row.type if row is not None and row.type in kinds else None
        kind = kind or await self.app.push_screen_wait(Pick("Example flow: of which type?", kinds))
        if kind is not None:
            for path in await self.connections.example(kind):
                self.tell(f"{self._relative(path)} is written")
                self.post_message(self.FileCreated(path))

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_used_by(self) -> None:
        """List the steps that use the selected connection, and go to the one that is chosen."""
        from flowlang_tui.screens.pick import Pick

        row = self.selected
        if row is None:
            return
        places = await self._places(row)
        if not places:
            self.tell(f"No step uses {row.name}.")
            return
        details = await self.connections.last_used(row.name) if row.stored else {}
        shown = {inert(self.connections.place(*place)): place for place in places}
        used = {
            words: f"last used {details[key]}"
            for words, (path, _, step) in shown.items()
            if (key := (self._relative(path), step or "")) in details
        }
        chosen = await self.app.push_screen_wait(Pick(f"{inert(row.name)} is used by", list(shown), used))
        if chosen is not None:
            path, line, _ = shown[chosen]
            self.post_message(self.FlowOpenAsked(path, line))

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_health(self) -> None:
        """Show how the last tests of the selected connection ended."""
        row = self.selected
        if row is None:
            return
        lines = []
        for test in await self.connections.history(row.key, self.flow_path):
            where = "" if test.environment is None else f" in {test.environment}"
            sign = ("✓ ", "$text-success") if test.ok else ("✗ ", "bold $text-error")
            outcome = f"ok in {test.ms:,.0f} ms" if test.ok else f"{test.stage} failed: {inert(test.message or '')}"
            lines.append(Content.assemble(sign, f"{test.at}{where}  {outcome}"))
        told = Content("\n").join(lines) if lines else Content("It was never tested; t tests it.")
        await self._read(f"Tests of {row.name}", told)

    @work(exclusive=True, group="dialog")
    @_told
    async def action_connections_reveal(self) -> None:
        """Show the secrets of the selected connection, after a second key, for some seconds."""
        from flowlang_tui.screens.connection_secrets import ConnectionSecrets

        row = self.selected
        if row is not None:
            secrets = await self.connections.secrets(row.key, self.flow_path, self.flow)
            await self.app.push_screen_wait(ConnectionSecrets(row.name, secrets))

    def action_connections_copy_url(self) -> None:
        """Copy where the selected connection leads, masked."""
        row = self.selected
        if row is not None and row.target:
            self.post_message(CopyAsked(row.target, f"address of {row.name}"))

    def action_connections_refresh(self) -> None:
        """Read connections and plugins again."""
        self.reload(afresh=True)

    async def _new_draft(self) -> Draft | None:
        from flowlang.connections.templates import TEMPLATES
        from flowlang_tui.screens.connection_template import ConnectionTemplate
        from flowlang_tui.screens.pick import Pick

        cards = {card.name: card for card in await self.connections.types()}
        details = {
            name: f"cannot be used: {card.error}" if card.error else card.description for name, card in cards.items()
        }
        details |= {name: card.title for name, card in TEMPLATES.items() if card.type in cards}
        chosen = await self.app.push_screen_wait(Pick("New connection: a type, or a service", list(details), details))
        if chosen is None:
            return None
        if chosen in cards:
            if (error := cards[chosen].error) is not None:
                raise FlowLangError(f"the plugin `{chosen}` cannot be used: {error}")
            return await self.connections.new_draft(chosen)
        record = await self.app.push_screen_wait(ConnectionTemplate(TEMPLATES[chosen]))
        return None if record is None else await self.connections.draft_of_record(record)

    async def _form(self, draft: Draft) -> Written | None:
        from flowlang_tui.screens.connection_form import ConnectionForm, OpenFlow

        declared = frozenset() if self.flow is None else frozenset(self.flow.connections)
        flow = None if self.flow_path is None or self.flow is None else OpenFlow(self.flow_path, declared)
        return await self.app.push_screen_wait(ConnectionForm(self.connections, draft, flow))

    def _written(self, written: Written | None) -> None:
        """Pass on what came of a form."""
        if written is None:
            return
        if written.edit is None:
            self._stored(f"{written.name} is kept in the project")
        else:
            self._write(written.name, written.edit)

    def _write(self, name: str, edit: Callable[[str], str]) -> None:
        if self.flow_path is not None:
            self.post_message(self.FlowEditAsked(self.flow_path, name, edit))

    def _stored(self, message: str) -> None:
        self.tell(message)
        self.post_message(self.StoreChanged())
        self.reload()

    async def _read(self, title: str, text: Content) -> None:
        from flowlang_tui.screens.connection_facts import ConnectionFacts

        await self.app.push_screen_wait(ConnectionFacts(inert(title), text))

    def _probe(self, row: ConnectionRow) -> Callable[[OnStage], Awaitable[ProbeReport]]:
        path, flow = self.flow_path, self.flow
        return lambda tell: self.connections.test(row.key, path, flow, tell)

    async def _tested(self, row: ConnectionRow) -> bool:
        try:
            return (await self.connections.test(row.key, self.flow_path, self.flow)).ok
        except FlowLangError as error:
            self.tell_error(error)
            return False
        finally:
            self.testing.discard(row.key)
            self.refill()

    async def _places(self, row: ConnectionRow) -> list[tuple[Path, int, str | None]]:
        if row.stored:
            return [(Path(one.path), one.line, one.step) for one in await self.connections.uses(row.name)]
        if self.flow is None or self.flow_path is None:
            return []
        steps = [one for one in self.flow.walk() if one.connection is not None and one.connection.text == row.name]
        return [(self.flow_path, step.line, step.id) for step in steps]

    def _show_declaration(self, row: ConnectionRow) -> None:
        """A flow's own connection is text: it is changed where it stands."""
        if self.flow_path is not None and row.line is not None:
            self.post_message(self.FlowOpenAsked(self.flow_path, row.line))

    def _relative(self, path: Path) -> str:
        root = self.connections.root
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _free_name(name: str, taken: set[str]) -> str:
    """A name for a flow that is like the stored one's, and that nothing has there."""
    short = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "db"
    short = f"_{short}" if short[0].isdigit() else short
    free = (short if number == 1 else f"{short}_{number}" for number in range(1, len(taken) + 2))
    return next(name for name in free if name not in taken)


def _name_problem(text: str, taken: set[str]) -> str | None:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) is None:
        return "letters, digits and _, and no digit at the beginning"
    return f"the flow has a connection `{text}` already" if text in taken else None
