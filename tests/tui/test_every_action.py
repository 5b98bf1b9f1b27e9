"""Every action of the table does what one can see, by its keys where it works and by the palette."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang_tui.actions import ACTIONS, PLACES, Where, actions
from flowlang_tui.arrangement import Arrangement
from tests.tui.acting import Act, begin_again, by_key, by_palette, tried, write_project
from tests.tui.acts_debug import DEBUG
from tests.tui.acts_editor import EDITOR
from tests.tui.acts_everywhere import EVERYWHERE
from tests.tui.acts_panes import CONNECTIONS, EXPLORER, GRAPH, INSPECTOR, LOGS, PROBLEMS, TIMELINE
from tests.tui.acts_pins import PINS
from tests.tui.acts_runs import RUNS
from tests.tui.opening import Opened, opened
from tests.tui.unseen import painted

_PANES = EXPLORER | GRAPH | LOGS | INSPECTOR | CONNECTIONS | PROBLEMS | TIMELINE
ACTS: dict[str, Act] = EVERYWHERE | PINS | EDITOR | DEBUG | RUNS | _PANES


#: Opening takes longer than ten actions do: the actions of several places are tried in one workbench.
SHARED: tuple[tuple[Where, ...], ...] = (
    ("app",),
    ("explorer", "editor"),
    ("graph", "logs"),
    ("inspector", "connections", "problems"),
    ("timeline", "runs", "debug"),
)


def test_every_place_has_its_turn() -> None:
    assert sorted(place for places in SHARED for place in places) == sorted(PLACES)


def test_it_is_told_of_every_action_what_one_sees_of_it() -> None:
    assert set(ACTS) == {action.name for action in ACTIONS}


@pytest.mark.parametrize("places", SHARED, ids="-".join)
async def test_every_action_does_what_one_sees_by_its_key_and_by_the_palette(
    tmp_path: Path, places: tuple[Where, ...]
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    write_project(project)
    wrong: list[str] = []
    async with opened(project, size=(132, 30)) as one:
        one.screen.run_flow(project / "flow.yaml")
        await one.over()
        for place in places:
            wrong += await _wrong_of(one, place)
    assert not wrong, "\n".join(wrong)


async def _wrong_of(one: Opened, place: Where) -> list[str]:
    """Try the actions of a place; what did not work."""
    wrong: list[str] = []
    record = one.screen.shown_run
    one.screen.arrangement = Arrangement()
    one.screen.place_panes()
    for action in [action for action in actions(place) if action.name in ACTS]:
        for way in (by_key, by_palette) if action.keys else (by_palette,):
            wrong.append(await tried(one, ACTS[action.name], action, way))
            if one.screen.shown_run is not record:
                one.screen.show_run(record)
        painted(one.app.screen)
    await begin_again(one, place)
    return [told for told in wrong if told]
