"""The chain of steps that decided how long a run took."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from flowlang.language.graph import Graph, GraphBlock
from flowlang_tui.graph.outline import Outline
from flowlang_tui.session.step_records import StepRecord

#: Seconds by which a step may begin before the end of the one that it waited for, as clocks tell it.
_SLACK = 0.002


def critical_path(graph: Graph, records: Mapping[str, StepRecord]) -> frozenset[str]:
    """The steps that a run would have been quicker without. `records` are those of the nodes that ran.

    Of steps that ran at once it is the one that ended last, with those that it had to wait for.
    """
    outline = Outline(graph)
    found: set[str] = set()
    pending = list(graph.blocks_of(None))
    while pending:
        block = pending.pop()
        chain = _chain(block, records) if outline.is_group(block) else _ran(block, records)
        found.update(chain)
        pending += [inner for id in chain for inner in graph.blocks_of(id)]
    return frozenset(found)


def _ran(block: GraphBlock, records: Mapping[str, StepRecord]) -> list[str]:
    return [id for id in block.nodes if id in records and records[id].started is not None]


def _chain(block: GraphBlock, records: Mapping[str, StepRecord]) -> list[str]:
    """Back from the step that ended last, each time to the last one that was over when it began."""
    ended = {id: records[id].ended or inf for id in _ran(block, records)}
    chain: list[str] = []
    latest = inf
    for id in sorted(ended, key=ended.__getitem__, reverse=True):
        if ended[id] <= latest:
            chain.append(id)
            latest = (records[id].started or 0.0) + _SLACK
    return chain
