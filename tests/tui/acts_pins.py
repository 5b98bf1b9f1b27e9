"""What one sees of the actions on pins and sandbox runs."""

from __future__ import annotations

from typing import Final

from tests.tui.acting import FLOW, Act
from tests.tui.opening import Opened

_LINE: Final = FLOW.splitlines().index("    id: fetch") + 1


def _is_pinned(one: Opened) -> bool:
    return (one.app.session.folder / "flow.pins.yaml").exists()


def _pinned(one: Opened) -> None:
    (one.app.session.folder / "flow.pins.yaml").write_text("fetch: {output: {rows: [], text: pinned}}\n")
    one.screen.show_pins()
    one.screen.editor.go(_LINE)


def _has_badge(one: Opened) -> bool:
    return "1 pinned" in one.status


def _in_sandbox(one: Opened) -> list[str]:
    return [record.run_id for record in one.app.session.runs.records if record.is_sandbox]


PINS: Final[dict[str, Act]] = {
    "graph.pin": Act(_is_pinned, True, lambda one: one.screen.editor.go(_LINE)),
    "graph.unpin": Act(_is_pinned, False, _pinned),
    "graph.pins": Act(_has_badge, False, _pinned),
    "graph.sandbox": Act(_in_sandbox),
}
