"""Each action of the table has its method in the pane, and each pane has no others."""

from __future__ import annotations

import pytest

from flowlang_tui.actions import Where, actions
from flowlang_tui.panes.inspector import InspectorPane
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.panes.pane import Pane
from flowlang_tui.panes.timeline import TimelinePane


@pytest.mark.parametrize(
    ("where", "pane"), [("logs", LogsPane), ("inspector", InspectorPane), ("timeline", TimelinePane)]
)
def test_a_pane_does_what_the_table_says(where: Where, pane: type[Pane]) -> None:
    methods = {name for name in vars(pane) if name.startswith("action_")}
    assert methods == {f"action_{action.method}" for action in actions(where)}
