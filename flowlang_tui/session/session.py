"""The state of the workbench and everything that can be done with it. It knows no widget.

All its methods are called in one thread, the screen's. What other threads find out comes there by `post`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.language.diagnostics import Diagnostic
from flowlang.language.lookup import find_root
from flowlang.project import Project, ProjectError
from flowlang_tui.session.checking import Checked, Checker
from flowlang_tui.session.connections import SessionConnections
from flowlang_tui.session.debugging import Debugging
from flowlang_tui.session.documents import Document, DocumentError, Documents
from flowlang_tui.session.engine import EngineThread
from flowlang_tui.session.files import ProjectFile, project_files
from flowlang_tui.session.history import SessionHistory
from flowlang_tui.session.launch import Launch
from flowlang_tui.session.notices import (
    DocumentChanged,
    DocumentClosed,
    DocumentConflict,
    DocumentOpened,
    FilesChanged,
    FlowChecked,
    Listener,
    Notice,
    Post,
    RunEnded,
    TasksChanged,
    Told,
    WatchChanged,
)
from flowlang_tui.session.pinning import Pinning, sandboxed
from flowlang_tui.session.runs import Runs
from flowlang_tui.session.tasks import ProjectTasks
from flowlang_tui.session.unsaved import Kept, Unsaved

if TYPE_CHECKING:
    from flowlang.language.graph import GraphNode
    from flowlang.language.model import Flow, Input
    from flowlang.watch import Watcher
    from flowlang_tui.session.again import Again
    from flowlang_tui.session.resumed import Resumed

#: How many flows of a project are checked when it is opened.
CHECKED_AT_START: Final = 200


class Session:
    """A project being worked on.

    `path` is the project's folder or one of its flows. `post` brings a call into the screen's thread, `listener`
    is told of every change. `environment` chooses the values of stored connections, as `--env` does.
    """

    def __init__(self, path: Path, post: Post, listener: Listener, *, environment: str | None = None) -> None:
        self.given = Project(path)
        self.folder = Path(self.given.folder).absolute()
        self.root = find_root(Path(path).absolute())
        self.environment = environment
        self.files: list[ProjectFile] = []
        self.documents = Documents()
        self.unsaved = Unsaved(self.folder, lambda: self.documents.changed)
        self.checks: dict[Path, Checked] = {}
        self.last_inputs: dict[Path, dict[str, Any]] = {}
        self.watching = False
        self.engine = EngineThread()
        self._post = post
        self._tell = listener
        self._tasks = ProjectTasks()
        self._checker = Checker(self._tasks, lambda checked: post(lambda: self._checked(checked)))
        self.history = SessionHistory(self.root)
        self.runs = Runs(self.engine, self._tasks, self._checker, post, self._told_of_runs, environment, self.history)
        self.debugging = Debugging(self.root, self.engine, post, listener)
        self.pinning = Pinning(self._tasks)
        self.runs.interceptors += [self.debugging.attach, self.pinning.attach, sandboxed]
        self.connections = SessionConnections(self.root, self.engine, environment=environment)
        self._watcher: Watcher | None = None
        self._last_run: Path | None = None

    # files and documents

    def begin(self) -> None:
        """Begin to check what is open, and every flow of the project."""
        self._checker.begin()
        for file in [one for one in self.files if one.kind == "flow"][:CHECKED_AT_START]:
            if file.path not in self.checks and self.documents.get(file.path) is None:
                self._check_file(file.path)

    def refresh_files(self) -> None:
        """List the project's files again."""
        found = project_files(self.folder)
        if found != self.files:
            self.files = found
            self._tell(FilesChanged())

    @property
    def first_flow(self) -> Path | None:
        """The flow to open at the beginning: the one that was named, the project's main flow, or the first."""
        try:
            return Path(self.given.main).absolute()
        except ProjectError:
            return next((file.path for file in self.files if file.kind == "flow"), None)

    def open(self, path: Path) -> Document | None:
        """Open a file, or come back to it. One that cannot be read is told, and gives None."""
        try:
            document = self.documents.open(path)
        except DocumentError as error:
            self._tell(Told(str(error), "error"))
            return None
        self._tell(DocumentOpened(document))
        self.check(document)
        return document

    def close(self, path: Path) -> None:
        """Close a file; changes that were not saved are gone."""
        self.documents.close(path)
        self._tell(DocumentClosed(path))
        self.unsaved.note()
        if path in self.checks:
            self._check_file(path)

    def edit(self, document: Document, text: str) -> None:
        """Take over what was typed, and check it soon."""
        if document.edit(text):
            self.check(document)
            self.unsaved.note()

    def bring_back(self, kept: Kept) -> None:
        """Open a file with the changes that were never saved; what others have saved since is a conflict."""
        document = self.documents.bring_back(kept.path, kept.base, kept.text)
        self._tell(DocumentOpened(document))
        self.check(document)
        self.unsaved.write()
        self.unsaved.drop(kept)
        if document.in_conflict:
            self._tell(DocumentConflict(document))

    def save(self, document: Document) -> bool:
        """Write a document to its file; whether that was possible. In watch mode the flow runs again."""
        if self._watcher is not None:
            self._watcher.expect(document.path, document.content)
        try:
            document.save()
        except DocumentError as error:
            self._tell(Told(str(error), "error"))
            return False
        self._tell(DocumentChanged(document))
        self.unsaved.note()
        self.changed([document.path])
        return True

    def save_all(self) -> bool:
        """Write all changed documents; whether that was possible."""
        return not [document for document in self.documents.changed if not self.save(document)]

    # checking

    def check(self, document: Document) -> None:
        """Check a document's text in the background, if it is a flow's."""
        if document.language == "yaml" and self.is_flow(document):
            self._checker.check(document.path, document.text)

    def checked(self, path: Path | None) -> Checked | None:
        """What came out of checking a flow last."""
        return None if path is None else self.checks.get(path)

    def declared(self, path: Path) -> list[Input]:
        """The inputs that a flow declares, as far as it was checked."""
        checked = self.checks.get(path)
        return [] if checked is None else list(checked.flow.inputs or ())

    def path_of_flow(self, name: str) -> Path | None:
        """The file of a flow, by the name that it has in events."""
        return next((path for path, checked in self.checks.items() if checked.flow.name == name), None)

    def subflow_at(self, path: Path | None, node: GraphNode | None) -> Flow | None:
        """The flow that a `subflow` step of the flow in `path` calls, as far as it can be read."""
        from flowlang.language.model import SubflowStep

        checked = self.checked(path)
        if checked is None or checked.analysis is None or node is None:
            return None
        step = next((one for one in checked.analysis.steps if one.line == node.line and one.id == node.step), None)
        return checked.analysis.subflows.flow(step.flow.text) if isinstance(step, SubflowStep) else None

    @property
    def problems(self) -> list[Diagnostic]:
        """The problems of task files, then those of all flows that were checked."""
        return [*self._tasks.problems, *(problem for checked in self.checks.values() for problem in checked.problems)]

    def is_flow(self, document: Document) -> bool:
        """Whether a document is to be read as a flow."""
        if document.path.name.endswith(".pins.yaml"):
            return False
        known = any(file.path == document.path and file.kind == "flow" for file in self.files)
        named = document.path.name == "flow.yaml" or "flow:" in document.text
        return known or named or document.path in self.checks

    def check_again(self) -> None:
        """Check every flow again: something that they all may use has changed."""
        self._recheck(self.checks)

    def _recheck(self, paths: Iterable[Path]) -> None:
        for path in list(paths):
            document = self.documents.get(path)
            if document is None:
                self._check_file(path)
            else:
                self.check(document)

    def _check_file(self, path: Path) -> None:
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError:
            self.checks.pop(path, None)
        else:
            self._checker.check(path, text)

    def _checked(self, checked: Checked) -> None:
        self.checks[checked.path] = checked
        document = self.documents.get(checked.path)
        if document is not None and document.text == checked.text:
            document.problems = checked.problems
        self._tell(FlowChecked(checked))

    # changes from outside and from saving

    @property
    def is_following(self) -> bool:
        """Whether every save from now on is noticed."""
        return self._watcher is not None

    async def follow_files(self, besides: Mapping[Path, Callable[[], object]] | None = None) -> None:
        """Take note of what is saved in the project, until the session ends.

        `besides` are files elsewhere that are watched too, each with what is to be done when it is saved.
        """
        from flowlang.watch import Watcher

        others = besides or {}
        watcher = Watcher(self.folder, also=others)
        await watcher.start()
        self._watcher = watcher
        async for change in watcher:
            for path in change.paths & others.keys():
                others[path]()
            if ours := change.paths - others.keys():
                self.changed(ours)

    def changed(self, paths: Iterable[Path]) -> None:
        """Files have other contents now: take over what is open, load tasks, check, and in watch mode run again."""
        paths = frozenset(paths)
        if any(path.suffix == ".py" for path in paths):
            self._checker.reload(paths, lambda: self._post(lambda: self._reloaded(paths)))
        # first of all: nobody waits for the screen to show what was saved
        self._run_again(paths)
        for document in self.documents:
            if document.path in paths:
                if document.look():
                    self._tell(DocumentChanged(document))
                    self.check(document)
                elif document.in_conflict:
                    self._tell(DocumentConflict(document))
        self.refresh_files()
        if not any(path.suffix == ".py" for path in paths):
            self._reloaded(paths)

    def _reloaded(self, paths: frozenset[Path]) -> None:
        if any(path.suffix == ".py" for path in paths):
            self._tell(TasksChanged())
        folders = {path.parent for path in paths}
        self._recheck(
            path
            for path, checked in self.checks.items()
            if not paths.isdisjoint(checked.files) or path.parent in folders
        )

    # runs

    def run(
        self,
        path: Path,
        inputs: Mapping[str, Any] | None = None,
        *,
        stop_first: bool = False,
        sandbox: bool = False,
    ) -> None:
        """Run a flow as its file is, with the inputs it had last unless there are others.

        With `stop_first` it stops before its first step; a `sandbox` run undoes what it did to SQL databases.
        """
        given = dict(inputs if inputs is not None else self.last_inputs.get(path, {}))
        self.last_inputs[path] = given
        self._last_run = path
        self.runs.start(Launch(path, given, stop_first=stop_first, sandbox=sandbox))

    def _told_of_runs(self, notice: Notice) -> None:
        if isinstance(notice, RunEnded):
            self.debugging.over()
        self._tell(notice)

    def rerun(self, path: Path, again: Again) -> None:
        """Run a part of a recorded run again."""
        self.runs.start(Launch(path, {}, lambda: again.replay(self.history.journal)))

    def resume(self, path: Path, resumed: Resumed) -> None:
        """Go on with a run that ended before its time."""
        self.runs.start(Launch(path, {}, lambda: resumed.replay(self.history.journal)))

    # watch mode

    def watch(self, on: bool) -> None:
        """Switch watch mode: whether the flow that ran last runs again after every change."""
        self.watching = on
        self._tell(WatchChanged(on))

    def _run_again(self, paths: frozenset[Path]) -> None:
        flow = self._last_run or self.first_flow
        if not self.watching or flow is None:
            return
        checked = self.checks.get(flow)
        ours = checked.files if checked is not None else frozenset({flow})
        besides = any(path.name.startswith(".env") or path.suffix in (".json", ".csv") for path in paths)
        if besides or not paths.isdisjoint(ours) or any(path.suffix == ".py" for path in paths):
            self.run(flow)

    def end(self) -> None:
        """Cancel what runs, close connections, end the threads."""
        self.unsaved.rest()
        self.unsaved.write()
        if self._watcher is not None:
            self._watcher.stop()
        self._checker.close()
        self.engine.close(self.runs.close)
        self.history.close()
