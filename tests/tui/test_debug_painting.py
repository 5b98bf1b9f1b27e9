"""What is painted when a run stops, and what isn't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor

from flowlang_tui.commands import debug_showing
from tests.tui.opening import opened


async def test_a_run_that_stops_before_its_first_step_is_first_painted_where_it_stands(
    quickstart: Path, seen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debug_showing, "_HELD", 60.0)
    async with opened(quickstart) as one:
        paint, shown = Compositor.render_update, []

        def noted(compositor: Compositor, *args: Any, **options: Any) -> Any:
            if one.app.session.runs.is_busy and one.screen.shown_run is not None:
                shown.append(one.screen.arrangement.is_debugging)
            return paint(compositor, *args, **options)

        monkeypatch.setattr(Compositor, "render_update", noted)
        one.screen.action_debug_start()
        await one.until(lambda: shown)
        assert shown[0], "the debugger has its panes"
        assert one.screen.stack.has_focus_within


async def test_a_run_whose_stop_does_not_come_is_painted_all_the_same(
    quickstart: Path, seen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debug_showing, "_HELD", 0.01)
    async with opened(quickstart) as one:
        monkeypatch.setattr(one.app.session.debugging, "_seen", lambda sight: None)
        one.screen.action_debug_start()
        await one.until(lambda: "OrderReport" in one.status and one.app.session.runs.is_busy)
        painted: list[str] = []
        one.screen.call_after_refresh(lambda: painted.append(one.status))
        await one.until(lambda: painted)
