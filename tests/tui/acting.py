"""How an action is shown to work: a state that one sees, and that the action's key changes as the palette does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from textual import events

from flowlang_tui.actions import Action
from flowlang_tui.arrangement import Arrangement
from flowlang_tui.screens.palette import perform, possible
from flowlang_tui.screens.workbench import Workbench
from flowlang_tui.widgets.find_bar import FindBar
from tests.tui.opening import Opened

FLOW: Final = """\
flow: Acting
inputs:
  - {name: who, type: string, default: Ada}
connections:
  shop: {type: sqlite, database: ":memory:"}
steps:
  - task: Fetch
    id: fetch
    inputs:
      name: ${inputs.who}
  - for_each: ${fetch.rows}
    id: each
    do:
      - task: Check
        id: check
        inputs: {number: "${item.n}"}
        continue_on_error: true
  - sqlite_query: {id: stored, connection: shop, query: select 1 as one}
  - subflow: inner
    id: inner
  - parallel:
      - {task: Check, id: one, inputs: {number: 1}}
      - {task: Check, id: other, inputs: {number: 3}}
    id: both
outputs:
  rows: ${fetch.rows}
"""

FILES: Final = {
    "flow.yaml": FLOW,
    "pyproject.toml": "",
    "slow.yaml": "flow: Slow\nsteps:\n  - {task: Wait, id: wait}\n",
    "ticking.yaml": "flow: Ticking\nsteps:\n  - while: true\n    id: tick\n    max_iterations: 100000\n"
    "    do: [{task: Tick, id: once}]\n",
    "paying.yaml": """\
flow: Paying
connections:
  shop: {type: sqlite, database: ":memory:"}
steps:
  - sqlite_execute: {id: make, connection: shop, query: create table paid (n integer)}
  - sqlite_transaction:
      id: pay
      connection: shop
      queries: [{query: insert into paid values (1)}, {query: insert into paid values (2)}]
""",
    "inner/flow.yaml": "flow: Inner\nsteps:\n  - exit: {}\n",
    "given.inputs.json": '{"who": "Bob"}\n',
    "flow.py": """\
import asyncio

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()

    @registry.register("Fetch")
    def fetch(name: str) -> dict:
        return {"rows": [{"n": n, "name": name} for n in range(5)], "text": "long " * 400}

    @registry.register("Check")
    def check(number: int) -> dict:
        if number == 2:
            raise ValueError("two is too many")
        return {"double": number * 2}

    @registry.register("Tick")
    async def tick() -> None:
        await asyncio.sleep(0.005)

    @registry.register("Wait")
    async def wait() -> None:
        await asyncio.sleep(60)

    return registry
""",
}

#: What stays of a run, below the project's folder.
_RECORDED: Final = (".flowlang/running", ".flowlang/runs.db", ".flowlang/.gitignore")

#: Keys with names that are characters.
_CHARACTERS: Final = {
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": " ",
}

#: Seconds before an action is taken for one that does nothing.
_PATIENCE: Final = 20.0

#: A change to whatever there was not before.
ANYTHING: Final = object()


class Act(NamedTuple):
    """`sees` is what one sees; the action makes something else of it, `becomes` if that is given."""

    sees: Callable[[Opened], Any]
    becomes: Any = ANYTHING
    before: Callable[[Opened], Awaitable[object] | object] | None = None


def write_project(folder: Path) -> list[Path]:
    """Make the project in which the actions are tried as it is at the beginning; gives back what had to change."""
    found = [path for path in folder.rglob("*") if not str(path.relative_to(folder)).startswith(_RECORDED)]
    extra = [path for path in found if path.is_file() and str(path.relative_to(folder)) not in FILES]
    for path in extra:
        path.unlink()
    for path in sorted(found, reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    written = []
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            written.append(path)
    return extra + written


async def begin_again(one: Opened, place: str) -> None:
    """The workbench as it was at first, with one file open and the focus in a place."""
    screen, session = one.screen, one.app.session
    await one.pilot.pause()
    while not isinstance(one.app.screen, Workbench):
        one.app.screen.dismiss(None)
        await one.pilot.pause()
    if session.runs.cancel():
        await one.until(lambda: not session.runs.is_busy)
    if session.watching:
        session.watch(False)
    if session.debugging.points.are_there:
        session.debugging.points.clear()
        session.debugging.breakpoints_changed()
    session.pinning.on = True
    one.app.clear_notifications()
    screen.leave_recorded()
    flow = session.folder / "flow.yaml"
    for document in session.documents:
        if document.path != flow:
            session.close(document.path)
        elif {document.text, screen.editor.code.text} != {FLOW}:
            session.edit(document, FLOW)
            screen.editor.show_text(document, session.documents)
    changed = write_project(session.folder)
    if changed:
        session.changed(changed)
    if changed or place == "explorer":
        session.refresh_files()
    screen.show_pins()
    if screen.editor.current != flow:
        screen.open_file(flow)
    for bar in screen.query(FindBar):
        bar.display = False
    if place == "logs":
        screen.logs.action_logs_clear_filter()
        screen.logs.query_one("#log-detail").display = False
    screen.editor.go(1)
    screen.editor.code.unfold_all()
    screen.graph.drawing.select(None)
    screen.inspector.show_step(None)
    one.app.copy_to_clipboard("")
    as_placed = Arrangement(current=screen.arrangement.current, front=screen.arrangement.front)
    if screen.arrangement != as_placed:
        screen.arrangement = Arrangement()
        screen.place_panes()
    go(one, place)
    await one.pilot.pause()


def go(one: Opened, place: str) -> None:
    """Go to a pane; from everywhere is from the graph, where no letter is typed."""
    one.screen.show_pane({"app": "graph", "debug": "stack"}.get(place, place))


async def by_key(one: Opened, action: Action) -> None:
    """Press its first key, where its other keys do the same."""
    active = one.screen.active_bindings
    others = [key for key in action.key_list[1:] if key not in active or active[key].binding.id != action.name]
    assert set(others) <= {"enter"}, f"{others} do something else"
    send(one, action.key_list[0])


def send(one: Opened, key: str) -> None:
    """Press a key as a terminal sends it: for Alt with a letter the letter comes along."""
    *modifiers, name = key.split("+")
    letter = name if len(name) == 1 and (not modifiers or "alt" in modifiers) else None
    if letter is not None and "shift" in modifiers:
        letter = letter.upper()
    one.app.post_message(events.Key(key, letter or _CHARACTERS.get(key)))


async def by_palette(one: Opened, action: Action) -> None:
    """Choose it in the palette, from another pane."""
    if action.where not in ("app", "editor"):
        one.screen.show_pane("editor")
        await one.pilot.pause()
    assert action in list(possible(one.screen)), "the palette does not offer it"
    await perform(one.screen, action)


async def tried(one: Opened, act: Act, action: Action, how: Callable[..., Awaitable[None]]) -> str:
    """Do an action one way; what was wrong, or nothing."""
    await begin_again(one, action.where)
    if act.before is not None:
        done = act.before(one)
        if asyncio.iscoroutine(done):
            await done
        await one.pilot.pause()
    first = act.sees(one)
    try:
        await how(one, action)
    except AssertionError as error:
        return f"{action.name} {how.__name__}: {error}"
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        now = act.sees(one)
        if now != first and (act.becomes is ANYTHING or act.becomes == now):
            return ""
        await asyncio.sleep(0.01)
    return f"{action.name} {how.__name__}: {str(first)[:200]!r} -> {str(now)[:200]!r}"


# what one sees


def dialog(one: Opened) -> str:
    """The dialog in front: its kind and its title."""
    screen = one.app.screen
    if isinstance(screen, Workbench):
        return ""
    titles = [str(widget.border_title) for widget in screen.query("*") if widget.border_title]
    return " ".join([type(screen).__name__, *titles[:1]])


def told(one: Opened) -> list[str]:
    """What is told in the corner."""
    return [notification.message for notification in one.app._notifications]


def focused_pane(one: Opened) -> str:
    """The pane that has the focus."""
    focused = one.app.focused
    inside = [] if focused is None else focused.ancestors_with_self
    return next((name for name, pane in one.screen.panes.items() if pane in inside), "")


def copied(one: Opened) -> str:
    """What was copied last."""
    return one.app.clipboard


def current_file(one: Opened) -> str:
    """The file in the editor, from the project's folder on."""
    current = one.screen.editor.current
    folder = one.app.session.folder
    if current is None:
        return ""
    return str(current.relative_to(folder)) if current.is_relative_to(folder) else current.name


def cursor(one: Opened) -> tuple[str, int]:
    """Where the cursor of the editor is: file and line."""
    return current_file(one), one.screen.editor.code.cursor_location[0] + 1


def text(one: Opened) -> str:
    """What the editor shows."""
    return one.screen.editor.code.text


def runs(one: Opened) -> list[str]:
    """How the runs ended so far."""
    return [record.run_id + record.status for record in one.app.session.runs.records if record.is_over]
