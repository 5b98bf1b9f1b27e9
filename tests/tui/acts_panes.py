"""What one sees of the actions of the panes that are no text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual.widgets import Input

from tests.tui.acting import (
    ANYTHING,
    Act,
    copied,
    current_file,
    cursor,
    dialog,
    focused_pane,
    runs,
    text,
    told,
)
from tests.tui.opening import Opened

# explorer


def _chosen_file(one: Opened) -> str:
    node = one.screen.explorer.tree_of_files.cursor_node
    return "" if node is None else str(node.label)


def _on_file(name: str) -> Callable[[Opened], None]:
    """Put the cursor of the tree on a file or a folder."""

    def go(one: Opened) -> None:
        tree = one.screen.explorer.tree_of_files
        nodes = [node for parent in (tree.root, *tree.root.children) for node in parent.children]
        tree.move_cursor(next(node for node in nodes if str(node.label) == name))

    return go


def _is_open(one: Opened) -> bool:
    tree = one.screen.explorer.tree_of_files
    return next(node for node in tree.root.children if node.data is None).is_expanded


def _closed_folder(one: Opened) -> None:
    _on_file("inner")(one)
    tree = one.screen.explorer.tree_of_files
    next(node for node in tree.root.children if node.data is None).collapse()


def _open_folder(one: Opened) -> None:
    _closed_folder(one)
    tree = one.screen.explorer.tree_of_files
    next(node for node in tree.root.children if node.data is None).expand()


def _files(one: Opened) -> list[str]:
    return [file.path.name for file in one.app.session.files]


def _filtering(one: Opened) -> bool:
    return isinstance(one.app.focused, Input) and focused_pane(one) == "explorer"


def _new_file(one: Opened) -> None:
    (one.app.session.folder / "more.md").write_text("more")
    one.app.session.files = [file for file in one.app.session.files if file.path.name != "more.md"]


EXPLORER: Final[dict[str, Act]] = {
    "explorer.open": Act(current_file, "slow.yaml", _on_file("slow.yaml")),
    "explorer.down": Act(_chosen_file, ANYTHING, _on_file("flow.yaml")),
    "explorer.up": Act(_chosen_file, ANYTHING, _on_file("slow.yaml")),
    "explorer.expand": Act(_is_open, True, _closed_folder),
    "explorer.collapse": Act(_is_open, False, _open_folder),
    "explorer.run": Act(runs, ANYTHING, _on_file("flow.yaml")),
    "explorer.new": Act(dialog, "Pick New file"),
    "explorer.rename": Act(dialog, "Ask New name of slow.yaml", _on_file("slow.yaml")),
    "explorer.delete": Act(dialog, "Confirm", _on_file("slow.yaml")),
    "explorer.copy-path": Act(lambda one: Path(copied(one)).name, "slow.yaml", _on_file("slow.yaml")),
    "explorer.filter": Act(_filtering, True),
    "explorer.refresh": Act(lambda one: "more.md" in _files(one), True, _new_file),
}

# graph


def _drawing(one: Opened) -> Any:
    return one.screen.graph.drawing


def _node(one: Opened) -> str | None:
    return _drawing(one).selected  # type: ignore[no-any-return]


def _boxes(one: Opened) -> list[str]:
    return list(_drawing(one).drawing.boxes)


def _at_node(name: str) -> Callable[[Opened], None]:
    """Select a step of a graph that shows all of them."""

    def go(one: Opened) -> None:
        _drawing(one).action_graph_expand_all()
        _drawing(one).select(name)

    return go


def _collapsed(one: Opened) -> None:
    _drawing(one).action_graph_collapse_all()


GRAPH: Final[dict[str, Act]] = {
    "graph.open": Act(lambda one: (cursor(one), focused_pane(one)), (("flow.yaml", 14), "editor"), _at_node("check")),
    "graph.toggle": Act(lambda one: "check" in _boxes(one), False, _at_node("each")),
    "graph.down": Act(_node, "each", _at_node("fetch")),
    "graph.up": Act(_node, "fetch", _at_node("each")),
    "graph.left": Act(_node, "one", _at_node("other")),
    "graph.right": Act(_node, "other", _at_node("one")),
    "graph.first": Act(_node, "fetch", _at_node("stored")),
    "graph.last": Act(_node, ANYTHING, _at_node("fetch")),
    "graph.failed": Act(_node, "check", _at_node("fetch")),
    "graph.collapse-all": Act(lambda one: "check" in _boxes(one), False, _at_node("fetch")),
    "graph.expand-all": Act(lambda one: "check" in _boxes(one), True, _collapsed),
    "graph.form": Act(lambda one: _drawing(one).picture.form),
    "graph.critical": Act(lambda one: _drawing(one).marking),
    "graph.follow": Act(lambda one: _drawing(one).following),
}

# logs


def _view(one: Opened) -> Any:
    return one.screen.logs.view


def _selected_line(one: Opened) -> int | None:
    return _view(one).selected  # type: ignore[no-any-return]


def _line_of(words: str) -> Callable[[Opened], None]:
    """Select the first line of the log that has some words."""

    def go(one: Opened) -> None:
        store = _view(one).store
        _view(one).select(next(at for at in range(len(store)) if words in store.line(at).text))

    return go


def _following(one: Opened) -> bool:
    return bool(_view(one).following)


def _shown_lines(one: Opened) -> int:
    return len(_view(one).rows)


async def _filtered(one: Opened) -> None:
    one.screen.show_pane("logs")
    await one.pilot.press("slash", *"check", "enter")
    _view(one).select(_view(one).rows.number(2))


def _detail(one: Opened) -> bool:
    return bool(one.screen.logs.query_one("#log-detail").display)


LOGS: Final[dict[str, Act]] = {
    "logs.filter": Act(lambda one: isinstance(one.app.focused, Input), True),
    "logs.clear-filter": Act(_shown_lines, ANYTHING, _filtered),
    "logs.next-match": Act(_selected_line, ANYTHING, _filtered),
    "logs.previous-match": Act(_selected_line, ANYTHING, _filtered),
    "logs.follow": Act(_following, True, _line_of("fetch")),
    "logs.start": Act(_selected_line, 0, lambda one: _view(one).select(2)),
    "logs.level": Act(lambda one: "info" in str(one.screen.logs.border_subtitle), True),
    "logs.only-step": Act(_shown_lines, ANYTHING, _line_of("check")),
    "logs.times": Act(lambda one: _view(one).shows_times),
    "logs.wrap": Act(_detail, True),
    "logs.step": Act(cursor, ("flow.yaml", 7), _line_of("fetch")),
    "logs.copy": Act(lambda one: "fetch" in copied(one), True, _line_of("fetch")),
    "logs.down": Act(_selected_line, 3, lambda one: _view(one).select(2)),
    "logs.up": Act(_selected_line, 1, lambda one: _view(one).select(2)),
    "logs.page-down": Act(_selected_line, ANYTHING, lambda one: _view(one).select(0)),
    "logs.page-up": Act(_selected_line, ANYTHING, lambda one: _view(one).select(20)),
}

# inspector


def _values(one: Opened) -> Any:
    return one.screen.inspector.values


def _row(one: Opened) -> int:
    return int(_values(one).selected)


def _rows(one: Opened) -> list[str]:
    return list(_values(one).rows)


def _step(name: str, row: str = "", *, is_open: bool | None = None) -> Callable[[Opened], None]:
    """Show a step, and select the first row that has some words, open or closed."""

    def go(one: Opened) -> None:
        record = one.screen.shown_run
        assert record is not None
        one.screen.inspector.show_step(next(step for step in record.steps.values() if step.step_id == name))
        _values(one).select(next((at for at, told in enumerate(_rows(one)) if row in told), 0))
        if is_open is not None and _values(one).node.is_open is not is_open:
            _values(one).toggle()

    return go


def _call(one: Opened) -> int | None:
    call = one.screen.inspector.call
    return None if call is None else call.index


def _last_call(one: Opened) -> None:
    _step("check")(one)
    one.screen.inspector.action_inspector_last_call()


INSPECTOR: Final[dict[str, Act]] = {
    "inspector.previous-call": Act(_call, 3, _last_call),
    "inspector.next-call": Act(_call, 3, _step("check")),
    "inspector.first-failed": Act(_call, 2, _last_call),
    "inspector.last-call": Act(_call, 4, _step("check")),
    "inspector.table": Act(_rows, ANYTHING, _step("fetch", "rows")),
    "inspector.ask": Act(lambda one: isinstance(one.app.focused, Input), True, _step("fetch")),
    "inspector.source": Act(cursor, ("flow.yaml", 11), _step("each")),
    "inspector.copy": Act(lambda one: '"rows": [' in copied(one), True, _step("fetch", "Output")),
    "inspector.whole": Act(lambda one: len(_rows(one)), ANYTHING, _step("fetch", "text", is_open=False)),
    "inspector.open": Act(_rows, ANYTHING, _step("fetch", "rows")),
    "inspector.down": Act(_row, 1, _step("fetch")),
    "inspector.up": Act(_row, ANYTHING, _step("fetch", "rows")),
    "inspector.inside": Act(_row, 1, _step("fetch", is_open=True)),
    "inspector.outside": Act(lambda one: len(_rows(one)), ANYTHING, _step("fetch", is_open=True)),
    "inspector.page-down": Act(_row, ANYTHING, _step("fetch")),
    "inspector.page-up": Act(_row, ANYTHING, _step("fetch", "text")),
    "inspector.start": Act(_row, 0, _step("fetch", "rows")),
    "inspector.end": Act(lambda one: _row(one) == len(_rows(one)) - 1, True, _step("fetch")),
}

# connections


async def _shop(one: Opened) -> None:
    await one.until(lambda: one.screen.connections.selected is not None)


def _stored(name: str) -> Callable[[Opened], Any]:
    """Select a connection that the project keeps."""

    async def go(one: Opened) -> None:
        pane = one.screen.connections
        if all(row.name != name for row in pane.overview.project):
            from flowlang.connections.store import Store, StoredConnection  # noqa: F401

            raise NotImplementedError
        pane.options.highlighted = next(at for at, key in enumerate(pane.keys) if key is not None and key.name == name)

    return go


CONNECTIONS: Final[dict[str, Act]] = {
    "connections.add": Act(dialog, "Pick New connection: a type, or a service"),
    "connections.edit": Act(dialog, ANYTHING, _shop),
    "connections.duplicate": Act(told, ANYTHING, _shop),
    "connections.delete": Act(cursor, ("flow.yaml", 5), _shop),
    "connections.test": Act(dialog, ANYTHING, _shop),
    "connections.test-all": Act(told, ANYTHING, _shop),
    "connections.scaffold": Act(told, ANYTHING, _shop),
    "connections.example": Act(current_file, ANYTHING, _shop),
    "connections.used-by": Act(dialog, ANYTHING, _shop),
    "connections.health": Act(dialog, ANYTHING, _shop),
    "connections.reveal": Act(dialog, ANYTHING, _shop),
    "connections.copy-url": Act(copied, ANYTHING, _shop),
    "connections.refresh": Act(lambda one: id(one.screen.connections.overview), ANYTHING, _shop),
}

# problems


async def _two_problems(one: Opened) -> None:
    broken = text(one).replace("task: Check", "task: Chek").replace("name: ${inputs.who}", "name: ${inputs.whom}")
    one.screen.editor.code.replace_text(broken)
    await one.checked()
    listed = one.screen.problems.list
    await one.until(lambda: listed.option_count >= 2)
    listed.highlighted = 0


async def _second(one: Opened) -> None:
    await _two_problems(one)
    one.screen.problems.list.highlighted = 1


def _listed(one: Opened) -> str:
    listed = one.screen.problems.list
    return str(listed.get_option_at_index(0).prompt) if listed.option_count else ""


async def _warned(one: Opened) -> None:
    one.screen.editor.code.replace_text(text(one).replace("select 1", "select ${fetch.text}"))
    await one.checked()


def _highlighted(one: Opened) -> int | None:
    return one.screen.problems.list.highlighted


PROBLEMS: Final[dict[str, Act]] = {
    "problems.open": Act(cursor, ("flow.yaml", 10), _two_problems),
    "problems.down": Act(_highlighted, 1, _two_problems),
    "problems.up": Act(_highlighted, 0, _second),
    "problems.fix": Act(dialog, "Pick Mend", _second),
    "problems.filter": Act(_listed, ANYTHING, _warned),
    "problems.copy": Act(lambda one: "`whom`" in copied(one), True, _two_problems),
}

# timeline


def _gantt(one: Opened) -> Any:
    return one.screen.timeline.gantt


def _bar(row: int) -> Callable[[Opened], None]:
    def go(one: Opened) -> None:
        _gantt(one).fit()
        _gantt(one).select(row)

    return go


def _chosen_bar(one: Opened) -> int:
    return int(_gantt(one).selected)


def _part(one: Opened) -> Any:
    return _gantt(one)._part


def _zoomed(one: Opened) -> None:
    _gantt(one).fit()
    _gantt(one).zoom(0.5)


TIMELINE: Final[dict[str, Act]] = {
    "timeline.step": Act(lambda one: one.screen.graph.drawing.selected, "each", _bar(1)),
    "timeline.zoom-in": Act(_part, ANYTHING, _bar(0)),
    "timeline.zoom-out": Act(_part, ANYTHING, _zoomed),
    "timeline.fit": Act(_part, ANYTHING, _zoomed),
    "timeline.earlier": Act(_part, ANYTHING, _zoomed),
    "timeline.later": Act(_part, ANYTHING, _zoomed),
    "timeline.copy": Act(lambda one: "each" in copied(one), True, _bar(1)),
    "timeline.down": Act(_chosen_bar, 1, _bar(0)),
    "timeline.up": Act(_chosen_bar, 1, _bar(2)),
    "timeline.page-down": Act(_chosen_bar, ANYTHING, _bar(0)),
    "timeline.page-up": Act(_chosen_bar, ANYTHING, _bar(3)),
    "timeline.start": Act(_chosen_bar, 0, _bar(2)),
    "timeline.end": Act(lambda one: _chosen_bar(one) == len(_gantt(one).rows) - 1, True, _bar(0)),
}
