"""Which completions fit what has been typed, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from textual.fuzzy import FuzzySearch

if TYPE_CHECKING:
    from flowlang.language.assist.completion import Completion

#: More rows than this help nobody.
MAX_ROWS: Final = 50

_SEARCH: Final = FuzzySearch(case_sensitive=False, cache_size=4096)


def ranked(completions: Sequence[Completion], typed: Callable[[Completion], str]) -> list[Completion]:
    """Those whose label has the typed letters in their order: labels that start with them first, then by how well
    they fit, then in the order they came.
    """
    scored = []
    for place, completion in enumerate(completions):
        score = _score(typed(completion).lstrip(), completion.label)
        if score is not None:
            scored.append((score, place, completion))
    return [completion for _, _, completion in sorted(scored, key=lambda each: each[:2])[:MAX_ROWS]]


def matched(typed: str, label: str) -> Sequence[int]:
    """The places of the typed letters in a label."""
    if label.lower().startswith(typed.lower()):
        return range(len(typed))
    return _SEARCH.match(typed, label)[1]


def _score(typed: str, label: str) -> float | None:
    if not typed:
        return 0
    if label.startswith(typed):
        return -3000
    if label.lower().startswith(typed.lower()):
        return -2000
    if not _has_letters(typed.lower(), label.lower()):
        return None
    score = _SEARCH.match(typed, label)[0]
    return -score if score > 0 else None


def _has_letters(typed: str, label: str) -> bool:
    letters = iter(label)
    return all(letter in letters for letter in typed)
