"""What a workload finds out, as a JSON line and as a row of a table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

RATIO = "×"


class Figure(NamedTuple):
    """One measured thing. `floor` and `ours` are in `unit`.

    `bar` is the most that is allowed: of the ratio of the two, or of `ours` itself where `bar_unit` says so; None
    for a figure that is only shown.
    """

    workload: str
    variant: str
    unit: str
    floor: float | None
    ours: float
    bar: float | None = None
    bar_unit: str = RATIO

    @property
    def ratio(self) -> float | None:
        return None if not self.floor else self.ours / self.floor

    @property
    def within(self) -> bool | None:
        """Whether the bar is kept; None where there is none."""
        measured = self.ratio if self.bar_unit == RATIO else self.ours
        return None if self.bar is None or measured is None else measured <= self.bar

    def as_line(self) -> str:
        """The figure with the machine it was measured on, as a line of JSON."""
        ratio = self.ratio
        line: dict[str, Any] = {
            "workload": self.workload,
            "variant": self.variant,
            f"floor_{self.unit}": None if self.floor is None else round(self.floor, 3),
            f"ours_{self.unit}": round(self.ours, 3),
            "ratio": None if ratio is None else round(ratio, 3),
            "bar": self.bar,
            "bar_unit": self.bar_unit,
            "within": self.within,
            **machine(),
        }
        return json.dumps(line, ensure_ascii=False)


def show(figures: Iterable[Figure]) -> None:
    """Print figures as lines of JSON."""
    for figure in figures:
        print(figure.as_line(), flush=True)


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


Row = tuple[str, ...]

_HEAD: Row = ("", "workload", "floor", "flowlang", "ratio", "bar", "")


def table(lines: Sequence[dict[str, Any]], kept: Sequence[Row] = ()) -> str:
    """Lines, as `Figure.as_line` wrote them, as a Markdown table with the machine below it.

    `kept` are rows of an earlier table; all rows are in the order of the workloads' numbers.
    """
    rows = sorted([*kept, *map(_row, lines)], key=lambda row: int(row[0].removeprefix("W")))
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    drawn = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (_HEAD, *rows)]
    drawn.insert(1, " | ".join("-" * max(width, 3) for width in widths))
    text = "\n".join(f"| {row} |" for row in drawn)
    if lines:
        text += "\n\n{cpu}, {cores} cores, {system}, Python {python}".format(**lines[0])
    return text


def rows_in(text: str) -> list[Row]:
    """The rows of a table that was drawn before."""
    drawn = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in text.splitlines() if line[:3] == "| W"]
    return [row for row in drawn if len(row) == len(_HEAD)]


def _row(line: dict[str, Any]) -> Row:
    unit = next(key for key in line if key.startswith("ours_")).removeprefix("ours_")
    floor, ratio, bar = line[f"floor_{unit}"], line["ratio"], line["bar"]
    shown = "" if bar is None else f"≤ {bar:g}{'' if line['bar_unit'] == RATIO else ' '}{line['bar_unit']}"
    return (
        line["workload"],
        line["variant"],
        "" if floor is None else _amount(floor, unit),
        _amount(line[f"ours_{unit}"], unit),
        "" if ratio is None else f"{ratio:.2f}×",
        shown,
        {True: "✓", False: "missed", None: ""}[line["within"]],
    )


def _amount(number: float, unit: str) -> str:
    return f"{number:g}" if unit == "modules" else f"{number:.3g} {'µs' if unit == 'us' else unit}"
