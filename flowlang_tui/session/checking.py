"""Checks what is typed, in a thread of its own: the newest text wins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flowlang.language.diagnostics import Diagnostic, Span
from flowlang_tui.session.tasks import FolderTasks, ProjectTasks

if TYPE_CHECKING:
    from flowlang.language.assist.analysis import Analysis
    from flowlang.language.graph import Graph
    from flowlang.language.model import Flow


class Checked(NamedTuple):
    """A flow's text, with what came out of checking it. `files` are those that the outcome depends on."""

    path: Path
    text: str
    flow: Flow
    graph: Graph
    problems: list[Diagnostic]
    tasks: FolderTasks
    files: frozenset[Path]
    analysis: Analysis | None = None

    @property
    def has_errors(self) -> bool:
        """Whether a problem keeps the flow from running."""
        return any(problem.severity == "error" for problem in self.problems)


class Checker:
    """Checks flows one after the other. `done` is called in the checker's thread with each outcome.

    A text that is asked for again before its turn takes the place of the older one.
    """

    def __init__(self, tasks: ProjectTasks, done: Callable[[Checked], object]) -> None:
        self._tasks = tasks
        self._done = done
        self._wanted: dict[Path, str] = {}
        self._changed: set[Path] = set()
        self._then: list[Callable[[], object]] = []
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._held = True

    def begin(self) -> None:
        """Begin with what was asked for. Before that nothing takes time from painting the first screen."""
        with self._ready:
            self._held = False
            if self._wanted or self._then:
                self._wake()

    def check(self, path: Path, text: str) -> None:
        """Check a flow's text soon."""
        with self._ready:
            # what is asked for last is what somebody looks at: it goes first
            self._wanted.pop(path, None)
            self._wanted[path] = text
            self._wake()

    def reload(self, changed: Iterable[Path], then: Callable[[], object]) -> None:
        """Load the tasks that are made from these files again, then call `then` in the checker's thread."""
        with self._ready:
            self._changed.update(changed)
            self._then.append(then)
            self._wake()

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the checker's thread, before what is still to check."""
        self.reload((), function)

    def close(self) -> None:
        """End the thread after what it is at."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def _wake(self) -> None:
        if self._thread is None and not self._held:
            self._thread = threading.Thread(target=self._work, name="flowlang-checker", daemon=True)
            self._thread.start()
        self._ready.notify()

    def _work(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._wanted or self._changed or self._then or self._closed)
                if self._closed:
                    return
                changed, self._changed = self._changed, set()
                then, self._then = self._then, []
                wanted = None if changed or then else self._wanted.popitem()
            if changed:
                self._tasks.reload(changed)
            for call in then:
                call()
            if wanted is not None:
                self._done(self._checked(*wanted))

    def _checked(self, path: Path, text: str) -> Checked:
        # imported with the first flow, not before the screen is painted
        from flowlang.environment import Environment
        from flowlang.language.assist.analysis import Analysis
        from flowlang.language.graph import graph_of
        from flowlang.language.lookup import find_root
        from flowlang.language.model import Flow

        tasks = self._tasks.of(path.parent)
        try:
            # what is saved is prepared as a run would do it, so that a run need not do it again
            loaded = (
                tasks.preparer.load(path, path.parent) if _is_saved(path, text) else tasks.preparer.check(text, path)
            )
            analysis = Analysis(text, loaded.flow, loaded.problems, loaded.catalog)
            _ = analysis.tasks  # loading plugins takes long: it is done here, so that completing is quick
            analysis.variables = sorted(Environment.load(path.parent, find_root(path)))
        # whatever a plugin or a file of the project does wrong while a flow is checked is shown as the flow's problem
        except Exception as error:
            message = f"the flow could not be checked: {type(error).__name__}: {error}"
            problem = Diagnostic("error", "check", message, Span(1, 1, 1, 2), path=str(path))
            flow = Flow(path=str(path))
            return Checked(path, text, flow, graph_of(flow), [problem], tasks, frozenset({path}))
        files = frozenset({path, *map(Path, loaded.files), *tasks.files})
        return Checked(path, text, loaded.flow, graph_of(loaded.flow), loaded.problems, tasks, files, analysis)


def _is_saved(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode("utf-8", "surrogatepass")
    except OSError:
        return False
