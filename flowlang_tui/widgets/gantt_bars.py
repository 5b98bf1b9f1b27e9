"""The times of a run as bars: which row a step has, and what its bar looks like in eighths of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log, log10
from typing import Final, NamedTuple

from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import StepRecord

#: Left parts of a cell, by eighths.
_LEFT: Final = " ▏▎▍▌▋▊▉█"
_DENSE: Final = "▒"
_UNKNOWN: Final = "░"
_FULL: Final = 0xFF

#: The axis of a run that goes on ends at one of these steps, so that bars need not be drawn anew each frame.
_GROWTH: Final = 1.25
_SHORTEST: Final = 0.1


class Row(NamedTuple):
    """A step, and how deep it is inside of loops and subflows."""

    step: StepRecord
    depth: int


class Span(NamedTuple):
    """The time that is shown, in seconds since 1970, and on how many cells."""

    start: float
    end: float
    width: int

    def eighth(self, time: float) -> int:
        """Which eighth of a cell a time falls into; outside of the span the nearest one."""
        eighths = self.width * 8
        if self.end <= self.start:
            return 0
        return min(max(int((time - self.start) / (self.end - self.start) * eighths), 0), eighths)


class Piece(NamedTuple):
    """Cells of a bar that look the same. `kind` is what happened there; `reverse` swaps the colours."""

    text: str
    kind: str
    reverse: bool = False


def rows_of(run: RunRecord) -> list[Row]:
    """The steps in the order in which they began, those inside of others below them."""
    steps = [step for step in snapshot(run.steps.values()) if step.started is not None]
    inside: dict[str, list[StepRecord]] = {}
    known = {step.address for step in steps}
    for step in sorted(steps, key=lambda step: step.started or 0.0):
        around = step.address.rpartition("/")[0]
        inside.setdefault(around if around in known else "", []).append(step)
    rows: list[Row] = []
    waiting = [Row(step, 0) for step in reversed(inside.get("", []))]
    done = set()
    while waiting:
        row = waiting.pop()
        rows.append(row)
        address = row.step.address
        if address not in done:
            done.add(address)
            waiting += [Row(step, row.depth + 1) for step in reversed(inside.get(address, []))]
    return rows


def whole_span(run: RunRecord, now: float, width: int) -> Span:
    """The whole time of a run; while it goes on with some room to grow."""
    start = run.started or now
    if run.ended is not None:
        return Span(start, max(run.ended, start + 1e-6), width)
    steps = ceil(log(max(now - start, _SHORTEST) / _SHORTEST) / log(_GROWTH) - 1e-9)
    return Span(start, start + _SHORTEST * _GROWTH**steps, width)


def bar(step: StepRecord, span: Span, now: float) -> list[Piece]:
    """The bar of a step: its calls, each at least an eighth of a cell wide."""
    covered = failed = going = 0
    calls = snapshot(step.calls)
    first = calls[0].started if calls else now
    for call in calls:
        bits = _bits(span, call.started, now if call.ended is None else call.ended)
        covered |= bits
        if call.status == "failed":
            failed |= bits
        elif call.ended is None:
            going |= bits
    for call in snapshot(step.failures):
        bits = _bits(span, call.started, call.ended or now)
        covered, failed = covered | bits, failed | bits
    earlier = 0
    if step.runs + step.running > len(calls) and step.started is not None:
        earlier = _bits(span, step.started, first) & ~covered
    return list(_joined(_cells(span.width, covered, failed, going, earlier)))


def _bits(span: Span, start: float, end: float) -> int:
    if end < span.start or start > span.end:
        return 0
    left = min(span.eighth(start), span.width * 8 - 1)
    right = max(span.eighth(end), left + 1)
    return ((1 << (right - left)) - 1) << left


def _cells(width: int, covered: int, failed: int, going: int, earlier: int) -> Iterable[Piece]:
    for at in range(width):
        shift = at * 8
        byte = covered >> shift & _FULL
        if not byte:
            unknown = earlier >> shift & _FULL
            yield Piece(_UNKNOWN, "unknown") if unknown else Piece(" ", "")
            continue
        kind = "failed" if failed >> shift & _FULL else "running" if going >> shift & _FULL else "done"
        filled = byte.bit_length()
        if byte == (1 << filled) - 1:
            yield Piece(_LEFT[filled], kind)
        elif byte == _FULL & ~((1 << (free := (byte & -byte).bit_length() - 1)) - 1):
            yield Piece(_LEFT[free], kind, reverse=True)
        elif byte & byte + (byte & -byte):
            yield Piece(_DENSE, kind)
        else:
            # a piece in the middle of the cell: no character has it, the nearest begins at the left
            yield Piece(_LEFT[filled - free], kind)


def _joined(pieces: Iterable[Piece]) -> Iterable[Piece]:
    last: Piece | None = None
    for piece in pieces:
        if last is not None and last[1:] == piece[1:]:
            last = Piece(last.text + piece.text, piece.kind, piece.reverse)
        else:
            if last is not None:
                yield last
            last = piece
    if last is not None:
        yield last


def axis(span: Span, origin: float) -> str:
    """The line of times above the bars, counted from `origin`."""
    seconds = max(span.end - span.start, 1e-9)
    step = _nice(seconds / max(span.width // 8, 1))
    cells = [" "] * span.width
    tick = floor((span.start - origin) / step)
    while (time := tick * step) <= span.end - origin:
        at = int((origin + time - span.start) / seconds * span.width + 1e-3)
        label = f"╵{_clock(time, step)}"
        if at >= 0 and at + len(label) <= span.width:
            cells[at : at + len(label)] = label
        tick += 1
    return "".join(cells)


def _nice(step: float) -> float:
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _clock(seconds: float, step: float) -> str:
    if seconds == 0:
        return "0"
    if step < 0.001:
        return f"{seconds * 1000:.{min(max(-floor(log10(step * 1000)), 0), 3)}f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.{min(max(-floor(log10(step)), 0), 3)}f} s"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:02.0f}s"
