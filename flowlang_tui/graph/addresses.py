"""Where the steps of a graph are found in the record of a run."""

from __future__ import annotations

from collections.abc import Iterable

from flowlang.language.graph import Graph
from flowlang_tui.graph.outline import INSIDE

Key = tuple[str, int]


def keys_of(graph: Graph) -> dict[str, Key]:
    """For each node the address and the line of its step, as events name them."""
    scopes: dict[str | None, str] = {None: ""}
    keys: dict[str, Key] = {}
    steps = {node.id: node.step for node in graph.nodes}
    for node in graph.nodes:
        around = scopes[node.parent]
        if node.parent is not None and (node.branch == "do" or node.branch.startswith(INSIDE)):
            around = f"{around}{steps[node.parent]}/"
        scopes[node.id] = around
        keys[node.id] = (around + node.step, node.line)
    return keys


def lines_of(graph: Graph) -> dict[str, int]:
    """The address and the line of each step of a flow, in the order of its text."""
    return dict(sorted(keys_of(graph).values(), key=lambda key: key[1]))


class Whereabouts:
    """Where the steps of a run stand in a text that may have been edited since."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = frozenset(keys)
        self._lines: dict[str, list[int]] = {}
        for address, line in self._keys:
            self._lines.setdefault(address, []).append(line)

    def of(self, key: Key) -> Key | None:
        """The key of the step by now: the one at its address nearest to its line, or None if there is none."""
        if key in self._keys:
            return key
        address, line = key
        lines = self._lines.get(address)
        return None if lines is None else (address, min(lines, key=lambda one: abs(one - line)))
