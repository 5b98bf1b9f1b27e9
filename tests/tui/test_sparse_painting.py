"""What is painted of a screen, where only a few places of it have changed, is what a whole painting has there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

from tests.tui.acting import write_project
from tests.tui.opening import opened


def painted(update: ChopsUpdate, width: int) -> dict[tuple[int, int], str]:
    """The characters that an update puts on the screen, by line and column."""
    cells: dict[tuple[int, int], str] = {}
    for y, start, end in update.spans:
        for x, strip in update.chops[y].items():
            if strip is not None:
                shown = strip.text
                cells |= {(y, x + at): one for at, one in enumerate(shown) if start <= x + at < min(end, width)}
    return cells


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_a_few_changed_places_are_painted_as_the_whole_screen_has_them(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    write_project(tmp_path)
    chance = random.Random(4)
    async with opened(tmp_path, size=size) as one:
        await one.press("ctrl+r")
        await one.over()
        await one.press("ctrl+b")
        await one.pilot.pause()
        for screen in one.app.screen_stack:
            compositor = screen._compositor
            lines: list[Strip] = compositor.render_strips()
            for _ in range(60):
                regions = {
                    Region(
                        chance.randrange(size[0]),
                        chance.randrange(size[1]),
                        chance.randint(1, 40),
                        chance.randint(1, 9),
                    )
                    for _ in range(chance.randint(1, 5))
                }
                compositor._dirty_regions = {one.intersection(screen.region) for one in regions}
                update = compositor.render_partial_update()
                assert update is not None
                found = painted(update, size[0])
                wanted = {
                    (y, x)
                    for region in regions
                    for y in region.line_range
                    for x in region.column_range
                    if x < size[0] and y < size[1]
                }
                assert found.keys() == wanted
                assert all(char == lines[y].text[x] for (y, x), char in found.items())


async def test_widgets_in_which_nothing_changed_are_not_rendered(tmp_path: Path) -> None:
    write_project(tmp_path)
    async with opened(tmp_path) as one:
        compositor = one.screen._compositor
        corners = (Region(0, 0, 3, 1), Region(157, 44, 3, 1))
        compositor._changed = corners
        few = [region for region, _, _ in compositor._get_renders(one.screen.region)]
        every = [region for region, _, _ in Compositor._get_renders(compositor, one.screen.region)]
        assert 0 < len(few) < len(every) / 2
        compositor._changed = ()
