"""The tasks of this project: what the flow does that no built-in task can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowlang import TaskRegistry

HERE = Path(__file__).parent


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("ReadEvents")
    def read_events(path: str) -> dict[str, Any]:
        """Read events from a JSON file, and part those that can be applied from the others.

        Args:
            path: The file; a relative path starts beside flow.py.

        Returns:
            Dict with 'events' and 'rejected' (a sentence for each)
        """
        events, rejected = [], []
        entries = json.loads((HERE / path).read_text(encoding="utf-8"))
        for number, event in enumerate(entries, 1):
            if problem := problem_of(event):
                rejected.append(f"event {number}: {problem}")
            else:
                events.append(event)
        return {"events": events, "rejected": rejected}

    @registry.register("Log")
    def log(message: str, context: Any) -> None:
        """Tell something to whoever watches the run.

        Args:
            message: What to tell.
        """
        context.log(message)

    return registry


def problem_of(event: dict[str, Any]) -> str | None:
    """What is wrong with an event. A map where text belongs would be an operator of MongoDB in a filter."""
    wanted = {"kind", "review"}
    if event.get("kind") == "posted":
        wanted |= {"book", "reader", "stars", "text"}
    if event.get("kind") == "edited":
        wanted |= {"stars", "text"}
    if event.get("kind") == "liked":
        wanted |= {"reader"}
    if missing := sorted(wanted - event.keys()):
        return f"`{missing[0]}` is missing"
    for name in sorted(wanted - {"stars"}):
        if not isinstance(event[name], str):
            return f"`{name}` must be text"
    if "stars" in wanted and event["stars"] not in range(1, 6):
        return f"{event['stars']} stars are not between 1 and 5"
    return None
