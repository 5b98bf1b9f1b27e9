"""Static scopes: what an expression at one place of a flow may read, and where that lives during a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from flowlang.language.model import Flow, Step

PlaceKind = Literal["step", "item", "loop", "inputs", "env", "context"]


class Place(NamedTuple):
    """Where a name lives in a run's frames.

    `depth` counts the frames upwards from the one where the expression is evaluated; `inputs`, `env` and
    `context` stand in every frame.
    """

    kind: PlaceKind
    depth: int = 0
    key: str = ""


_EVERYWHERE: Final = {"inputs": Place("inputs"), "env": Place("env"), "context": Place("context")}


class Names:
    """The names of one level: the flow itself, or the body of a `for_each`, whose iterations have a frame each.

    All steps of a level share one table, whatever block they stand in: ids are unique in a flow. The steps of a
    loop's body stand in the tables of the levels around it too, because after the loop they read as the last item's.
    """

    __slots__ = ("flow", "item", "parent", "steps")

    def __init__(self, flow: Flow, parent: Names | None = None, item: str | None = None) -> None:
        self.flow = flow
        self.parent = parent
        self.item = item
        self.steps: dict[str, Step] = {}

    def find(self, name: str) -> Place | None:
        """Where `name` lives, or None if nothing has that name here."""
        depth = 0
        level: Names | None = self
        while level is not None:
            if name in level.steps:
                return Place("step", depth, name)
            if level.item == name:
                return Place("item", depth, name)
            level = level.parent
            depth += 1
        if name == "loop":
            return Place("loop") if self.item is not None else None
        return _EVERYWHERE.get(name)

    def item_depth(self, name: str) -> int | None:
        """How many frames upwards the loop variable `name` lives, or None if there is none."""
        depth = 0
        level: Names | None = self
        while level is not None:
            if level.item == name:
                return depth
            level = level.parent
            depth += 1
        return None

    def step(self, name: str) -> Step | None:
        """The step with this id, if it can be read here."""
        level: Names | None = self
        while level is not None:
            if name in level.steps:
                return level.steps[name]
            level = level.parent
        return None

    def known(self) -> Iterator[str]:
        """Every name that can be read here."""
        level: Names | None = self
        while level is not None:
            yield from level.steps
            if level.item is not None:
                yield level.item
            level = level.parent
        yield from ("inputs", "env", "context")
        if self.item is not None:
            yield "loop"
