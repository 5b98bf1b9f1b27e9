"""What the stopped step sees: its arguments, watched expressions, and every value that can be read there."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from flowlang.redaction import MASK
from flowlang.values import to_json
from flowlang_tui.graph.states import STOPPED
from flowlang_tui.inert import inert
from flowlang_tui.panes.debug_tree import TreePane
from flowlang_tui.session.debugging import Sight, Watched
from flowlang_tui.widgets.value_nodes import Node, preview
from flowlang_tui.widgets.value_tree import ValueTree

if TYPE_CHECKING:
    from flowlang.debugger import Scope, Variable
    from flowlang.debugger.scope import Group

EMPTY: Final = """\
No step is stopped.

A stopped run shows here what its step sees.
a  watches an expression"""

#: So many characters of a value are put into a line to be changed.
_LONGEST: Final = 1000

#: Parameters of so many characters are seen in their line.
_SHORT: Final = 30

#: Groups that are open from the start.
_OPEN: Final = frozenset({"step", "arguments", "loop", "steps"})


class Target(NamedTuple):
    """What a row stands for: an argument of the step, a value by its path, or a watched expression."""

    kind: Literal["argument", "value", "watch"]
    name: str


class ScopePane(TreePane):
    """The values at a stop. One can be changed where it stands."""

    DEFAULT_CSS = """
    ScopePane {
        #scope-head {
            height: auto; max-height: 6; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis;
        }
        #scope-prompt { display: none; height: auto; background: $surface; }
        #scope-prompt.-shown { display: block; }
        #scope-asked { display: none; height: 1; padding: 0 1; color: $text-accent; background: $surface; }
        #scope-asked.-shown { display: block; }
    }
    """

    title = "Scope"

    class Given(Message):
        """Somebody typed an expression for a value, an argument or a watch; `target` is None for a new watch."""

        def __init__(self, target: Target | None, text: str) -> None:
            super().__init__()
            self.target = target
            self.text = text

    def __init__(self, *, id: str = "scope") -> None:
        super().__init__(id=id)
        self._sight: Sight | None = None
        self._watched: Sequence[Watched] = ()
        self._past: tuple[str, Scope] | None = None
        self._targets: dict[tuple[str, ...], Target] = {}
        self._asked: Target | None = None
        self._lines = -1

    def compose(self) -> ComposeResult:
        yield Static(id="scope-head", markup=False)
        yield ValueTree(id="scope-tree")
        yield Static(id="scope-asked", markup=False)
        yield Input(id="scope-prompt", compact=True)

    def on_mount(self) -> None:
        self._show()

    def show(self, sight: Sight | None, watched: Sequence[Watched]) -> None:
        """Show what a stop sees; without one the watched expressions alone."""
        other = None if self._sight is None or sight is None else self._sight.stop.id != sight.stop.id
        self._sight, self._watched, self._past = sight, watched, None
        if self.is_mounted:
            self._show()
            if other:
                self.values.start_over()

    def show_past(self, where: str, scope: Scope) -> None:
        """Show what could be seen earlier. `where` says when that was."""
        self._past = (where, scope)
        if self.is_mounted:
            self._show()

    def tick(self) -> None:
        """Count down."""
        if self._sight is not None and self._sight.stop.deadline is not None:
            self._head()

    def ask_watch(self) -> None:
        """Ask for one more expression to watch."""
        self._ask(None, "watch the expression", "")

    def _show(self) -> None:
        self._head()
        self._targets = {}
        roots = [self._section("Watch", self._watch_rows(), is_open=True)] if self._watched else []
        if self._past is not None:
            roots += self._groups(self._past[1], settable=False)
        elif self._sight is not None:
            roots += _statement(self._sight)
            roots += self._groups(self._sight.scope, settable=True)
        self.values.show(roots)

    def _watch_rows(self) -> list[tuple[str, Any, Target]]:
        return [
            (one.text, Failure(one.error) if one.error else one.value, Target("watch", one.text))
            for one in self._watched
        ]

    def _groups(self, scope: Scope, *, settable: bool) -> list[Node]:
        sections = []
        for group in scope.groups:
            rows = [(one.name, one.value, _target(group, one) if settable else None) for one in group.variables]
            if rows:
                # the title of a loop begins with the name of its variable
                title = group.title if group.kind == "loop" else group.title[:1].upper() + group.title[1:]
                sections.append(self._section(title, rows, is_open=group.kind in _OPEN))
        return sections

    def _section(self, title: str, rows: Sequence[tuple[str, Any, Target | None]], *, is_open: bool) -> Node:
        nodes = []
        for name, value, target in rows:
            note = f"✗ {value.words}" if isinstance(value, Failure) else None
            nodes.append(Node(name, None if isinstance(value, Failure) else value, note=note))
            if target is not None:
                self._targets[title, name] = target
        return Node(title, None, role="section", note="", is_open=is_open, children=nodes)

    def _head(self) -> None:
        words = self._words()
        lines = words.plain.count("\n")
        # another layout of the screen is worth a line more or less, not every word
        self.query_one("#scope-head", Static).update(words, layout=lines != self._lines)
        self._lines = lines

    def _words(self) -> Content:
        if self._past is not None:
            keys = "\n, back   . on   0 now   f runs again from here"
            return Content.assemble(
                ("↶ ", "b $text-warning"), (inert(self._past[0]), "$text-warning"), (keys, "$text-muted")
            )
        if self._sight is None:
            return Content.styled(EMPTY, "$text-muted")
        stop = self._sight.stop
        attempt = f"  attempt {stop.attempt}" if stop.attempt > 1 else ""
        if self._sight.calls:
            attempt += f"  {self._sight.calls} call{'s' * (self._sight.calls > 1)} up"
        parts: list[tuple[str, str]] = [
            (f"{STOPPED} ", "b $text-warning"),
            (inert(stop.path), "b"),
            (f", {self._sight.when}", "$text-warning"),
            (attempt, "$text-muted"),
        ]
        if stop.error is not None:
            parts.append((f"\n✗ {inert(str(stop.error.get('message', '')))[:300]}", "$text-error"))
        if stop.problem is not None:
            parts.append((f"\n✗ {inert(stop.problem)}", "$text-error"))
        if stop.deadline is not None:
            left = max(0, round(stop.deadline - time()))
            parts.append((f"\n{left} s left: K commits, R rolls back", "$text-warning"))
        made = [change for change in stop.changes if change.kind != "query"]
        if made:
            names = ", ".join(f"{change.kind} {change.what}" for change in made[-3:])
            parts.append((f"\nby hand: {inert(names)}", "$text-accent"))
        return Content.assemble(*parts)

    # changing

    @property
    def target(self) -> Target | None:
        """What the selected row stands for."""
        node = self.node
        if node is None:
            return None
        below = ""
        while node.parent is not None and node.path not in self._targets:
            around = node.parent
            if node.role != "part":
                below = (f"[{node.label}]" if _is_list(around) else f".{node.label}") + below
            node = around
        known = self._targets.get(node.path)
        if known is None or not below:
            return known
        return None if known.kind == "watch" else Target(known.kind, known.name + below)

    def action_debug_edit(self) -> None:
        target, node = self.target, self.node
        if target is None or node is None or self._past is not None:
            return
        if target.kind == "watch":
            self._ask(target, "watch the expression", target.name)
        else:
            self._ask(target, f"{target.name} =", typed(node.value))

    def action_debug_delete(self) -> None:
        target = self.target
        if target is not None and target.kind == "watch":
            self.post_message(self.Given(target, ""))

    def _ask(self, target: Target | None, label: str, value: str) -> None:
        self._asked = target
        asked, prompt = self.query_one("#scope-asked", Static), self.query_one("#scope-prompt", Input)
        asked.update(inert(label))
        asked.add_class("-shown")
        prompt.value = value
        prompt.add_class("-shown")
        # at once: what is typed next is meant for it
        self.screen.set_focus(prompt)

    @on(Input.Submitted, "#scope-prompt")
    def _taken(self, event: Input.Submitted) -> None:
        event.stop()
        target, text = self._asked, event.value.strip()
        self._close()
        if text:
            self.post_message(self.Given(target, text))

    @on(Input.Blurred, "#scope-prompt")
    def _left(self) -> None:
        self._hide()

    def key_escape(self) -> None:
        """Leave the value as it is."""
        if self.query_one("#scope-prompt", Input).has_class("-shown"):
            self._close()

    def _close(self) -> None:
        self._hide()
        self.focus_inside()

    def _hide(self) -> None:
        for name in ("#scope-asked", "#scope-prompt"):
            self.query_one(name).remove_class("-shown")


class Failure(NamedTuple):
    """Why an expression came to nothing."""

    words: str


def _statement(sight: Sight) -> list[Node]:
    """The statement that is next, or that was met, with what is bound to it."""
    stop = sight.stop
    if stop.statement is None or sight.calls:
        return []
    parts = [Node("text", stop.statement.strip(), is_open=True)]
    if stop.params:
        parts.append(Node("params", stop.params, is_open=not preview(stop.params, _SHORT).startswith("[")))
    return [Node("Statement", None, role="section", note="", is_open=True, children=parts)]


def _target(group: Group, variable: Variable) -> Target | None:
    if group.kind == "arguments":
        return Target("argument", variable.name)
    return None if variable.path is None else Target("value", variable.path)


def _is_list(node: Node) -> bool:
    return isinstance(node.value, (list, tuple)) or (node.role == "part" and not isinstance(node.value, dict))


def typed(value: Any) -> str:
    """A value as an expression that gives it; nothing for a secret, or for one that nobody would type."""
    if isinstance(value, (list, dict, str)) and len(value) > _LONGEST:
        return ""
    text = to_json(value)
    return "" if MASK in text or len(text) > _LONGEST else text
