"""Opens the workbench on a screen that a test looks at."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from flowlang_tui.app import WorkbenchApp
from flowlang_tui.screens.workbench import Workbench
from flowlang_tui.widgets.status_bar import StatusBar

SAMPLES = Path(__file__).parents[2] / "sample_projects"

#: Seconds; nothing here takes that long, on a busy machine neither.
PATIENCE = 60.0


def copy_sample(name: str, folder: Path) -> Path:
    """A sample project of one's own, as it is before its first run."""
    shutil.copytree(SAMPLES / name, folder, ignore=shutil.ignore_patterns("*.db", "__pycache__", ".flowlang"))
    return folder


class Opened:
    """The workbench on a screen."""

    def __init__(self, app: WorkbenchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> Workbench:
        return next(one for one in self.app.screen_stack if isinstance(one, Workbench))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds, and what came with it is done."""
        end = time.monotonic() + PATIENCE
        if holds():
            return
        while not holds():
            assert time.monotonic() < end, "it did not come to that"
            await asyncio.sleep(0.02)
        await self.pilot.pause(0)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def checked(self) -> None:
        """Wait until what is in the editor was checked."""
        await self.until(
            lambda: (
                (found := self.app.session.checked(self.screen.editor.current)) is not None
                and found.text == self.screen.editor.code.text
            )
        )
        await self.pilot.pause()

    async def over(self, runs: int = 1) -> None:
        """Wait until so many runs are over."""
        records = self.app.session.runs
        await self.until(lambda: len(records.records) >= runs and not records.is_busy)
        await self.pilot.pause()

    @property
    def status(self) -> str:
        return str(self.screen.query_one(StatusBar).render())


@asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = (160, 45), **options: object) -> AsyncIterator[Opened]:
    """The workbench on a screen of a size, once its first flow was checked."""
    app = WorkbenchApp(path, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        one = Opened(app, pilot)
        if app.session.first_flow is not None:
            await one.checked()
        yield one
