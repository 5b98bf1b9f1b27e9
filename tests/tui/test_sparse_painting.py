"""What is painted of a screen, where only a few places of it have changed, is what a whole painting has there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textual._compositor import ChopsUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from flowlang_tui.panes.editor import EditorPane
from flowlang_tui.panes.explorer import FileTree
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


async def test_only_what_is_seen_of_what_changed_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path)
    async with opened(tmp_path) as one:
        rendered: list[Widget] = []

        def render_lines(widget: Widget, crop: Region) -> list[Strip]:
            rendered.append(widget)
            return plain(widget, crop)

        plain = Widget.render_lines
        monkeypatch.setattr(Widget, "render_lines", render_lines)
        compositor = one.screen._compositor
        tree = one.screen.query_one(FileTree)
        compositor._dirty_regions = {tree.region}
        compositor.render_partial_update()
        assert rendered == [tree], "not what is around it, nor what is beside it"


async def test_the_place_of_the_cursor_is_told_without_painting_the_text_again(tmp_path: Path) -> None:
    write_project(tmp_path)
    async with opened(tmp_path) as one:
        pane = one.screen.query_one(EditorPane)
        await one.pilot.pause()
        pane.show_subtitle("3:14")
        assert pane._exchange_repaint_regions() == {Region(0, pane.outer_size.height - 1, pane.outer_size.width, 1)}
        assert [line for line in one.screen._compositor.render_strips() if " 3:14 " in line.text]
