"""Paths as people write them, and in full: with the loops around a step that go without saying."""

from __future__ import annotations

from itertools import pairwise

from flowlang.journal.places import Part, Places, parts_of
from flowlang.language.model import SubflowStep


def in_full(path: str, places: Places, iteration: int | None = 0, like: str = "") -> str:
    """The path of a step that there is, by which events name it.

    Where nobody says which iteration of a loop is meant, it is that of the path `like`, if that goes into the same
    loop, else the one given; None leaves the address of all of them.
    """
    known = parts_of(like) or []
    shared = True
    pieces = []
    for number, (part, is_loop) in enumerate(_parts(path, places)):
        other = known[number] if number < len(known) else None
        shared = shared and other is not None and other.id == part.id
        at = part.iteration
        if is_loop and at is None:
            at = other.iteration if shared and other is not None and other.iteration is not None else iteration
        shared = shared and other is not None and other.iteration == at
        pieces.append(f"{part.id}[{at}]" if is_loop and at is not None else part.id)
    return "/".join(pieces)


def _parts(path: str, places: Places) -> list[tuple[Part, bool]]:
    """The parts of a path in full, each with whether it leads into a loop."""
    written = parts_of(path) or []
    found: list[tuple[Part, bool]] = []
    said: dict[str, int | None] = {}
    around = 0
    for number, part in enumerate(written):
        said[part.id] = part.iteration
        place = places.find("/".join(one.id for one in written[: number + 1]))
        assert place is not None, "the step is there, and so are those around it"
        if number < len(written) - 1 and not isinstance(place.step, SubflowStep):
            continue
        levels = place.levels[around:]
        loops = [outer.siblings[outer.position].id for outer, inner in pairwise(levels) if inner.depth > outer.depth]
        found += [(Part(loop, said.get(loop)), True) for loop in loops]
        found.append((Part(part.id, None), False))
        around, said = len(place.levels), {}
    return found
