"""The tasks of this project: what the flow does that no built-in task can."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from flowlang import TaskRegistry

HERE = Path(__file__).parent
REGIONS = {"north", "south", "east", "west"}
RATES = {"USD": 1.09, "GBP": 0.85, "SEK": 11.2}


class RateServiceBusy(Exception):
    """The exchange rates cannot be had right now."""


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("ReadOrders")
    def read_orders(path: str) -> dict[str, Any]:
        """Read the rows of a CSV file.

        Args:
            path: The file; a relative path starts beside flow.py.

        Returns:
            Dict with 'rows' (one map for each, with its `line`) and 'count'
        """
        with (HERE / path).open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = [{"line": reader.line_num, **row} for row in reader]
        return {"rows": rows, "count": len(rows)}

    @registry.register("ValidateOrders")
    def validate_orders(rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Part good rows, ready for the database, from bad ones.

        Args:
            rows: Rows as `ReadOrders` gives them.

        Returns:
            Dict with 'good' and 'rejected'
        """
        good, rejected = [], []
        for row in rows:
            try:
                good.append(order_of(row))
            except ValueError as error:
                rejected.append({"line": row["line"], "order_id": row["order_id"], "reason": str(error)})
        return {"good": good, "rejected": rejected}

    @registry.register("FetchRate")
    async def fetch_rate(currency: str, context: Any) -> dict[str, Any]:
        """Ask for the exchange rate of the euro. Fails at the first attempt, to show what a retry does.

        Args:
            currency: Three letters.

        Returns:
            Dict with 'value'
        """
        if context.attempt == 1:
            raise RateServiceBusy("the rate service is busy, try again in a moment")
        return {"value": RATES[currency]}

    @registry.register("Log")
    def log(message: str, context: Any) -> None:
        """Tell something to whoever watches the run.

        Args:
            message: What to tell.
        """
        context.log(message)

    return registry


def order_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the file as a row of the database. Raises ValueError that says what is wrong with it."""
    if not row["customer"]:
        raise ValueError("the customer is missing")
    if row["region"] not in REGIONS:
        raise ValueError(f"there is no region {row['region']!r}")
    if not row["quantity"].isdigit() or int(row["quantity"]) == 0:
        raise ValueError(f"{row['quantity']!r} is no quantity")
    try:
        unit_cents = round(float(row["unit_price"]) * 100)
    except ValueError:
        raise ValueError(f"{row['unit_price']!r} is no price") from None
    return {
        "order_id": row["order_id"],
        "ordered_on": row["ordered_on"],
        "customer": row["customer"],
        "region": row["region"],
        "product": row["product"],
        "quantity": int(row["quantity"]),
        "unit_cents": unit_cents,
    }
