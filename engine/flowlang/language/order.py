"""Which step waits for which, among steps that run at once: the branches of a `parallel`, or a flow in `dag` mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowlang.language.model import ForEachStep, Step


def within(step: Step) -> Iterator[Step]:
    """The step and every step inside it."""
    stack = [step]
    while stack:
        current = stack.pop()
        yield current
        for _, steps in current.blocks():
            stack.extend(steps)


def names_read(step: Step) -> set[str]:
    """The names that a step and the steps inside it read or depend on."""
    names: set[str] = set()
    for inner in within(step):
        for value in inner.values():
            names.update(read.root for read in value.reads)
        if isinstance(inner, ForEachStep) and inner.collect is not None:
            names.update(read.root for read in inner.collect.reads)
        names.update(name.text for name in inner.depends_on)
    return names


def dependencies(steps: Sequence[Step]) -> list[set[int]] | None:
    """For each step the positions of those it waits for; None when nobody waits for anybody.

    A step waits for another when it, or a step inside it, reads or depends on the other or a step inside that.
    """
    owner = {inner.id: index for index, step in enumerate(steps) for inner in within(step)}
    waits = [
        {owner[name] for name in names_read(step) if name in owner and owner[name] != index}
        for index, step in enumerate(steps)
    ]
    return waits if any(waits) else None


def find_cycle(waits_for: Sequence[set[int]]) -> list[int] | None:
    """Positions of steps that wait for each other in a circle, the first also at the end; None if there are none."""
    done: set[int] = set()
    for root in range(len(waits_for)):
        if root in done:
            continue
        path = [root]
        on_path = {root}
        pending = [iter(sorted(waits_for[root]))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                finished = path.pop()
                on_path.discard(finished)
                done.add(finished)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                on_path.add(following)
                pending.append(iter(sorted(waits_for[following])))
    return None
