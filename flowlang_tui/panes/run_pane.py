"""What the panes have in common that show how one run goes."""

from __future__ import annotations

from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.records import RunRecord

#: What such a pane says while there is no run.
EMPTY = "No run yet.\n\nctrl+r  runs the flow\nalt+r   asks for its inputs first"


class RunPane(Pane):
    """Shows a run, and what came since whenever it is looked at."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._record: RunRecord | None = None

    def on_mount(self) -> None:
        self._show()

    def show_run(self, record: RunRecord | None) -> None:
        """Show a run; None shows that there is none."""
        self._record = record
        if self.is_mounted:
            self._show()

    def refresh_run(self) -> None:
        """Show what came since. Called once a frame while the run goes on."""
        if self._record is not None and self.is_mounted and self.display:
            self._catch_up()

    def on_show(self) -> None:
        """Show what came while the pane was hidden."""
        self.refresh_run()

    def _show(self) -> None:
        """Show the run from its beginning."""
        raise NotImplementedError

    def _catch_up(self) -> None:
        """Show what came since."""
        raise NotImplementedError
