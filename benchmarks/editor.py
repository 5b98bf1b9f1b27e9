"""W12: keys in the editor of a flow of 10,000 lines, from the key to the painted screen.

Time of the processor is measured, since the screen waits for its next frame on purpose. The floor is the text area that
the editor is made of, with nothing but plain text in it, and only 100 lines of it.
"""

from __future__ import annotations

import asyncio
from statistics import median
from time import perf_counter, process_time

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import TextArea

from benchmarks.figures import Figure, show
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.code_editor.languages import YAML

LINES = 10_000
KEYS = 120
SIZE = (160, 45)

STEP = """\
  - task: Ship
    id: ship_{number}
    description: Sends what ${{inputs.customer}} has ordered.
    inputs:
      order: ${{fetch.rows[{number}]}}
      note: "${{len(fetch.rows) > 3}} and 'more'"
    retry: {{max_attempts: 3, delay: 2s}}
    outputs: [parcel, carrier]

"""


def flow() -> str:
    """A flow of `LINES` lines."""
    steps = "".join(STEP.format(number=number) for number in range(LINES // 9))
    return f"flow: shipping\nsteps:\n{steps}"


class Bench(App[None]):
    """Nothing but one text area."""

    def __init__(self, area: TextArea) -> None:
        super().__init__()
        self.area = area

    def compose(self) -> ComposeResult:
        yield self.area


async def key_times(area: TextArea, row: int, key: str) -> list[float]:
    """The seconds of processor time that each press of a key takes until the screen is painted."""
    app = Bench(area)
    times = []
    async with app.run_test(size=SIZE) as pilot:
        area.focus()
        area.move_cursor((row, 4))
        await pilot.pause()
        for _ in range(KEYS):
            painted = asyncio.Event()
            started = process_time()
            app.post_message(events.Key(key, key if len(key) == 1 else None))
            area.call_later(app.screen.call_after_refresh, painted.set)
            await painted.wait()
            times.append(process_time() - started)
    return times


async def opening() -> float:
    """The seconds until a text is in the editor."""
    text = flow()
    editor = CodeEditor(language=YAML)
    times = []
    async with Bench(editor).run_test(size=SIZE):
        for _ in range(10):
            started = perf_counter()
            editor.open_text(text)
            times.append(perf_counter() - started)
    return median(times)


async def measure() -> list[Figure]:
    stock = await key_times(TextArea("a: 1\n" * 100, language=None), 50, "x")
    ours = {
        key: await key_times(CodeEditor(flow(), language=YAML), LINES // 2, key) for key in ("x", "enter", "pagedown")
    }
    floor = median(stock) * 1e3
    return [
        Figure("W12", "a character, in 10,000 lines", "ms", floor, median(ours["x"]) * 1e3, 8, "ms"),
        Figure("W12", "a new line, in 10,000 lines", "ms", None, median(ours["enter"]) * 1e3),
        Figure("W12", "a page down, in 10,000 lines", "ms", None, median(ours["pagedown"]) * 1e3),
        Figure("W12", "opening 10,000 lines", "ms", None, await opening() * 1e3),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
