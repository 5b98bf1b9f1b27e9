"""The palette: whatever can be done now, files to open and themes, to be found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.fuzzy import Matcher
from textual.screen import Screen

from flowlang_tui.actions import ACTIONS, Action, key_name
from flowlang_tui.inert import inert
from flowlang_tui.keymap import keys_of

#: What a command scores, from 0 to 1, whose help has the words and whose title does not.
_TOLD = 0.05


class Command(NamedTuple):
    """A line of the palette."""

    title: str
    help: str
    keys: str
    run: Callable[[], Any]


def doers(screen: Screen[Any]) -> list[DOMNode]:
    """Who may do an action, the nearest first: what has the focus and what that is in, the others, screen, app.

    Of the others those come first that the screen has `used_before`.
    """
    near = [] if screen.focused is None else list(screen.focused.ancestors_with_self)
    before = getattr(screen, "used_before", ())
    return list(dict.fromkeys([*near, *before, *screen.walk_children(with_self=True), screen.app]))


def target(action: Action, nodes: Iterable[DOMNode]) -> DOMNode | None:
    """The first of the nodes that can do an action."""
    return next((node for node in nodes if hasattr(node, f"action_{action.method}")), None)


def possible(screen: Screen[Any]) -> Iterator[Action]:
    """The actions that somebody can do and that make sense now, as the screen and that somebody say."""
    nodes = doers(screen)
    for action in ACTIONS:
        node = target(action, nodes)
        if node is not None and all(one.check_action(action.method, ()) is True for one in (screen, node)):
            yield action


async def perform(screen: Screen[Any], action: Action) -> None:
    """Do an action as its key would: one of a pane's, after the focus went there."""
    node = target(action, doers(screen))
    if node is None:
        return
    if action.where != "app" and not (screen.focused and node in screen.focused.ancestors_with_self):
        go_there = getattr(screen, f"action_view_{action.where}", None)
        if go_there is not None:
            go_there()
    await screen.app.run_action(action.method, node)


def keymap_of(app: App[Any]) -> Mapping[str, str]:
    """The person's own keys, if the app has an attribute `keymap` with them."""
    return getattr(app, "keymap", {})


class Commands(Provider):
    """What the providers here have in common: they list commands, and the words typed pick from them."""

    def commands(self) -> Iterator[Command]:
        """Every command there is now."""
        raise NotImplementedError

    async def startup(self) -> None:
        self._found = list(self.commands())

    async def discover(self) -> Hits:
        for command in self._found:
            yield DiscoveryHit(_line(Content(command.title), command.keys), command.run, command.title, command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._found:
            score = matcher.match(command.title) or _TOLD * (query.lower() in command.help.lower())
            if score > 0:
                line = _line(highlighted(command.title, matcher), command.keys)
                yield Hit(score, line, command.run, command.title, command.help)


class ActionCommands(Commands):
    """The actions of the table that make sense now."""

    def commands(self) -> Iterator[Command]:
        keymap = keymap_of(self.app)
        for action in possible(self.screen):
            if action.name != "app.palette":
                keys = " ".join(dict.fromkeys(map(key_name, keys_of(action, keymap))))
                yield Command(action.title, action.help, keys, partial(perform, self.screen, action))


class FileCommands(Commands):
    """The files of the project, if the screen has a session with files and opens them."""

    def commands(self) -> Iterator[Command]:
        screen: Any = self.screen
        session = getattr(screen, "session", None)
        if session is None or not hasattr(screen, "open_file"):
            return
        for file in session.files:
            name = inert(str(file.path.relative_to(session.folder)))
            yield Command(f"Open: {name}", "", "", partial(screen.open_file, file.path))

    async def discover(self) -> Hits:
        """Files are for who asks for them: they would hide the rest."""
        return
        yield


class ThemeCommands(Commands):
    """The themes."""

    def commands(self) -> Iterator[Command]:
        from flowlang_tui.theming import theme_files

        for name in theme_files():
            yield Command(f"Theme: {inert(name)}", "", "", partial(self._take, name))

    async def discover(self) -> Hits:
        """Themes have a list of their own."""
        return
        yield

    def _take(self, name: str) -> None:
        from flowlang_tui.preferences import Preferences
        from flowlang_tui.theming import use_theme

        problems = use_theme(self.app, name)
        if self.app.theme == name:
            Preferences.of_person().set("theme", name)
        for problem in problems:
            self.app.notify(inert(str(problem)), severity="warning", markup=False)


#: For `COMMANDS` of the app.
PROVIDERS: set[type[Provider] | Callable[[], type[Provider]]] = {ActionCommands, FileCommands, ThemeCommands}


def highlighted(text: str, matcher: Matcher) -> Content:
    """A plain text with what matched in another style. (The matcher's own way takes the text for markup.)"""
    content = Content(text)
    _, places = matcher.fuzzy_search.match(matcher.query, text)
    for place in places:
        content = content.stylize(matcher.match_style, place, place + 1)
    return content


def _line(title: Content, keys: str) -> Content:
    return Content.assemble(title, (f"  {keys}", "dim")) if keys else title
