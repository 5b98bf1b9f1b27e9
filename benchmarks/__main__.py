"""Runs the workloads, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import rows_in, table

WORKLOADS = {
    "W1": "sequence",
    "W2": "parallel",
    "W3": "loop",
    "W4": "waiting",
    "W5": "preparing",
    "W6": "startup",
    "W7": "memory",
    "W8": "connections",
    "W9": "batches",
    "W10": "opening",
    "W11": "opened",
    "W12": "editor",
    "W13": "logs",
    "W14": "graph",
    "W15": "watched",
    "W16": "journal",
    "W17": "debugging",
    "W18": "resume",
    "W19": "serving",
    "W20": "stopped",
}


def main() -> int:
    """Measure, print, and give back 0 if every bar was kept, else 1."""
    options = arguments()
    lines: list[str] = []
    for workload in options.only or WORKLOADS:
        module = WORKLOADS[workload]
        print(f"{workload} {module} ...", file=sys.stderr)
        ran = subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], stdout=subprocess.PIPE, text=True)
        if ran.returncode:
            return ran.returncode
        lines += ran.stdout.splitlines()
        if options.json is None:
            print(ran.stdout, end="", flush=True)
    if options.json is not None:
        options.json.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    figures = [json.loads(line) for line in lines]
    print(f"\n{table(figures)}", file=sys.stderr if options.json is None else sys.stdout)
    if options.table is not None:
        replace_table(options.table, figures)
    return int(any(figure["within"] is False for figure in figures))


def replace_table(page: Path, figures: list[dict[str, Any]]) -> None:
    """Put figures into the table between the markers of a Markdown file; workloads that weren't measured keep theirs.

    Raises ValueError if the file has no markers.
    """
    before, start, rest = page.read_text(encoding="utf-8").partition("<!-- benchmarks -->\n")
    old, end, after = rest.partition("<!-- /benchmarks -->")
    if not start or not end:
        raise ValueError(f"{page} has no line `<!-- benchmarks -->` with a `<!-- /benchmarks -->` after it")
    measured = {figure["workload"] for figure in figures}
    kept = [row for row in rows_in(old) if row[0] not in measured]
    page.write_text(f"{before}{start}{table(figures, kept)}\n{end}{after}", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the engine: JSON lines on stdout, a table on stderr. Exits with 1 if a bar is missed.",
    )
    parser.add_argument(
        "--only", action="append", choices=WORKLOADS, metavar="W1", help="run this workload alone; repeatable"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON lines to FILE, the table to stdout")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="put the rows into the table of FILE, between its markers"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
