"""The application: a session, the workbench that shows it, and what belongs to the person: theme, keys, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.app import SystemCommand
from textual.message import Message
from textual.screen import Screen

from flowlang_themes import DEFAULT
from flowlang_tui.arrangement import Arrangement
from flowlang_tui.compat import let_switch
from flowlang_tui.inert import inert
from flowlang_tui.keyed_app import KeyedApp
from flowlang_tui.keymap import keymap_path, read_keymap
from flowlang_tui.preferences import Preferences
from flowlang_tui.screens.palette import PROVIDERS
from flowlang_tui.screens.workbench import Workbench
from flowlang_tui.session.notices import Notice, RunEnded
from flowlang_tui.session.session import Session
from flowlang_tui.theming import STYLES, theme_files, use_theme, variable_defaults

if TYPE_CHECKING:
    from flowlang.language.model import Input


class Posted(Message):
    """Something to do in the screen's thread."""

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__()
        self.function = function


class WorkbenchApp(KeyedApp[None]):
    """flowlang-tui.

    `path` is a project's folder or a flow. `inputs` are those of the first run, `theme` is the name of a theme,
    `environment` chooses the values of stored connections, `watch` begins in watch mode.
    """

    TITLE = "flowlang"
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "app.tcss"
    CSS = STYLES
    COMMANDS = PROVIDERS

    def __init__(
        self,
        path: Path,
        *,
        watch: bool = False,
        theme: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        environment: str | None = None,
    ) -> None:
        super().__init__()
        self._watch = watch
        self._inputs = inputs
        self._printed = ""
        self._environment = environment
        self._problems: list[str] = []
        self._choose_theme(theme)
        self._open(path)

    def _open(self, path: Path) -> None:
        self.session = Session(path, self._post, self._notice, environment=self._environment)
        self.session.watching = self._watch
        self.preferences = Preferences.of_project(self.session.root)

    def get_default_screen(self) -> Workbench:
        """The workbench itself: nothing else is ever drawn before it."""
        return self._workbench()

    def on_mount(self) -> None:
        self._use_keymap()
        for problem in self._problems:
            self.notify(inert(problem), severity="warning", markup=False)
        self.begin_capture_print(self)
        self._begin()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None: the palette has what the table of actions has."""
        return ()

    def _use_keymap(self) -> None:
        """Use the person's own keys, and tell what is wrong with them."""
        found = read_keymap(keymap_path())
        self.keymap = found.keys
        self.set_keymap(found.keys)
        for problem in found.problems[:3]:
            self.notify(inert(str(problem)), title="Keys", severity="warning", markup=False, timeout=10)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()

    def _choose_theme(self, asked: str | None) -> None:
        """Take the theme that was asked for, else the one that was chosen last; before anything is drawn in another."""
        name = asked or Preferences.of_person().get("theme") or DEFAULT
        self._problems += [problem.sentence for problem in use_theme(self, str(name))]
        if self.theme != name:
            use_theme(self, DEFAULT)

    def _workbench(self) -> Workbench:
        """The screen for the session, with what is remembered of the project."""
        session = self.session
        for name, inputs in dict(self.preferences.get("inputs") or {}).items():
            if isinstance(inputs, dict):
                session.last_inputs[session.root / name] = inputs
        for name, texts in dict(self.preferences.get("watched") or {}).items():
            if isinstance(texts, list):
                session.debugging.watched[session.root / name] = [str(text) for text in texts]
        flow = session.first_flow
        if flow is not None and self._inputs is not None:
            session.last_inputs[flow] = dict(self._inputs)
        return Workbench(session, Arrangement.from_dict(self.preferences.get("arrangement") or {}))

    def _begin(self) -> None:
        """Follow the project's files; run its flow if that was asked for."""
        session = self.session
        self.run_worker(session.follow_files(self._own_files()), group="files", exclusive=True)
        if session.watching and session.first_flow is not None:
            session.run(session.first_flow)

    def _own_files(self) -> dict[Path, Callable[[], object]]:
        """The person's own files that are watched too, each with what is done when it is saved."""
        files: dict[Path, Callable[[], object]] = {keymap_path(): self._use_keymap}
        shown = theme_files().get(self.theme)
        if shown is not None:
            files[shown] = self._read_theme_again
        return files

    def _read_theme_again(self) -> None:
        for problem in use_theme(self, self.theme):
            self.notify(inert(problem.sentence), title="Theme", severity="warning", markup=False)

    @work(exclusive=True, group="project")
    async def open_project(self, path: Path) -> None:
        """Leave this project for another."""
        self.session.end()
        self._open(path)
        let_switch(self.screen)
        await self.switch_screen(self._workbench())
        self._begin()

    def remember_inputs(self, path: Path, declared: Sequence[Input], inputs: Mapping[str, Any]) -> None:
        """Keep the inputs of a flow for the next time, those that are secret left out."""
        secret = {one.name for one in declared if one.secret}
        if path.is_relative_to(self.session.root):
            kept = dict(self.preferences.get("inputs") or {})
            kept[str(path.relative_to(self.session.root))] = {k: v for k, v in inputs.items() if k not in secret}
            self.preferences.set("inputs", kept)

    def remember_watched(self, watched: Mapping[Path, Sequence[str]]) -> None:
        """Keep the watched expressions of each flow for the next time."""
        root = self.session.root
        kept = {path: list(texts) for path, texts in watched.items() if texts and path.is_relative_to(root)}
        self.preferences.set("watched", {str(path.relative_to(root)): texts for path, texts in kept.items()})

    def _post(self, function: Callable[[], object]) -> None:
        """Call a function in the screen's thread, from any thread."""
        self.post_message(Posted(function))

    def on_posted(self, event: Posted) -> None:
        """Call what another thread wants to be called."""
        event.function()

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, RunEnded) and self._printed:
            self.on_print(events.Print("\n"))
        # an app that ends takes its screens apart while they still count as shown
        for screen in self.screen_stack if self.is_running else ():
            if isinstance(screen, Workbench):
                screen.notice(notice)

    def on_print(self, event: events.Print) -> None:
        """What tasks print goes into the log of the run, a line at a time: it comes in pieces."""
        *lines, self._printed = f"{self._printed}{event.text}".split("\n")
        for line in filter(str.strip, lines):
            self.session.runs.note(1, line)

    def on_unmount(self) -> None:
        """Leave nothing running."""
        self.session.end()
