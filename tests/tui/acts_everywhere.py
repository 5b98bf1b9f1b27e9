"""What one sees of the actions that work everywhere."""

from __future__ import annotations

from typing import Final

from flowlang_tui.widgets.status_bar import StatusBar
from tests.tui.acting import Act, current_file, dialog, focused_pane, runs, told
from tests.tui.opening import Opened


def _edit(one: Opened) -> None:
    one.screen.editor.code.replace_text(one.screen.editor.code.text + "# changed\n")


def _on_disk(one: Opened) -> bool:
    return (one.app.session.folder / "flow.yaml").read_text().endswith("# changed\n")


def _several(one: Opened) -> None:
    for name in ("flow.py", "slow.yaml", "flow.yaml"):
        one.screen.open_file(one.app.session.folder / name)
    one.screen.show_pane("graph")


async def _unknown_task(one: Opened) -> None:
    one.screen.editor.code.replace_text(one.screen.editor.code.text.replace("task: Fetch", "task: Unheard"))
    await one.checked()


async def _running(one: Opened) -> None:
    one.screen.run_flow(one.app.session.folder / "slow.yaml")
    await one.until(lambda: one.app.session.runs.active is not None)


def _open_files(one: Opened) -> int:
    return len(one.app.session.documents)


def _watching(one: Opened) -> bool:
    return "watching" in one.screen.query_one(StatusBar).render().plain


def _displayed(one: Opened) -> set[str]:
    return {name for name, pane in one.screen.panes.items() if pane.display}


def _mode(one: Opened) -> str:
    return one.screen.arrangement.mode


def _size(one: Opened) -> tuple[int, int]:
    size = one.screen.panes["graph"].outer_size
    return size.width, size.height


def _width(one: Opened) -> int:
    return _size(one)[0]


def _height(one: Opened) -> int:
    return _size(one)[1]


def _changed_sizes(one: Opened) -> None:
    one.screen.arrangement.set_size("right", 50)
    one.screen.place_panes()


def _goes_to(pane: str) -> Act:
    return Act(focused_pane, pane, lambda one: one.screen.show_pane("graph" if pane != "graph" else "logs"))


EVERYWHERE: Final[dict[str, Act]] = {
    "project.open": Act(dialog, "Ask Open the project in"),
    "project.new": Act(dialog, "Pick New project from"),
    "project.new-plugin": Act(dialog, "Ask Name of the new connection type"),
    "project.reload": Act(told, ["Read all files again."]),
    "flow.open": Act(dialog, "Pick Open"),
    "flow.new": Act(dialog, "Pick New flow from"),
    "flow.save": Act(_on_disk, True, _edit),
    "flow.save-all": Act(_on_disk, True, _edit),
    "flow.close": Act(_open_files, 0),
    "flow.next-tab": Act(current_file, "flow.py", _several),
    "flow.previous-tab": Act(current_file, "slow.yaml", _several),
    "flow.check": Act(focused_pane, "problems"),
    "flow.new-task": Act(
        lambda one: (current_file(one), '"Unheard"' in one.screen.editor.code.text),
        ("flow.py", True),
        _unknown_task,
    ),
    "run.start": Act(runs),
    "run.start-form": Act(dialog, "RunForm Run flow.yaml"),
    "run.start-last": Act(runs),
    "run.start-file": Act(dialog, "Pick Run with inputs from"),
    "run.cancel": Act(lambda one: "cancelled" in one.status, True, _running),
    "run.watch": Act(_watching, True),
    "view.jump": Act(dialog, "Jump"),
    **{
        f"view.{pane}": _goes_to(pane)
        for pane in ("explorer", "editor", "graph", "logs", "inspector", "connections", "problems", "timeline")
    },
    "view.next-pane": Act(focused_pane, "inspector"),
    "view.previous-pane": Act(focused_pane, "runs"),
    "view.zoom": Act(_displayed, {"graph"}),
    "view.hide": Act(lambda one: "graph" in _displayed(one), False),
    "view.next-layout": Act(_mode, "wide"),
    "view.previous-layout": Act(_mode, "narrow"),
    "view.reset-layout": Act(_width, before=_changed_sizes),
    "view.wider": Act(_width),
    "view.narrower": Act(_width),
    "view.taller": Act(_height),
    "view.shorter": Act(_height),
    "help.show": Act(dialog),
    "help.keys": Act(dialog),
    "app.palette": Act(dialog, "CommandPalette"),
    "app.theme": Act(dialog),
    "app.keymap": Act(current_file, "keymap.yaml"),
    "app.quit": Act(dialog, "Confirm", _edit),
}
