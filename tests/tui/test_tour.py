"""The tour of the docs is one that can be taken."""

from __future__ import annotations

from pathlib import Path

from tests.tui.connecting import painted
from tests.tui.tour import IMAGES, PAGE, SMALL, STOPS, heading, is_reached, walk


async def test_the_keys_of_the_tour_lead_to_what_it_shows(quickstart: Path) -> None:
    reached = []
    async for stop, one in walk(quickstart):
        assert is_reached(stop, painted(one.app))
        reached.append(stop)
    assert reached == [*STOPS, SMALL]


def test_the_page_has_every_stop_with_its_keys() -> None:
    page = PAGE.read_text(encoding="utf-8")
    places = [page.find(heading(stop).strip()) for stop in (*STOPS, SMALL)]
    assert -1 not in places
    assert places == sorted(places)


def test_the_page_shows_the_pictures_that_there_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = {stop.image for stop in STOPS if stop.image}
    assert shown <= {image.stem for image in IMAGES.glob("*.svg")}
    assert all(f"](images/{name}.svg)" in page for name in shown)
