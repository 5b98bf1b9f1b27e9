"""Counters in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from flowlang.server.executions import Executions


def metrics(executions: Executions) -> str:
    """What the server has done since it began."""
    lines = [
        *_family("flowlang_executions_running", "gauge", "Runs that are under way.", [("", executions.running)]),
        *_family(
            "flowlang_executions_total",
            "counter",
            "Runs that are over, by flow and ending.",
            [
                (f'{{flow="{_escaped(flow)}",status="{status}"}}', count)
                for (flow, status), count in sorted(executions.counts.items())
            ],
        ),
        *_family(
            "flowlang_execution_seconds_total",
            "counter",
            "Seconds that runs took, by flow.",
            [(f'{{flow="{_escaped(flow)}"}}', round(took, 6)) for flow, took in sorted(executions.seconds.items())],
        ),
    ]
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, help: str, samples: Iterable[tuple[str, float]]) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{labels} {value}" for labels, value in samples)]


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
