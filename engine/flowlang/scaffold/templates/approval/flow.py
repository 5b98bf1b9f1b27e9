"""The tasks of this project."""

from __future__ import annotations

import logging
from typing import Any

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("Log")
    def log(message: str) -> dict[str, Any]:
        """Write a line into the log.

        Args:
            message: The line.

        Returns:
            Dict with 'message'
        """
        logging.getLogger("approval").info(message)
        return {"message": message}

    return registry
