"""The tasks of this project: what talks to the service."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from flowlang import FlowExecutionError, TaskRegistry


class ServiceUnavailable(FlowExecutionError):
    """The service gave no answer, or is busy: another try may help."""


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that flow.yaml uses."""
    registry = TaskRegistry()

    @registry.register("FetchJson")
    def fetch_json(url: str, token: str = "") -> dict[str, Any]:
        """Fetch JSON from a service. A plain function like this one runs in a thread.

        Args:
            url: The address.
            token: Sent as a bearer token unless it is empty.

        Returns:
            Dict with 'body' and 'status'
        """
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            with urlopen(Request(url, headers=headers), timeout=15) as answer:
                return {"body": json.load(answer), "status": getattr(answer, "status", None) or 200}
        except HTTPError as error:
            kind = ServiceUnavailable if error.code == 429 or error.code >= 500 else FlowExecutionError
            raise kind(f"the service answered {error.code} {error.reason}") from error
        except URLError as error:
            raise ServiceUnavailable(f"the service cannot be reached: {error.reason}") from error
        except ValueError as error:
            raise FlowExecutionError("the service's answer is no JSON", hint="check `url`") from error

    @registry.register("SelectOrders")
    def select_orders(orders: list[dict[str, Any]], smallest: float) -> dict[str, Any]:
        """Keep the orders that are large enough.

        Args:
            orders: The orders, each with its `total`.
            smallest: The least total.

        Returns:
            Dict with 'orders' and 'total'
        """
        kept = [order for order in orders if order["total"] >= smallest]
        return {"orders": kept, "total": sum(order["total"] for order in kept)}

    @registry.register("HandOn")
    async def hand_on(order: dict[str, Any]) -> dict[str, Any]:
        """Hand an order on. Write here what is to be done with it.

        Args:
            order: The order.

        Returns:
            Dict with 'receipt'
        """
        return {"receipt": f"{order['customer']}-{order['id']}"}

    return registry
