"""A comparison of two runs as rows to show: a name, what it was in the one run, what it is in the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flowlang.cli.readable import duration
from flowlang.values import to_json

if TYPE_CHECKING:
    from flowlang.journal.compare import Comparison, Difference, StepDifference
    from flowlang.journal.compare_values import Change

Look = Literal["section", "same", "value", "figure", "added", "removed", "hunk", "text"]

#: How much of a value a row has; the whole of it is shown for the selected one.
_VALUE: Final = 400
#: What is beyond is counted.
_MOST: Final = 2000

_WHAT: Final[dict[str, str]] = {
    "inputs": "what it got",
    "missing": "only the first run came to it",
    "added": "only the second run came to it",
    "branch": "the branch it took",
    "status": "how it ended",
    "result": "what it gave",
    "error": "its error",
    "outputs": "the outputs of the run",
    "ending": "how the run ended",
}


class Line(NamedTuple):
    """A row. `path` is the step that it leads to, empty for none; `whole` are the two values, uncut."""

    look: Look
    name: str
    before: str = ""
    after: str = ""
    path: str = ""
    whole: tuple[Any, Any] | None = None


def lines_of(found: Comparison) -> list[Line]:
    """The first difference, then what was done by hand, values, branches, steps, rows, times and the definition."""
    if found.same and not found.timings and not found.by_hand.before and not found.by_hand.after:
        return [Line("same", "✓ Both runs did the same, step by step, with the same values.")]
    lines = list(_first(found))
    lines += _section("By hand", _by_hand(found))
    lines += _section("Inputs and outputs", _of_run(found))
    lines += _section("Values", (line for step in found.values for line in _of_step(step)))
    lines += _section("Branches", (_line(one.path, one.before, one.after, one.path) for one in found.branches))
    lines += _section("Steps that only one run came to", _one_sided(found))
    lines += _section("Rows", (_figures(one.address, one.before, one.after, _rows) for one in found.rows))
    lines += _section("Times", (_figures(one.address, one.before, one.after, _took) for one in found.timings))
    lines += _section("Definition", _definition(found))
    if len(lines) > _MOST:
        more = len(lines) - _MOST
        lines = [*lines[:_MOST], Line("same", f"… and {more:,} more; flowlang runs diff has all of them.")]
    return lines


def _first(found: Comparison) -> Iterator[Line]:
    yield Line("section", "First difference")
    first = found.first
    if first is None:
        yield Line("same", "✓ None in what the runs did. What else differs is below.")
    else:
        place = f"{first.path or 'the run'}: {_WHAT.get(first.what, first.what)}"
        yield Line("text", place, path=first.path)
        yield Line("value", first.at, _shown(first, before=True), _shown(first, before=False), first.path, _both(first))


def _shown(first: Difference, *, before: bool) -> str:
    if first.what == "missing":
        return "ran" if before else "—"
    if first.what == "added":
        return "—" if before else "ran"
    value = first.before if before else first.after
    return "—" if value is None else _text(value)


def _both(one: Difference | Change) -> tuple[Any, Any]:
    return one.before, one.after


def _by_hand(found: Comparison) -> Iterator[Line]:
    for one in found.by_hand.before:
        yield Line("value", one.path, one.words, "—", one.path)
    for one in found.by_hand.after:
        yield Line("value", one.path, "—", one.words, one.path)


def _of_run(found: Comparison) -> Iterator[Line]:
    for label, changed in (("inputs", found.inputs), ("outputs", found.outputs), ("error", found.error)):
        yield from _changes(label, changed, "")
    if found.before.status != found.after.status:
        yield _line("status", found.before.status, found.after.status, "")


def _of_step(step: StepDifference) -> Iterator[Line]:
    name = step.path if step.occurrence == 1 else f"{step.path} ({step.occurrence}×)"
    before, after = step.status
    if before != after:
        yield _line(f"{name}  status", before, after, step.path)
    yield from _changes(f"{name}  got", step.inputs, step.path)
    yield from _changes(f"{name}  gave", step.outputs, step.path)
    yield from _changes(f"{name}  error", step.error, step.path)


def _changes(label: str, changed: Iterable[Change], path: str) -> Iterator[Line]:
    for one in changed:
        before = "—" if one.kind == "added" else _text(one.before)
        after = "—" if one.kind == "removed" else _text(one.after)
        yield Line("value", f"{label}  {one.at}".rstrip(), before, after, path, _both(one))


def _one_sided(found: Comparison) -> Iterator[Line]:
    for path in found.missing:
        yield Line("removed", path, "ran", "—", path)
    for path in found.added:
        yield Line("added", path, "—", "ran", path)


def _line(name: str, before: str | None, after: str | None, path: str) -> Line:
    return Line("value", name, before or "none", after or "none", path)


def _figures(name: str, before: float | None, after: float | None, shown: Any) -> Line:
    ours, theirs = ("—" if value is None else shown(value) for value in (before, after))
    if before and after and before != after:
        times = after / before
        theirs += f"  ({times:.1f}×)" if times >= 1 else f"  ({times:.2f}×)"
    return Line("figure", name, ours, theirs, name)


def _rows(value: float) -> str:
    return f"{int(value):,} row{'' if value == 1 else 's'}"


def _took(value: float) -> str:
    return duration(value)


def _definition(found: Comparison) -> Iterator[Line]:
    for file in found.definition:
        for text in file.diff:
            look: Look = "text"
            if text.startswith(("---", "+++", "@@")):
                look = "hunk"
            elif text.startswith(("+", "-")):
                look = "added" if text[0] == "+" else "removed"
            yield Line(look, text)


def _section(title: str, lines: Iterable[Line]) -> list[Line]:
    found = list(lines)
    return [Line("text", ""), Line("section", f"{title}"), *found] if found else []


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value)
    return " ".join(text[:_VALUE].split()) if isinstance(value, str) else text[:_VALUE]
