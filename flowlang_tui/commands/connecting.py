"""What the connections pane asks of the rest of the workbench."""

from __future__ import annotations

from textual import on

from flowlang import FlowLangError
from flowlang_tui.panes.connections import ConnectionsPane
from flowlang_tui.screens.base import ProjectScreen


class ConnectionCommands(ProjectScreen):
    """Connections written into flows, files that came of them, and places that use them."""

    @on(ConnectionsPane.FlowEditAsked)
    def _flow_edit_asked(self, event: ConnectionsPane.FlowEditAsked) -> None:
        event.stop()
        document = self.session.documents.get(event.path) or self.session.open(event.path)
        if document is None:
            return
        try:
            text = event.apply(document.text)
        except FlowLangError as error:
            self.tell(str(error), "error")
            return
        self.open_file(event.path)
        self.editor.code.replace_text(text)
        self.tell(f"{event.name} is in the text of {event.path.name} now; ^s saves it.")

    @on(ConnectionsPane.FlowOpenAsked)
    def _flow_open_asked(self, event: ConnectionsPane.FlowOpenAsked) -> None:
        event.stop()
        self.open_file(event.path, event.line)

    @on(ConnectionsPane.FileCreated)
    def _file_created(self, event: ConnectionsPane.FileCreated) -> None:
        event.stop()
        self.session.refresh_files()
        self.open_file(event.path)

    @on(ConnectionsPane.StoreChanged)
    def _store_changed(self, event: ConnectionsPane.StoreChanged) -> None:
        event.stop()
        self.session.check_again()
