"""The project pane: its flows, tasks and other files, with what is wrong in them and how their last run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.color import Color
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, Tree
from textual.widgets.tree import TreeNode

from flowlang_tui.actions import bindings
from flowlang_tui.inert import inert
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.files import ProjectFile

_SIGNS = {"flow": "⧉", "tasks": "ƒ", "inputs": "⇥", "environment": "$", "other": "·"}
_ENDINGS = {
    "running": ("▶", "state-running"),
    "queued": ("▶", "state-running"),
    "succeeded": ("✓", "state-succeeded"),
    "terminated": ("✓", "state-succeeded"),
    "failed": ("✗", "state-failed"),
    "cancelled": ("■", "state-cancelled"),
}
#: What a project without files says.
_EMPTY = """\
No files yet.

n   makes a file: a flow, tasks, inputs
^n  makes a flow from a template"""


class FileState(NamedTuple):
    """What is known of a file: its problems, how its last run ended, whether it is open with changes."""

    errors: int = 0
    warnings: int = 0
    ending: str = ""
    changed: bool = False


class FileTree(Tree[ProjectFile | None]):
    """The files as a tree of folders. A label is made when its line is drawn."""

    DEFAULT_CSS = "FileTree { background: transparent; padding: 0; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__("")
        self.states: Mapping[Path, FileState] = {}
        self.show_root = False
        self.guide_depth = 2

    def render_label(self, node: TreeNode[ProjectFile | None], base_style: Style, style: Style) -> Text:
        file = node.data
        if file is None:
            return Text(f"{'▾' if node.is_expanded else '▸'} {node.label}", style=base_style + Style(dim=True))
        state = self.states.get(file.path, FileState())
        text = Text(f"{_SIGNS[file.kind]} ", style=style + Style(dim=True))
        weight = Style(bold=True) if file.kind == "flow" else Style()
        text.append(inert(file.path.name), style + weight)
        if state.changed:
            text.append(" ●", style)
        if state.errors:
            text.append(f" ✗{state.errors}", style + self._colour("text-error"))
        elif state.warnings:
            text.append(f" !{state.warnings}", style + self._colour("text-warning"))
        if state.ending in _ENDINGS:
            sign, role = _ENDINGS[state.ending]
            text.append(f" {sign}", style + self._colour(role))
        return text

    def _colour(self, role: str) -> Style:
        """A colour of the theme; not a component class, which would be styled anew whenever the focus moves."""
        colour = self.app.theme_variables.get(role)
        return Style() if colour is None else Style(color=Color.parse(colour).rich_color)


class ExplorerPane(Pane):
    """The project's files."""

    DEFAULT_CSS = """
    ExplorerPane Input { display: none; height: 1; border: none; padding: 0 1; }
    ExplorerPane.-filtering Input { display: block; }
    ExplorerPane #explorer-empty { height: auto; padding: 1; color: $text-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("explorer")]
    title = "Project"

    class Asked(Message):
        """Something is to be done with a file: `open`, `run`, `rename`, `delete`, `copy-path`, or `new`."""

        def __init__(self, what: str, path: Path | None) -> None:
            super().__init__()
            self.what = what
            self.path = path

    def __init__(self, root: Path, *, id: str = "explorer") -> None:
        super().__init__(id=id)
        self._root = root
        self._files: list[ProjectFile] = []
        self._shown: dict[Path, TreeNode[ProjectFile | None]] = {}

    def compose(self) -> ComposeResult:
        yield FileTree()
        yield Input(placeholder="part of a name", select_on_focus=False, compact=True)

    def on_mount(self) -> None:
        """Nobody tells of files where there are none."""
        self.call_after_refresh(lambda: self._teach(not self._files))

    @property
    def tree_of_files(self) -> FileTree:
        """The tree itself."""
        return self.query_one(FileTree)

    def show_files(self, files: Sequence[ProjectFile]) -> None:
        """Show these files; folders that were open stay so."""
        self._files = list(files)
        self.border_subtitle = Content(inert(self._root.name))
        self._refill()

    def show_states(self, states: Mapping[Path, FileState]) -> None:
        """Show what is known of the files."""
        before = self.tree_of_files.states
        self.tree_of_files.states = dict(states)
        for path in before.keys() | states.keys():
            node = self._shown.get(path)
            if node is not None and before.get(path) != states.get(path):
                node.refresh()

    def show_current(self, path: Path) -> None:
        """Put the cursor on a file."""
        node = self._shown.get(path)
        if node is not None:
            parent = node.parent
            while parent is not None:
                parent.expand()
                parent = parent.parent
            self.tree_of_files.call_after_refresh(self.tree_of_files.move_cursor, node)

    def _refill(self) -> None:
        tree = self.tree_of_files
        wanted = self.query_one(Input).value.lower()
        closed = {path for path, node in self._shown.items() if node.data is None and not node.is_expanded}
        current = self.current
        tree.clear()
        self._shown = {self._root: tree.root}
        for file in self._files:
            if wanted in str(file.path.relative_to(self._root)).lower():
                folder = self._folder(file.path.parent)
                self._shown[file.path] = folder.add_leaf(Text(inert(file.path.name)), file)
        for path in closed & self._shown.keys():
            if not wanted:
                self._shown[path].collapse()
        tree.root.expand()
        self._teach(not self._files)
        if current is not None:
            self.show_current(current.path)

    def _teach(self, is_empty: bool) -> None:
        """Say what fills an empty project, as long as it is empty."""
        told = self.query("#explorer-empty")
        if is_empty and not told:
            self.mount(Static(_EMPTY, id="explorer-empty", markup=False), before=0)
        elif told and not is_empty:
            told.remove()

    def _folder(self, path: Path) -> TreeNode[ProjectFile | None]:
        known = self._shown.get(path)
        if known is None:
            # a folder comes before the files beside it that were added already
            known = self._shown[path] = self._folder(path.parent).add(Text(inert(path.name)), None, expand=True)
        return known

    @property
    def current(self) -> ProjectFile | None:
        """The file under the cursor."""
        node = self.tree_of_files.cursor_node
        return None if node is None else node.data

    def _ask(self, what: str) -> None:
        self.post_message(self.Asked(what, None if self.current is None else self.current.path))

    @on(Tree.NodeSelected)
    def _node_selected(self, event: Tree.NodeSelected[ProjectFile | None]) -> None:
        event.stop()
        if event.node.data is not None:
            self.post_message(self.Asked("open", event.node.data.path))

    @on(Input.Changed)
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._refill()

    @on(Input.Submitted)
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_class(bool(event.value), "-filtering")
        self.tree_of_files.focus()

    def action_explorer_filter(self) -> None:
        self.add_class("-filtering")
        self.query_one(Input).focus()

    def action_explorer_open(self) -> None:
        self.tree_of_files.action_select_cursor()

    def action_explorer_down(self) -> None:
        self.tree_of_files.action_cursor_down()

    def action_explorer_up(self) -> None:
        self.tree_of_files.action_cursor_up()

    def action_explorer_expand(self) -> None:
        node = self.tree_of_files.cursor_node
        if node is not None:
            node.expand()

    def action_explorer_collapse(self) -> None:
        node = self.tree_of_files.cursor_node
        if node is None:
            return
        if node.data is None and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent is not self.tree_of_files.root:
            self.tree_of_files.move_cursor(node.parent)

    def action_explorer_run(self) -> None:
        if self.current is not None and self.current.kind == "flow":
            self._ask("run")

    def action_explorer_new(self) -> None:
        self._ask("new")

    def action_explorer_rename(self) -> None:
        self._ask("rename")

    def action_explorer_delete(self) -> None:
        self._ask("delete")

    def action_explorer_copy_path(self) -> None:
        self._ask("copy-path")

    def action_explorer_refresh(self) -> None:
        self._ask("refresh")
