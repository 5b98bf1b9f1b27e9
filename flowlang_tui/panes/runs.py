"""The runs pane: what the journal has of this project's runs, a filter, and the selected run in a few words."""

from __future__ import annotations

from time import localtime, strftime
from typing import ClassVar, Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked
from flowlang_tui.inert import inert
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.history_rows import RunRow, RunRows
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.run_list import RunList

EMPTY = """\
No run is recorded yet.

ctrl+r  runs the flow, and the run is listed here
enter   shows a run again, as it ended
space   marks one; c compares two
alt+C   runs a part of one again"""
NOTHING = "No run passes the filter.\n\nescape  shows all runs"
READING = "Reading the journal…"
HINTS = "flow:orders  status:failed  step:ship  input:who=Ada  >5s  since:2h  pinned  text"

#: Seconds after which it is told anew how long ago the runs were.
_AGES: Final = 30.0

Wish = Literal["open", "again", "resume", "pin", "delete", "export"]


class RunsPane(Pane):
    """Lists runs, newest first. It asks for what it shows: `Searched` when it is first seen, then page by page."""

    DEFAULT_CSS = """
    RunsPane {
        #runs-filter { display: none; height: 1; background: $surface; }
        #runs-problem { display: none; height: auto; max-height: 2; color: $text-error; padding: 0 1; }
        #runs-detail { display: none; height: auto; max-height: 2; color: $text-muted; padding: 0 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]
    title = "Runs"

    class Searched(Message):
        """The runs that pass a filter are asked for. `again` is for the same filter as before."""

        def __init__(self, text: str, again: bool = False) -> None:
            super().__init__()
            self.text = text
            self.again = again

    class Asked(Message):
        """Something is to be done with a run."""

        def __init__(self, wish: Wish, row: RunRow) -> None:
            super().__init__()
            self.wish = wish
            self.row = row

    class CompareAsked(Message):
        """Two runs are to be compared; without a second one the run before the first is meant."""

        def __init__(self, first: str, second: str | None) -> None:
            super().__init__()
            self.first = first
            self.second = second

    class LatestAsked(Message):
        """The latest run is to be shown again."""

    class ImportAsked(Message):
        """A run that somebody else exported is to be taken in."""

    def __init__(self, *, id: str = "runs") -> None:
        super().__init__(id=id)
        self.query_text = ""
        self.flow: str | None = None
        self._is_read = False
        self._is_stale = False
        self._live: RunRecord | None = None

    def compose(self) -> ComposeResult:
        yield RunList(id="runs-list")
        yield Static(id="runs-detail", markup=False)
        yield Static(id="runs-problem", markup=False)
        yield Input(id="runs-filter", placeholder=HINTS, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.set_interval(_AGES, self._show_ages)

    def _show_ages(self) -> None:
        if self.display and len(self.list.rows):
            self.list.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action makes sense now, as the screen says."""
        is_possible = getattr(self.screen, "is_possible", None)
        return is_possible is None or bool(is_possible(action))

    @property
    def list(self) -> RunList:
        """The lines."""
        return self.query_one(RunList)

    def focus_inside(self) -> None:
        """Give the focus to the lines."""
        self.list.focus()

    def on_show(self) -> None:
        """Read the journal when it is first looked at, and when it has changed since."""
        if not self._is_read or self._is_stale:
            self.reload()

    def reload(self) -> None:
        """Read the journal again, now if somebody looks."""
        self._is_stale = not self.display
        if self.display:
            if not self._is_read:
                self.list.hint = READING
                self.list.refresh()
            self.post_message(self.Searched(self.query_text, self._is_read))
            self._is_read = True

    def show_rows(self, rows: RunRows, *, keep: bool = False) -> None:
        """List the runs that a filter lets through."""
        self.list.hint = NOTHING if self.query_text else EMPTY
        self.show_problem("")
        self._put_live(rows)
        self.list.show(rows, keep=keep)

    def refresh_rows(self) -> None:
        """Show what was read since."""
        self.list.refresh_rows()

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the filter or the journal, or nothing."""
        problem = self.query_one("#runs-problem", Static)
        problem.display = bool(text)
        problem.update(inert(text))

    def show_run(self, record: RunRecord | None) -> None:
        """Point to the run that the other panes show."""
        if self.is_mounted:
            self.list.shown = "" if record is None else record.run_id
            self.list.refresh()

    def show_live(self, record: RunRecord | None) -> None:
        """Show how the run goes that is under way. Called once a frame while it does."""
        self._live = record
        if record is not None and self._is_read and self.display:
            self._put_live(self.list.rows)
            self.list.refresh()

    def _put_live(self, rows: RunRows) -> None:
        live = self._live
        index = None if live is None else rows.index(live.run_id)
        row = None if index is None else rows.row(index)
        if live is not None and row is not None:
            rows.replace(RunRow.of_record(live, row.pinned, row.origin))

    # what is said of the list and of the selected run

    @on(RunList.Moved)
    def _moved(self, event: RunList.Moved) -> None:
        event.stop()
        self._say()

    def _say(self) -> None:
        listed = self.list
        total = listed.rows.total
        words = [self.query_text]
        if total is not None:
            words.append(f"{total:,} run{'' if total == 1 else 's'}")
        if listed.marked:
            words.append(f"{len(listed.marked)} marked")
        self.show_subtitle(inert("  ".join(filter(None, words))))
        detail, row = self.query_one("#runs-detail", Static), listed.row
        detail.display = row is not None
        if row is not None:
            detail.update(_facts(row))

    # the filter

    @on(Input.Submitted, "#runs-filter")
    def _filter_kept(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#runs-filter").display = bool(self.query_text)
        self.list.focus()

    @on(Input.Changed, "#runs-filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._search(event.value)

    def _search(self, text: str) -> None:
        if text != self.query_text:
            self.query_text = text
            self.post_message(self.Searched(text))

    def set_filter(self, text: str) -> None:
        """Put a filter into the bar, and use it."""
        bar = self.query_one("#runs-filter", Input)
        bar.display = bool(text)
        bar.value = text
        self._search(text)

    def action_runs_filter(self) -> None:
        bar = self.query_one("#runs-filter", Input)
        bar.display = True
        bar.focus()

    def action_runs_clear_filter(self) -> None:
        self.list.marked = []
        self.set_filter("")
        self.list.focus()
        self._say()

    def action_runs_only_flow(self) -> None:
        """Show only the runs of the open flow, or of all again."""
        if self.flow is not None:
            word = f'flow:"{self.flow}"' if " " in self.flow else f"flow:{self.flow}"
            rest = self.query_text.replace(word, "").strip()
            self.set_filter(rest if word in self.query_text else f"{word} {rest}".strip())

    # what can be done with a run

    def _ask(self, wish: Wish) -> None:
        row = self.list.row
        if row is not None:
            self.post_message(self.Asked(wish, row))

    @on(RunList.Chosen)
    def _chosen(self, event: RunList.Chosen) -> None:
        event.stop()
        self._ask("open")

    def action_runs_open(self) -> None:
        self._ask("open")

    def action_runs_again(self) -> None:
        self._ask("again")

    def action_runs_resume(self) -> None:
        self._ask("resume")

    def action_runs_pin(self) -> None:
        self._ask("pin")

    def action_runs_delete(self) -> None:
        self._ask("delete")

    def action_runs_export(self) -> None:
        self._ask("export")

    def action_runs_latest(self) -> None:
        self.post_message(self.LatestAsked())

    def action_runs_import(self) -> None:
        self.post_message(self.ImportAsked())

    def action_runs_mark(self) -> None:
        self.list.mark()
        self.list.move(1)

    def action_runs_compare(self) -> None:
        """Compare the two marked runs, the marked one with the selected, or the selected one with the run before."""
        row, marked = self.list.row, self.list.marked
        if len(marked) == 2:
            self.post_message(self.CompareAsked(marked[0], marked[1]))
        elif row is not None:
            other = next((one for one in marked if one != row.run_id), None)
            self.post_message(self.CompareAsked(row.run_id, other))

    def action_runs_copy(self) -> None:
        row = self.list.row
        if row is not None:
            self.post_message(CopyAsked(row.run_id, "the run's id"))

    def action_runs_refresh(self) -> None:
        self.reload()

    def action_runs_down(self) -> None:
        self.list.move(1)

    def action_runs_up(self) -> None:
        self.list.move(-1)

    def action_runs_page_down(self) -> None:
        self.list.page(1)

    def action_runs_page_up(self) -> None:
        self.list.page(-1)

    def action_runs_start(self) -> None:
        self.list.select(0)

    def action_runs_end(self) -> None:
        self.list.select(len(self.list.rows) - 1)


def _facts(row: RunRow) -> Content:
    """Two lines: which run it is and when it began, then its error."""
    began = strftime("%Y-%m-%d %H:%M:%S", localtime(row.started)) if row.started else ""
    words = [row.run_id, row.status, began, row.origin, "pinned" if row.pinned else ""]
    first = "  ".join(inert(word) for word in words if word)
    error = inert(str(row.error or "").partition("\n")[0])
    return Content(first) if not error else Content.assemble(first, "\n", (error, "$text-error"))
