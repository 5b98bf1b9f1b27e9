"""How slow the processor is at the moment, for the few tests that keep a limit of time."""

from __future__ import annotations

from time import process_time

#: Seconds that the loop below takes on a processor of 2020s' servers that nobody else uses.
USUAL = 0.0125


def slowness() -> float:
    """How many times as long as usual a piece of plain Python takes just now; at least 1."""
    return max(1.0, min(_loop() for _ in range(5)) / USUAL)


def _loop() -> float:
    started = process_time()
    total = 0
    for number in range(200_000):
        total += number * number % 7
    return process_time() - started
