"""How the state of a step is told: a sign, never colour alone, and a few words in its badge."""

from __future__ import annotations

from typing import Final

from flowlang_tui.graph.cells import cells
from flowlang_tui.session.step_records import StepRecord, StepStatus

#: Of a step as long as no run is shown.
KINDS: Final[dict[str, str]] = {
    "task": "●",
    "parallel": "∥",
    "if": "◆",
    "switch": "◆",
    "for_each": "↻",
    "while": "↻",
    "subflow": "▶",
    "exit": "■",
}

SIGNS: Final[dict[StepStatus, str]] = {
    "pending": "·",
    "running": "◐",
    "retrying": "↻",
    "succeeded": "✓",
    "failed": "✗",
    "skipped": "⊘",
    "cancelled": "■",
    "unknown": "?",
}

#: The sign of a step at which the run stands still.
STOPPED: Final = "➤"

#: The sign of a step that doesn't run, because a pin says what it gives.
PINNED: Final = "▣"

#: In place of how long a step took that was taken from the journal.
RECORDED: Final = "recorded"

#: The sign of a running step, one after the other.
SPINNER: Final = "◐◓◑◒"


def duration(milliseconds: float) -> str:
    """A duration in at most six cells."""
    if milliseconds < 1:
        return "<1 ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m"


def badge(record: StepRecord | None, width: int, now: float, stood: float = 0.0) -> str:
    """What the badge of a step says in fewer than `width` cells: how often, how long.

    `now` is seconds since 1970, `stood` how many the run has stood at stops.
    """
    if record is None or record.status in ("pending", "skipped"):
        return ""
    counts = _counts(record)
    is_recorded = record.last is not None and record.last.answered_by == "journal"
    times = RECORDED if is_recorded else duration(record.elapsed_ms(now, stood))
    for words in (f"{counts} {times}" if counts else times, counts, times):
        if words and cells(words) <= width - 1:
            return words
    return ""


def _counts(record: StepRecord) -> str:
    if record.status == "retrying" and record.last is not None and record.last.retries:
        return f"{record.last.attempts}/{record.last.retries[-1].of}"
    if record.kind in ("for_each", "while"):
        total = record.iterations_total
        return f"{record.iterations_done}/{total}" if total is not None else f"{record.iterations_done}×"
    if record.runs > 1:
        return f"{record.runs}×"
    attempts = record.last.attempts if record.last is not None else 1
    return f"↻{attempts}" if attempts > 1 else ""
