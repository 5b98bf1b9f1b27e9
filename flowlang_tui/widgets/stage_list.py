"""The stages of a connection's test, each with its sign, time and message as it ends."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from flowlang.connections.probe import STAGES, StageResult
from flowlang_tui.inert import inert

_SIGNS = {"ok": ("✓", "$text-success"), "failed": ("✗", "bold $text-error"), "skipped": ("–", "$text-muted")}
_TURNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME = 0.1


class StageList(Widget):
    """Shows all stages; the one under way turns until `tell` is called for it, or `stop`."""

    DEFAULT_CSS = "StageList { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._results: dict[str, StageResult] = {}
        self._under_way = True
        self._turn = 0

    def on_mount(self) -> None:
        self._timer = self.set_interval(_FRAME, self._advance)

    def tell(self, result: StageResult) -> None:
        """A stage has ended."""
        self._results[result.stage] = result
        self.refresh(layout=True)

    def restart(self) -> None:
        """A new test begins."""
        self._results.clear()
        self._under_way = True
        self._timer.resume()
        self.refresh(layout=True)

    def stop(self) -> None:
        """No further stage will end."""
        self._under_way = False
        self._timer.pause()
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        current = next((stage for stage in STAGES if stage not in self._results), None)
        lines = []
        for stage in STAGES:
            result = self._results.get(stage)
            if result is not None:
                lines.append(_told(result))
            elif stage == current and self._under_way:
                lines.append(Content.styled(f"{_TURNS[self._turn]} {stage}", "bold"))
            else:
                lines.append(Content.styled(f"· {stage}", "$text-muted"))
        return Content("\n").join(lines)

    def _advance(self) -> None:
        self._turn = (self._turn + 1) % len(_TURNS)
        self.refresh()


def _told(result: StageResult) -> Content:
    sign, style = _SIGNS[result.status]
    took = "" if result.status == "skipped" else f"{result.ms:,.1f} ms"
    parts = [
        (f"{sign} ", style),
        (f"{result.stage:13}", "bold"),
        (f"{took:>11}  ", "$text-muted"),
        (inert(result.message), "$text-error" if result.status == "failed" else ""),
    ]
    if result.hint is not None:
        parts.append((f"\n  → {inert(result.hint)}", "bold"))
    return Content.assemble(*parts)
