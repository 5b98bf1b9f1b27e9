"""Completion: what could be written at a place of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.snippets import Snippet
from flowlang.language.assist.spot import Spot, locate

CompletionKind = Literal[
    "key",
    "kind",
    "task",
    "argument",
    "connection",
    "type",
    "value",
    "step",
    "input",
    "field",
    "function",
    "variable",
    "subflow",
]


class Completion(NamedTuple):
    """Something that could be written. `insert` replaces the text from `start` to `end` (line and column, from 1).

    `cursor` is where in `insert` the cursor goes; None is its end. `detail` is a few words, `doc` a sentence or more.
    """

    label: str
    insert: str
    kind: CompletionKind
    detail: str
    doc: str
    start: tuple[int, int]
    end: tuple[int, int]
    cursor: int | None = None


class Offer(NamedTuple):
    """A completion before it has a place."""

    label: str
    insert: str | Snippet
    kind: CompletionKind
    detail: str = ""
    doc: str = ""


def complete(analysis: Analysis, text: str, line: int, column: int) -> list[Completion]:
    """What could be written at a place of `text`, the likeliest first; not yet narrowed down to what is typed there.

    The analysis may be that of an earlier text. What is typed already stands between `start` and the place. Of very
    many steps only those are offered that what is typed could mean, so ask again with every key.
    """
    lines = analysis.lines if text == analysis.text else text.split("\n")
    spot = locate(lines, line, column)
    if spot.role == "comment":
        return []
    return [_placed(offer, spot) for offer in _offers(analysis, lines, spot)]


def _offers(analysis: Analysis, lines: Sequence[str], spot: Spot) -> Iterator[Offer]:
    # each is loaded when it is first needed: not every text has all of them
    if spot.expression is not None:
        from flowlang.language.assist.complete_expressions import expression_offers

        return expression_offers(analysis, lines, spot)
    if spot.role == "text":
        return iter(())
    if spot.role == "value":
        from flowlang.language.assist.complete_values import value_offers

        return value_offers(analysis, lines, spot)
    from flowlang.language.assist.complete_keys import key_offers

    return key_offers(analysis, lines, spot)


def _placed(offer: Offer, spot: Spot) -> Completion:
    insert, cursor = offer.insert if isinstance(offer.insert, Snippet) else (offer.insert, None)
    line = spot.line + 1
    start, end = (line, spot.start + 1), (line, max(spot.end, spot.column) + 1)
    return Completion(offer.label, insert, offer.kind, offer.detail, offer.doc, start, end, cursor)
