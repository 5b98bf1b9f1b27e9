"""The tour of the workbench: keys, and the screen after them. `python -m tests.tui.tour` writes `docs/tour.md` anew."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

from tests.tui.connecting import painted
from tests.tui.opening import Opened, copy_sample, opened

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "tour.md"
IMAGES = DOCS / "images"
SIZE = (120, 34)

_BEGIN = """\
# A tour of the workbench

Ten minutes with the project [quickstart](../sample_projects/quickstart/README.md), from its folder's parent:

```sh
flowlang-tui quickstart
```

Under each heading are the keys, and the screen after them. `^r` is Ctrl and R, `alt+r` Alt and R; what stands in
quotes is typed. The screens are written by a program that presses these keys, so times in yours differ.
"""

_END = """\

## And on

Everything that can be done is in the palette, `^p`, and in [Keys](keys.md). [The workbench](workbench.md) tells how
each pane behaves, what is remembered where, and how to have other keys and colours.
"""


class Stop(NamedTuple):
    """A stop of the tour: keys, as Textual calls them or as text in quotes, and words that the screen shows then.

    `then` is done by another program. `lines` are those of the screen that the page shows, unless it has an image.
    """

    title: str
    told: str
    keys: tuple[str, ...]
    shows: tuple[str, ...]
    image: str = ""
    lines: slice = slice(None)
    gone: tuple[str, ...] = ()
    then: Callable[[Path], None] | None = None


def _elsewhere(project: Path) -> None:
    flow = project / "flow.yaml"
    flow.write_text(flow.read_text().replace("flow: OrderReport", "flow: MorningReport"))


STOPS = (
    Stop(
        "What you see",
        "The flow's text in the middle, its steps as a drawing on the right, the project's files and connections "
        "on the left. The last line has the keys that matter most where you are.",
        (),
        ("flow: OrderReport", "ReadOrders", "shop", "nothing has run yet"),
        image="opened",
    ),
    Stop(
        "Run it",
        "The top line counts steps while the flow runs and says how it ended. Each step in the drawing has its state "
        "and its time; `rate` was tried twice. The log has every event, the inspector the run's outputs.",
        ("ctrl+r",),
        ("✓ OrderReport succeeded", "✓ by_region", "run succeeded", "Outputs"),
        image="succeeded",
    ),
    Stop(
        "Look into a step",
        "In the graph, `j` and `k` go from step to step. The inspector follows: what the step got, what it gave, its "
        "statements, and how often it was tried. So does the cursor in the text.",
        ("alt+g", "home", "j"),
        ("✓ check  ValidateOrders", "rejected  4 rows"),
    ),
    Stop(
        "Where the time went",
        "Each step's time in the run; what ran at once stands below each other, and what was tried again has a gap.",
        ("alt+t",),
        ("14 steps  succeeded", "↻2"),
        lines=slice(-14, None),
    ),
    Stop(
        "Search the log",
        "`/` shows only lines with a text; `!text` hides them, `/pattern/` is a regular expression. New lines are "
        "filtered as they come.",
        ("alt+l", "slash", "'rate'", "enter"),
        ("attempt 2 of 3",),
        lines=slice(-14, None),
    ),
    Stop(
        "Break it",
        "Esc shows all lines again. `^f` finds the first task, and a letter of its name goes. At once the line is "
        "underlined, the problem has a "
        "sign beside the number, and the message tells what may have been meant.",
        ("escape", "alt+e", "ctrl+f", "'task: ReadOrders'", "escape", "right", "backspace"),
        ("ReadOrder", "✗1"),
    ),
    Stop(
        "A flow with problems does not run",
        "`^r` saves, and says why nothing ran. The problems pane comes to the front; Enter there goes to the place.",
        ("ctrl+r",),
        ("✗ not run", "ReadOrder"),
        image="problem",
    ),
    Stop(
        "Mend it",
        "`alt+q` in the editor offers what would mend the problem under the cursor, and Enter does it.",
        ("alt+q", "enter", "ctrl+s"),
        ("task: ReadOrders",),
        gone=("✗1",),
        lines=slice(1, 20),
    ),
    Stop(
        "Run with other inputs",
        "`alt+r` asks for the flow's inputs, with those of the last time. A file that isn't there makes the first step "
        "fail.",
        ("alt+r", "ctrl+u", "'nowhere.csv'"),
        ("Run flow.yaml", "nowhere.csv", "max_rejected"),
    ),
    Stop(
        "See where and why",
        "The step that failed is chosen everywhere: in the drawing, in the text, and in the inspector, which has the "
        "error, where it comes from, and what the step had been given.",
        ("ctrl+r",),
        ("✗ OrderReport failed", "nowhere.csv", "✗ read"),
        image="failed",
    ),
    Stop(
        "Watch",
        "With the right inputs again, `^l` switches watch mode on: every save runs the flow. Here another program "
        "saves it, with a new name for the flow. The top line has the new run.",
        ("alt+r", "ctrl+u", "'orders.csv'", "ctrl+r", "ctrl+l"),
        ("◉ watching", "✓ MorningReport succeeded"),
        then=_elsewhere,
    ),
    Stop(
        "Test a connection",
        "`t` in the connections pane tests the chosen one stage by stage. If a stage fails it says what to try.",
        ("ctrl+l", "alt+c", "t"),
        ("✓",),
    ),
    Stop(
        "Find anything",
        "The palette has every action under its title, with its key.",
        ("escape", "ctrl+p", "'theme'"),
        ("App: Theme",),
        lines=slice(0, 12),
    ),
    Stop(
        "Help where you are",
        "`?` tells what the pane is for that you are in, and its keys.",
        ("escape", "question_mark"),
        ("Help: Connections", "Connections: Test"),
    ),
)

#: The same project in a small window.
SMALL = Stop(
    "In a small window",
    "A terminal of 80×24, or a part of your screen, shows one pane at a time; the same keys go to the others.",
    ("alt+g",),
    ("ReadOrders", "ValidateOrders"),
)


async def follow(one: Opened, project: Path, stop: Stop) -> None:
    """Press a stop's keys, and wait for what is to be seen."""
    await press(one, stop.keys)
    session = one.app.session
    if stop.then is not None:
        await one.until(lambda: session.is_following and not session.runs.is_busy)
        stop.then(project)
    try:
        await one.until(lambda: not session.runs.is_busy and is_reached(stop, painted(one.app)))
    except AssertionError:
        raise AssertionError(f"the tour does not come to `{stop.title}`:\n{painted(one.app)}") from None
    await one.pilot.pause()


def is_reached(stop: Stop, screen: str) -> bool:
    """Whether a screen is the one of this stop."""
    return all(word in screen for word in stop.shows) and not any(word in screen for word in stop.gone)


async def press(one: Opened, keys: tuple[str, ...]) -> None:
    """Press keys; what stands in quotes is typed."""
    for key in keys:
        await one.press(*(key[1:-1] if key.startswith("'") else (key,)))


async def walk(project: Path) -> AsyncIterator[tuple[Stop, Opened]]:
    """Go from stop to stop."""
    async with opened(project, size=SIZE) as one:
        for stop in STOPS:
            await follow(one, project, stop)
            yield stop, one
    async with opened(project, size=(80, 24)) as one:
        await follow(one, project, SMALL)
        yield SMALL, one


def heading(stop: Stop) -> str:
    """What the page says above a stop's screen."""
    keys = " ".join(f"`{_written(key)}`" for key in stop.keys)
    return f"\n## {stop.title}\n\n{keys}{chr(10) * 2 if keys else ''}{fill(stop.told, 116)}\n"


def _written(key: str) -> str:
    if key.startswith("'"):
        return f'"{key[1:-1]}"'
    names = {"slash": "/", "question_mark": "?", "escape": "esc", "enter": "⏎", "right": "→"}
    return names.get(key, key.replace("ctrl+", "^"))


async def record() -> str:
    """Take the tour, write its images and the one of the README, and give the page."""
    written = [_BEGIN]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tour") as folder:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = str(Path(folder) / name)
        async for stop, one in walk(copy_sample("quickstart", Path(folder) / "quickstart")):
            written.append(heading(stop))
            if stop.image:
                picture(one, stop.image, folder)
                written.append(f"\n![{stop.title}](images/{stop.image}.svg)\n")
            else:
                lines = [line.rstrip() for line in at_home(painted(one.app), folder).splitlines()]
                written.append("\n```text\n" + "\n".join(lines[stop.lines]) + "\n```\n")
        project = copy_sample("quickstart", Path(folder) / "wide" / "quickstart")
        async with opened(project, size=(160, 45)) as one:
            await follow(one, project, STOPS[1])
            picture(one, "workbench", folder)
    return re.sub(r"\n{3,}", "\n\n", "".join([*written, _END]))


def picture(one: Opened, name: str, folder: str) -> None:
    """Write what is on the screen as an image of the docs."""
    drawn = one.app.export_screenshot(title="flowlang-tui", simplify=True)
    (IMAGES / f"{name}.svg").write_text(at_home(drawn, folder), encoding="utf-8")


def at_home(text: str, folder: str) -> str:
    """A text with a home in it instead of a temporary folder, and just as wide."""
    return text.replace(folder, "/home/ada/samples".ljust(len(folder), "s"))


if __name__ == "__main__":
    PAGE.write_text(asyncio.run(record()), encoding="utf-8")
