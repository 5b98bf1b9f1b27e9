"""A project with connections, for tests of the workbench: one of a flow's own, two that are kept, a broken plugin."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.language.model import Flow
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.registry import TaskRegistry
from flowlang_tui.panes.connections import ConnectionsPane
from flowlang_tui.session.connections import SessionConnections
from flowlang_tui.session.engine import EngineThread
from tests.tui import unseen
from tests.tui.opening import PATIENCE

CANARY = "canary-4711"
URL = f"postgresql://app:{CANARY}@127.0.0.1:1/shop"
FLOW = """\
flow: orders  # kept
connections:
  own: {type: sqlite, database: shop.db}
  db: {use: Shop}
  far: {type: postgres, url: "${env.FAR_URL}"}
steps:
  - sqlite_query: {id: first, connection: own, query: select 1}
  - sqlite_query: {id: second, connection: db, query: select 1}
  - sqlite_query: {id: third, connection: Shop, query: select 1}
"""


def make_project(root: Path) -> Path:
    """The project; gives the path of its flow."""
    with closing(sqlite3.connect(root / "shop.db")) as database:
        database.execute("create table place (name)")
        database.commit()
    (root / "flowlang.yaml").touch()
    (root / "orders.yaml").write_text(FLOW)
    (root / "plugins" / "bad").mkdir(parents=True)
    (root / "plugins" / "bad" / "__init__.py").write_text("x = (")
    kept = ProjectConnections(root)
    kept.create(kept.record_of_url("Shop", "sqlite:///shop.db"))
    kept.create(ProjectConnection(connection_type="postgres", name="Production", connection_url=URL))
    return root / "orders.yaml"


def flow_of(path: Path) -> Flow:
    """The flow, checked."""
    return Preparer(TaskRegistry(), tasks_known=False).load(path, path.parent).flow


class PaneApp(App[None]):
    """The pane alone, with the messages that it sent."""

    CSS = "ConnectionsPane { width: 34; }"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.engine = EngineThread()
        self.connections = SessionConnections(path.parent, self.engine)
        self.sent: list[Any] = []

    def compose(self) -> ComposeResult:
        yield ConnectionsPane(self.connections)

    def on_mount(self) -> None:
        if self.path.exists():
            self.pane.show_flow(self.path, flow_of(self.path))
        self.pane.focus_inside()

    def on_unmount(self) -> None:
        self.engine.close()

    @property
    def pane(self) -> ConnectionsPane:
        return self.screen_stack[0].query_one(ConnectionsPane)

    def on_connection_list_flow_edit_asked(self, message: Message) -> None:
        self.sent.append(message)

    on_connection_list_flow_open_asked = on_connection_list_flow_edit_asked
    on_connection_list_file_created = on_connection_list_flow_edit_asked
    on_copy_asked = on_connection_list_flow_edit_asked
    on_connection_list_store_changed = on_connection_list_flow_edit_asked


def painted(app: App[Any]) -> str:
    """Everything on the screen, as text."""
    return "\n".join(line.text for line in unseen.painted(app.screen))


async def until(pilot: Pilot[Any], holds: Callable[[], object]) -> None:
    """Wait until something holds. Nothing here takes long; a test that waits longer has failed."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nobody tells of most of what is waited for
            await asyncio.sleep(0.02)
        await pilot.pause(0)


async def shown(pilot: Pilot[Any], *texts: str) -> str:
    """Wait until all of these texts are on the screen; gives the screen."""
    await until(pilot, lambda: all(text in painted(pilot.app) for text in texts))
    return painted(pilot.app)


async def select(pilot: Pilot[Any], name: str, *, stored: bool = True) -> None:
    """Highlight a connection in the pane."""
    pane = pilot.app.screen_stack[0].query_one(ConnectionsPane)
    await until(pilot, lambda: any(key and key.name == name for key in pane.keys))
    pane.options.highlighted = next(at for at, key in enumerate(pane.keys) if key == (name, stored))
    await pilot.pause()
