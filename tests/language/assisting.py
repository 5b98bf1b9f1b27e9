"""A project with tasks and connections, and texts with a `|` where the cursor is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowlang import TaskRegistry
from flowlang.connections.discovery import Plugins
from flowlang.language.assist import Analysis, Completion, analyse, complete
from flowlang.runtime.catalog import ProjectCatalog

PLUGINS = Plugins()


def read_orders(path: str, limit: int = 10, strict: bool = False) -> dict[str, Any]:
    """Read the orders of a file.

    Args:
        path: The file
        limit: How many rows at most
        strict: Whether a bad row is an error

    Returns:
        rows: The orders
        count: How many there are
    """
    return {"rows": [], "count": 0}


def send_mail(to: str, text: str) -> dict[str, Any]:
    """Send a mail."""
    return {"sent": True}


def registry() -> TaskRegistry:
    tasks = TaskRegistry()
    tasks.register("ReadOrders", read_orders)
    tasks.register("SendMail", send_mail)
    return tasks


def analysed(text: str, folder: Path | None = None, **about: Any) -> Analysis:
    """The analysis of a text, as that of a `flow.yaml` in `folder`."""
    path = None if folder is None else folder / "flow.yaml"
    return analyse(text, path, ProjectCatalog(registry(), PLUGINS), **about)


def cursor(marked: str) -> tuple[str, int, int]:
    """The text without its `‸`, and the line and column where that was."""
    position = marked.index("‸")
    before = marked[:position]
    return before + marked[position + 1 :], before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def completions(
    marked: str, folder: Path | None = None, *, before: str | None = None, **about: Any
) -> list[Completion]:
    """What is offered at the `‸`; `before` is an earlier text that the analysis is of."""
    text, line, column = cursor(marked)
    return complete(analysed(text if before is None else before, folder, **about), text, line, column)


def labels(marked: str, folder: Path | None = None, **about: Any) -> list[str]:
    return [one.label for one in completions(marked, folder, **about)]


def by_label(found: list[Completion]) -> Mapping[str, Completion]:
    return {one.label: one for one in reversed(found)}


def completed(marked: str, label: str, folder: Path | None = None, **about: Any) -> str:
    """The text after a completion was chosen, with `‸` where the cursor is then."""
    text, _, _ = cursor(marked)
    chosen = by_label(completions(marked, folder, **about))[label]
    at = len(chosen.insert) if chosen.cursor is None else chosen.cursor
    lines = text.split("\n")
    assert chosen.start[0] == chosen.end[0]
    line = lines[chosen.start[0] - 1]
    inserted = chosen.insert[:at] + "‸" + chosen.insert[at:]
    lines[chosen.start[0] - 1] = line[: chosen.start[1] - 1] + inserted + line[chosen.end[1] - 1 :]
    return "\n".join(lines)
