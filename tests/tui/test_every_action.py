"""Every action of the table does what one can see, by its keys where it works and by the palette."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang_tui.actions import ACTIONS, PLACES, Where, actions
from tests.tui.acting import Act, begin_again, by_key, by_palette, tried, write_project
from tests.tui.acts_editor import EDITOR
from tests.tui.acts_everywhere import EVERYWHERE
from tests.tui.acts_panes import CONNECTIONS, EXPLORER, GRAPH, INSPECTOR, LOGS, PROBLEMS, TIMELINE
from tests.tui.opening import opened

_PANES = EXPLORER | GRAPH | LOGS | INSPECTOR | CONNECTIONS | PROBLEMS | TIMELINE
ACTS: dict[str, Act] = EVERYWHERE | EDITOR | _PANES


def test_it_is_told_of_every_action_what_one_sees_of_it() -> None:
    assert set(ACTS) == {action.name for action in ACTIONS}


@pytest.mark.parametrize("place", [place for place in PLACES if actions(place)])
async def test_the_actions_of_a_place(tmp_path: Path, place: Where) -> None:
    project = tmp_path / "project"
    project.mkdir()
    write_project(project)
    wrong: list[str] = []
    async with opened(project, size=(132, 30)) as one:
        one.screen.run_flow(project / "flow.yaml")
        await one.over()
        record = one.screen.shown_run
        for action in actions(place):
            for way in (by_key, by_palette) if action.keys else (by_palette,):
                wrong.append(await tried(one, ACTS[action.name], action, way))
                if one.screen.shown_run is not record:
                    one.screen.show_run(record)
        await begin_again(one, place)
    assert not any(wrong), "\n".join(filter(None, wrong))
