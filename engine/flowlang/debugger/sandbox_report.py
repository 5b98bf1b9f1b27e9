"""What a sandbox run did, step by step, and what of that could not be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flowlang.connections.base import ROWS_TOLD, Change

#: So many executions of steps are told one by one; those after them by the step.
STEPS_TOLD: Final = 500


@dataclass(slots=True)
class StepEffects:
    """What one step changed. `path` is that of its execution, or the address of several."""

    path: str
    connection: str | None
    changes: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Take up a change, together with those of its kind."""
        for place, known in enumerate(self.changes):
            if (known.kind, known.table, known.what) == (change.kind, change.table, change.what):
                rows = (*known.rows, *change.rows)[:ROWS_TOLD]
                self.changes[place] = known._replace(affected=known.affected + change.affected, rows=rows)
                return
        self.changes.append(change)


@dataclass(slots=True)
class Remaining:
    """Something that stays, in words, and the steps that it comes from."""

    what: str
    steps: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SandboxReport:
    """What a sandbox run did. `connections` are the names of those on which everything was undone."""

    connections: list[str] = field(default_factory=list)
    steps: list[StepEffects] = field(default_factory=list)
    lasting: list[Remaining] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """The report as plain data; values are masked by whoever tells them."""
        return {
            "connections": list(self.connections),
            "steps": [
                {"path": step.path, "connection": step.connection, "changes": [_data_of(one) for one in step.changes]}
                for step in self.steps
            ],
            "lasting": [{"what": one.what, "steps": list(one.steps)} for one in self.lasting],
        }


def report_lines(report: Mapping[str, Any], cell: Callable[[Any], str], *, rows: int = 3) -> list[str]:
    """A report, as an event tells it, in words; `cell` writes a value on one line. Of each change so many `rows`."""
    names = ", ".join(report["connections"])
    lines = [f"sandbox: everything on {names} was undone" if names else "sandbox: no connection was opened"]
    for step in report["steps"]:
        lines.append(f"  {step['path']}: {', '.join(map(_summary, step['changes']))}")
        for change in step["changes"]:
            lines += [f"    {line}" for line in _rows(change, cell, rows)]
    if names and not report["steps"]:
        lines.append("  no step changed anything there")
    if report["lasting"]:
        lines.append("not undone:")
    for one in report["lasting"]:
        steps = f" ({', '.join(_first(one['steps'], 5))})" if one["steps"] else ""
        lines.append(f"  {one['what']}{steps}")
    return lines


_DONE: Final = {"insert": "inserted into", "update": "changed in", "delete": "deleted from"}


def _summary(change: Mapping[str, Any]) -> str:
    if change["kind"] == "other":
        return str(change["what"]) if change["count"] == 1 else f"{change['what']} {change['count']} times"
    number = "1 row" if change["count"] == 1 else f"{change['count']} rows"
    done = _DONE[change["kind"]]
    return f"{number} {done} {change['table']}" if change["table"] else f"{number} {done.split()[0]}"


def _rows(change: Mapping[str, Any], cell: Callable[[Any], str], most: int) -> Iterator[str]:
    shown = change["rows"][:most]
    for row in shown:
        before, after = row["before"], row["after"]
        sign = "+" if change["kind"] == "insert" else "-" if change["kind"] == "delete" else "~"
        yield f"{sign} {', '.join(_cells(before, after, change['key'], cell))}"
    if shown and change["count"] > len(shown):
        yield f"… {change['count'] - len(shown)} more"


def _cells(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, key: Iterable[str], cell: Callable[[Any], str]
) -> Iterator[str]:
    if before is None or after is None:
        for name, value in (after or before or {}).items():
            yield f"{name} {cell(value)}"
        return
    named = [name for name in key if name in after]
    for name in named:
        yield f"{name} {cell(after[name])}"
    for name, value in after.items():
        if before.get(name) != value:
            yield f"{name} {cell(before.get(name))} → {cell(value)}"


def _first(names: list[str], most: int) -> list[str]:
    return names if len(names) <= most else [*names[:most], f"… {len(names) - most} more"]


def _data_of(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "table": change.table,
        "count": change.affected,
        "rows": [{"before": row.before, "after": row.after} for row in change.rows],
        "key": list(change.key),
        "what": change.what,
    }
