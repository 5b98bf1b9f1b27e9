"""Screens that nobody sees: half of the work of a test would go into painting them after every change."""

from __future__ import annotations

from typing import Any

import pytest
from textual._compositor import Compositor
from textual.screen import Screen
from textual.strip import Strip


def paint_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out what changes, but paint only where somebody asks for a picture of the whole screen."""
    paint = Compositor.render_update

    def when_asked(compositor: Compositor, full: bool = False, *args: Any, **options: Any) -> Any:
        if full:
            return paint(compositor, full, *args, **options)
        compositor._dirty_regions.clear()
        return None

    monkeypatch.setattr(Compositor, "render_update", when_asked)


def painted(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen, painted now."""
    return screen._compositor.render_strips()
