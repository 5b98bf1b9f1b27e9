"""What of a graph is to be seen: its steps as a tree, without what is collapsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cached_property

from flowlang.language.graph import Graph, GraphBlock, GraphNode

#: Lists of steps that are shown in a frame below their step, since the step lasts as long as they do.
_FRAMED = frozenset({"do", "parallel"})

#: The names of a subflow's lists of steps begin with it, where they stand below the step that calls it.
INSIDE = "flow "

HANDLER = "on_error"

Needs = dict[str, list[str]]


class Outline:
    """A graph with some of its steps collapsed."""

    def __init__(self, graph: Graph, collapsed: Collection[str] = ()) -> None:
        self.graph = graph
        self.collapsed = collapsed

    def blocks(self, id: str) -> list[GraphBlock]:
        """The visible lists of steps inside a step."""
        return [] if id in self.collapsed else self.graph.blocks_of(id)

    def framed(self, id: str) -> list[GraphBlock]:
        """Those that the step lasts as long as."""
        return [block for block in self.blocks(id) if block.name in _FRAMED or block.name.startswith(INSIDE)]

    def branches(self, id: str) -> list[GraphBlock]:
        """Those of which one is run."""
        framed = self.framed(id)
        return [block for block in self.blocks(id) if block not in framed and block.name != HANDLER]

    def handler(self, id: str) -> GraphBlock | None:
        """What is run when the step has failed."""
        return next((block for block in self.blocks(id) if block.name == HANDLER), None)

    def hidden(self, id: str) -> int:
        """How many steps are not shown since `id` is collapsed."""
        return self._size(id) - 1 if id in self.collapsed else 0

    def visible(self) -> Iterator[GraphNode]:
        """The steps that are shown, in the order of the text."""
        for block in self.graph.blocks_of(None):
            for id in block.nodes:
                yield from self._visible(id)

    def way_around(self, id: str) -> str | None:
        """The name of the way on from a step that takes none of its branches; None if there is no such way."""
        node, names = self.graph.node(id), {block.name for block in self.blocks(id)}
        if node.kind == "exit":
            return "skipped" if any(note.startswith("if ") for note in node.notes) else None
        if id in self.collapsed:
            return ""
        if node.kind == "if":
            return None if names >= {"then", "else"} else "else" if "then" in names else "then"
        if node.kind == "switch":
            return None if "default" in names else "no case"
        return ""

    def is_group(self, block: GraphBlock) -> bool:
        """Whether the steps of a list run at once, as far as they don't need each other."""
        return block.name in ("parallel", INSIDE + "parallel") or (
            block.parent is None and block.name == "steps" and self.graph.mode != "sequential"
        )

    def needs(self, block: GraphBlock) -> Needs:
        """For each member of a group the members that it waits for, without those that it waits for anyway."""
        return self._needs.get((block.parent, block.name), {})

    def _visible(self, id: str) -> Iterator[GraphNode]:
        yield self.graph.node(id)
        for block in self.blocks(id):
            for inner in block.nodes:
                yield from self._visible(inner)

    def _size(self, id: str) -> int:
        return 1 + sum(self._size(inner) for block in self.graph.blocks_of(id) for inner in block.nodes)

    @cached_property
    def _needs(self) -> dict[tuple[str | None, str], Needs]:
        groups = {id: block for block in self.graph.blocks if self.is_group(block) for id in block.nodes}
        found: defaultdict[tuple[str | None, str], Needs] = defaultdict(dict)
        if not groups:
            return found
        around = self._memberships(groups)
        for edge in self.graph.edges:
            if edge.kind in ("data", "depends"):
                sources = around[edge.source]
                for place, target in around[edge.target].items():
                    source = sources.get(place, target)
                    if source != target:
                        known = found[place].setdefault(target, [])
                        if source not in known:
                            known.append(source)
        return {place: _reduced(needs) for place, needs in found.items()}

    def _memberships(self, groups: dict[str, GraphBlock]) -> dict[str, dict[tuple[str | None, str], str]]:
        """For each step and each group around it: the member of the group that it is, or stands in."""
        around: dict[str, dict[tuple[str | None, str], str]] = {}
        for node in self.graph.nodes:
            known = around[node.parent] if node.parent is not None else {}
            block = groups.get(node.id)
            around[node.id] = {**known, (block.parent, block.name): node.id} if block else known
        return around


def _reduced(needs: Needs) -> Needs:
    """`needs` without what follows from the rest. What goes round in a circle, in a flow with errors, is left out."""
    order = _in_order(needs)
    places = {member: place for place, member in enumerate(order)}
    before: list[int] = []
    kept: Needs = {}
    for place, member in enumerate(order):
        sources = [source for source in needs.get(member, ()) if places[source] < place]
        indirect = 0
        for source in sources:
            indirect |= before[places[source]]
        if sources:
            kept[member] = [source for source in sources if not indirect >> places[source] & 1]
        before.append(indirect | sum(1 << places[source] for source in sources))
    return kept


def _in_order(needs: Needs) -> list[str]:
    """The members, each after those that it needs, as far as these don't need it themselves."""
    order: dict[str, None] = {}
    entered: set[str] = set()
    pending = [*reversed(needs)]
    while pending:
        member = pending[-1]
        missing = [] if member in entered else [s for s in needs.get(member, ()) if s not in entered]
        entered.add(member)
        if missing:
            pending += reversed(missing)
        else:
            order.setdefault(pending.pop())
    return list(order)
