"""The tasks of this project: what a query cannot do."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from flowlang import TaskRegistry

HERE = Path(__file__).parent


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("ExtractRows")
    def extract_rows(path: str) -> dict[str, Any]:
        """Read the rows of a CSV file.

        Args:
            path: The file; a relative path starts beside flow.py.

        Returns:
            Dict with 'rows' and 'count'
        """
        with (HERE / path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {"rows": rows, "count": len(rows)}

    @registry.register("TransformRows")
    def transform_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Part good rows from bad ones, and bring the good ones into the form of the table.

        Args:
            rows: Rows as `ExtractRows` gives them.

        Returns:
            Dict with 'good' and 'rejected'
        """
        good, rejected = [], []
        for row in rows:
            if "@" not in row["email"]:
                rejected.append({"name": row["name"], "reason": "no address"})
            elif not row["born"].isdigit():
                rejected.append({"name": row["name"], "reason": "no year of birth"})
            else:
                good.append({"email": row["email"].lower(), "name": row["name"], "born": int(row["born"])})
        return {"good": good, "rejected": rejected}

    return registry
