"""The task of this project: what the flow does that no built-in task can."""

from __future__ import annotations

from typing import Any

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("PlanPurchase")
    def plan_purchase(products: list[dict[str, Any]]) -> dict[str, Any]:
        """Say how much of each product to order, in whole cases.

        Args:
            products: Rows with `sku`, `stock`, `on_order`, `minimum`, `waited_for` and `case_size`.

        Returns:
            Dict with 'changes' (for the table) and 'lines' (for people)
        """
        changes, lines = [], []
        for product in products:
            missing = product["minimum"] + product["waited_for"] - product["stock"] - product["on_order"]
            cases = -(-missing // product["case_size"])
            pieces = cases * product["case_size"]
            changes.append({"sku": product["sku"], "on_order": product["on_order"] + pieces})
            lines.append(f"{cases} × {product['case_size']} {product['sku']}")
        return {"changes": changes, "lines": lines}

    return registry
