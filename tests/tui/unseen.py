"""Screens that nobody sees: most of a test would go into painting them after every change, and reading their styles."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
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


_READ: dict[Hashable, list[RuleSet]] = {}


def read_styles_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each style sheet once for all applications with the same theme."""
    read = Stylesheet._parse_rules

    def known(stylesheet: Stylesheet, css: str, *place: Any, **options: Any) -> list[RuleSet]:
        key = (css, place, *sorted(options.items()), frozenset(stylesheet._variables.items()))
        if key not in _READ:
            _READ[key] = read(stylesheet, css, *place, **options)
        return _READ[key]

    monkeypatch.setattr(Stylesheet, "_parse_rules", known)


def painted(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen, painted now."""
    return screen._compositor.render_strips()
