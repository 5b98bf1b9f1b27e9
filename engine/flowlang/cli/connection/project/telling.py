"""The outcome of a test, told."""

from __future__ import annotations

import sys

from flowlang.cli.printing import print_json, print_text
from flowlang.cli.terminal import Palette, inert
from flowlang.connections.probe import ProbeReport


def tell_report(name: str, report: ProbeReport, as_json: bool, outcome: str) -> int:
    """What came of a test whose stages were told already; gives back the exit code."""
    palette = Palette(sys.stdout)
    if as_json:
        print_json({"connection": name, "outcome": outcome, **report.to_dict()})
    elif report.failed is not None:
        print_text(palette.bad(inert(f"{name} {outcome}: {report.failed.stage} failed")))
    else:
        print_text(palette.good(inert(f"{name} {outcome}")))
    return int(not report.ok)
