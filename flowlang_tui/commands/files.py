"""The actions on files: open, save, close, make, rename, delete."""

from __future__ import annotations

from pathlib import Path

from textual import on

from flowlang_tui.panes.explorer import ExplorerPane
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.widgets.file_tabs import FileTabs


class FileCommands(ProjectScreen):
    """What can be done with the project's files."""

    def action_flow_open(self) -> None:
        from flowlang_tui.screens.pick import Pick

        folder = self.session.folder
        names = {str(file.path.relative_to(folder)): file for file in self.session.files}
        details = {name: file.name or ("" if file.kind == "other" else file.kind) for name, file in names.items()}

        def chosen(name: str | None) -> None:
            if name is not None:
                self.open_file(names[name].path)

        self.app.push_screen(Pick("Open", list(names), details), chosen)

    def open_file(self, path: Path, line: int | None = None, column: int = 1) -> None:
        """Show a file in the editor, at a line if one is given (from 1)."""
        if self.session.open(path) is not None:
            self.show_pane("editor")
            if line is not None:
                self.editor.go(line, column)

    def action_flow_save(self) -> None:
        document = None if self.editor.current is None else self.session.documents.get(self.editor.current)
        if document is None:
            self.tell("No file is open.", "warning")
        elif document.in_conflict:
            self.ask_about_conflict(document.path)
        elif self.session.save(document):
            self.tell(f"Saved {document.path.name}")

    def action_flow_save_all(self) -> None:
        count = len(self.session.documents.changed)
        if self.session.save_all():
            self.tell(f"Saved {count} file{'' if count == 1 else 's'}" if count else "Nothing to save.")

    def action_flow_check(self) -> None:
        """Check the flow now, and show its problems."""
        self.session.check_again()
        self.show_pane("problems")

    def action_flow_close(self) -> None:
        path = self.editor.current
        document = None if path is None else self.session.documents.get(path)
        if document is None or path is None:
            return
        if not document.is_changed:
            self.session.close(path)
            return

        from flowlang_tui.screens.confirm import Confirm

        def answered(choice: str | None) -> None:
            if (choice == "save" and self.session.save(document)) or choice == "discard":
                self.session.close(path)

        question = f"{path.name} has changes that are not saved."
        self.app.push_screen(Confirm(question, {"save": "Save", "discard": "Discard them", "cancel": "Stay"}), answered)

    def offer_unsaved(self) -> None:
        """Ask what to do with changes that were never saved, because the workbench was ended."""
        found = self.session.unsaved.found()
        if not found:
            return

        from flowlang_tui.screens.confirm import Confirm

        def answered(choice: str | None) -> None:
            for kept in found:
                if choice == "restore":
                    self.session.bring_back(kept)
                elif choice == "discard":
                    self.session.unsaved.drop(kept)

        names = ", ".join(dict.fromkeys(kept.path.name for kept in found))
        question = f"{names}: changes from last time were never saved, because the workbench was ended."
        choices = {"discard": "Discard them", "later": "Ask again next time", "restore": "Restore them"}
        self.app.push_screen(Confirm(question, choices), answered)

    def action_flow_next_tab(self) -> None:
        self._change_tab(1)

    def action_flow_previous_tab(self) -> None:
        self._change_tab(-1)

    def _change_tab(self, step: int) -> None:
        paths = [document.path for document in self.session.documents]
        if self.editor.current in paths:
            self.open_file(paths[(paths.index(self.editor.current) + step) % len(paths)])

    def ask_about_conflict(self, path: Path) -> None:
        from flowlang_tui.screens.conflict import Conflict

        document = self.session.documents.get(path)
        if document is None or any(isinstance(screen, Conflict) for screen in self.app.screen_stack):
            return

        def answered(choice: str | None) -> None:
            if choice == "theirs":
                document.take_theirs()
                self.editor.show_text(document, self.session.documents)
                self.session.check(document)
            elif choice == "mine":
                document.keep_mine()
                self.editor.show_changed(self.session.documents)

        self.app.push_screen(Conflict(path.name, document.difference()), answered)

    def action_project_reload(self) -> None:
        self.session.refresh_files()
        self.session.changed([file.path for file in self.session.files])
        self.tell("Read all files again.")

    def action_project_open(self) -> None:
        from flowlang_tui.screens.ask import Ask

        def check(text: str) -> str | None:
            return None if Path(text).expanduser().exists() else f"there is no {text}"

        def answered(text: str | None) -> None:
            if text is not None:
                self.leave(lambda: self.workbench.open_project(Path(text).expanduser()))

        self.app.push_screen(Ask("Open the project in", str(self.session.folder.parent) + "/", check=check), answered)

    @on(FileTabs.Chosen)
    def _tab_chosen(self, event: FileTabs.Chosen) -> None:
        event.stop()
        self.open_file(event.path)

    @on(ExplorerPane.Asked)
    def _explorer_asked(self, event: ExplorerPane.Asked) -> None:
        event.stop()
        path = event.path
        if event.what == "new":
            self.new_file()
        elif event.what == "refresh":
            self.session.refresh_files()
        elif path is None:
            return
        elif event.what == "open":
            self.open_file(path)
        elif event.what == "run":
            self.session.open(path)
            self.run_flow(path)
        elif event.what == "copy-path":
            self.copy(str(path), "the path")
        elif event.what == "rename":
            self._rename(path)
        elif event.what == "delete":
            self._delete(path)

    def _rename(self, path: Path) -> None:
        from flowlang_tui.screens.ask import Ask

        def check(name: str) -> str | None:
            if "/" in name or name in (".", ".."):
                return "a name without folders"
            return f"there is a {name} already" if path.with_name(name).exists() else None

        def answered(name: str | None) -> None:
            if name is None:
                return
            new = path.with_name(name)
            try:
                path.rename(new)
            except OSError as error:
                self.tell(f"{path.name} cannot be renamed: {error.strerror}", "error")
                return
            document = self.session.documents.get(path)
            self._gone(path)
            if document is not None:
                self.open_file(new)
                self.editor.code.replace_text(document.text)
            self.session.changed([path, new])

        self.app.push_screen(Ask(f"New name of {path.name}", path.name, check=check), answered)

    def _gone(self, path: Path) -> None:
        """Forget a file that has another name now, or none."""
        if path == self.shown_flow:
            self.shown_flow = None
        self.session.close(path)

    def _delete(self, path: Path) -> None:
        from flowlang_tui.screens.confirm import Confirm

        def answered(choice: str | None) -> None:
            if choice != "delete":
                return
            try:
                path.unlink()
            except OSError as error:
                self.tell(f"{path.name} cannot be deleted: {error.strerror}", "error")
                return
            self._gone(path)
            self.session.changed([path])

        question = f"Delete {path.name}? It cannot be brought back."
        self.app.push_screen(Confirm(question, {"delete": "Delete", "cancel": "Keep"}), answered)
