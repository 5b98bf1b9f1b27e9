"""The tasks of this project."""

from __future__ import annotations

from typing import Any

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("Greet")
    def greet(name: str) -> dict[str, Any]:
        """Greet somebody.

        Args:
            name: Who is greeted.

        Returns:
            Dict with 'text' and 'letters'
        """
        text = f"Hello, {name}!"
        return {"text": text, "letters": len(text)}

    return registry
