"""Where the panes stand: which are shown, in which order, how large. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Mode = Literal["auto", "wide", "narrow"]
MODES: Final[tuple[Mode, ...]] = ("auto", "wide", "narrow")

#: A screen with fewer columns than this shows one pane at a time.
NARROW: Final = 110

#: What shares a place: one pane of a deck is in front.
DECKS: Final[dict[str, tuple[str, ...]]] = {
    "left-top": ("explorer", "stack"),
    "left-bottom": ("connections", "breakpoints"),
    "middle-top": ("editor",),
    "middle-bottom": ("logs", "problems", "timeline", "runs", "console"),
    "right-top": ("graph",),
    "right-bottom": ("inspector", "scope"),
}
COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "left": ("left-top", "left-bottom"),
    "middle": ("middle-top", "middle-bottom"),
    "right": ("right-top", "right-bottom"),
}

#: Every pane, in the order in which one goes through them.
PANES: Final = tuple(pane for decks in COLUMNS.values() for deck in decks for pane in DECKS[deck])

#: The panes of the debugger: they are hidden, and not even made, until a run stops or somebody goes there.
DEBUG_PANES: Final = ("stack", "breakpoints", "scope", "console")

#: What a narrow screen offers of the others while the debugger has its panes: there is no room for all of them.
_BESIDE_DEBUGGER: Final = frozenset({"editor", "graph", "logs"})

#: Width of the outer columns and height of the lower decks, in percent of the screen: the beginning, and the limits.
SIZES: Final = {"left": 19, "right": 34, "left-bottom": 36, "middle-bottom": 34, "right-bottom": 44}
SMALLEST: Final = 10
LARGEST: Final = 75


def deck_of(pane: str) -> str:
    """The deck that a pane belongs to."""
    return next(deck for deck, panes in DECKS.items() if pane in panes)


def column_of(deck: str) -> str:
    """The column that a deck belongs to."""
    return next(column for column, decks in COLUMNS.items() if deck in decks)


@dataclass(slots=True)
class Arrangement:
    """How the panes are arranged. `current` is the pane in use, `zoomed` whether it has the screen to itself."""

    mode: Mode = "auto"
    current: str = "editor"
    zoomed: bool = False
    hidden: set[str] = field(default_factory=lambda: set(DEBUG_PANES))
    front: dict[str, str] = field(default_factory=lambda: {deck: panes[0] for deck, panes in DECKS.items()})
    sizes: dict[str, int] = field(default_factory=lambda: dict(SIZES))
    #: The pane in front of each deck, and the one in use, before the debugger took places.
    _before: tuple[dict[str, str], str] | None = None

    def is_narrow(self, width: int) -> bool:
        """Whether a screen of this many columns shows one pane at a time."""
        return self.mode == "narrow" or (self.mode == "auto" and width < NARROW)

    def shown(self, width: int) -> set[str]:
        """The panes that a screen of this many columns shows."""
        if self.zoomed or self.is_narrow(width):
            return {self.current}
        fronts = (self._front_of(deck) for deck in DECKS)
        return {pane for pane in fronts if pane is not None}

    def show(self, pane: str) -> None:
        """Bring a pane to the front of its deck, and make it the one in use."""
        self.current = pane
        self.hidden.discard(pane)
        self.front[deck_of(pane)] = pane

    def hide(self, pane: str) -> bool:
        """Take a pane away; whether another one is left to use. The last one stays."""
        left = [one for one in PANES if one not in self.hidden and one != pane]
        if not left:
            return False
        self.hidden.add(pane)
        self.zoomed = False
        if self.current == pane:
            self.current = "editor" if "editor" in left else left[0]
        return True

    def begin_debugging(self) -> None:
        """Bring the panes of the debugger to the front."""
        if self._before is None:
            self._before = (dict(self.front), self.current)
            for pane in DEBUG_PANES:
                self.hidden.discard(pane)
                self.front[deck_of(pane)] = pane

    def end_debugging(self) -> None:
        """Put back what was in front before, where nobody has chosen another pane since."""
        self.hidden.update(DEBUG_PANES)
        if self._before is None:
            return
        front, current = self._before
        for deck, pane in self.front.items():
            if pane in DEBUG_PANES:
                self.front[deck] = front[deck]
        if self.current in DEBUG_PANES:
            self.current = current
        self._before = None

    @property
    def is_debugging(self) -> bool:
        """Whether the debugger has its panes in front."""
        return self._before is not None

    def next(self, step: int) -> str:
        """The pane that comes `step` panes after the one in use, among those that are not hidden."""
        panes = [pane for pane in PANES if pane not in self.hidden]
        place = panes.index(self.current) if self.current in panes else 0
        return panes[(place + step) % len(panes)]

    def next_mode(self, step: int) -> None:
        """Change to another way of arranging."""
        self.mode = MODES[(MODES.index(self.mode) + step) % len(MODES)]

    def resize(self, pane: str, *, width: int = 0, height: int = 0) -> None:
        """Make a pane's place larger or smaller, by percent of the screen."""
        deck = deck_of(pane)
        column = column_of(deck)
        if width:
            # the middle has what the others leave
            name, change = (column, width) if column != "middle" else ("right", -width)
            self.set_size(name, self.sizes[name] + change)
        if height:
            lower = COLUMNS[column][1]
            self.set_size(lower, self.sizes[lower] + (height if deck == lower else -height))

    def set_size(self, name: str, percent: int) -> None:
        """Set one of `SIZES`, within the limits; the two outer columns leave something to the middle."""
        most = LARGEST
        if name in ("left", "right"):
            most = 100 - 2 * SMALLEST - self.sizes["right" if name == "left" else "left"]
        self.sizes[name] = max(SMALLEST, min(percent, most))

    def to_dict(self) -> dict[str, Any]:
        """The arrangement as plain data, to be remembered."""
        front = self.front if self._before is None else self._before[0]
        hidden = sorted(self.hidden.difference(DEBUG_PANES))
        return {"mode": self.mode, "hidden": hidden, "front": front, "sizes": self.sizes}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Arrangement:
        """An arrangement that was remembered; what makes no sense any more is left out."""
        arrangement = cls()
        if data.get("mode") in MODES:
            arrangement.mode = data["mode"]
        hidden, front, sizes = (data.get(name) for name in ("hidden", "front", "sizes"))
        if isinstance(hidden, list) and set(PANES) - set(hidden):
            arrangement.hidden |= {pane for pane in hidden if pane in PANES and pane != "editor"}
        if isinstance(front, Mapping):
            arrangement.front |= {deck: pane for deck, pane in front.items() if pane in DECKS.get(deck, ())}
        if isinstance(sizes, Mapping):
            for name, percent in sizes.items():
                if name in SIZES and isinstance(percent, int):
                    arrangement.set_size(name, percent)
        return arrangement

    def _front_of(self, deck: str) -> str | None:
        """The pane in front of a deck; None when all of its panes are hidden."""
        front = self.front[deck]
        return front if front not in self.hidden else next((p for p in DECKS[deck] if p not in self.hidden), None)

    def tabs(self, pane: str, width: int) -> list[str]:
        """The panes that a pane's title offers beside itself: those of its deck, or all in a narrow screen."""
        if not (self.zoomed or self.is_narrow(width)):
            among = DECKS[deck_of(pane)]
        elif self.is_debugging:
            among = tuple(one for one in PANES if one == pane or one in DEBUG_PANES or one in _BESIDE_DEBUGGER)
        else:
            among = PANES
        return [one for one in among if one not in self.hidden]
