"""What clients are answered: plain data as JSON, results with the status that fits them."""

from __future__ import annotations

from json import dumps
from typing import Any

from starlette.responses import Response

from flowlang.runtime.result import FlowResult


class JSON(Response):
    """Plain data as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def answer(result: FlowResult) -> dict[str, Any]:
    """A result as a client gets it; with `problems` where the inputs don't fit."""
    told = result.to_dict()
    if _is_invalid(result):
        told["problems"] = list(getattr(result.error and result.error.exception, "problems", ()) or [str(result.error)])
    return told


def status_of(result: FlowResult) -> int:
    """The HTTP status for a result."""
    if result.success:
        return 200
    if result.cancelled:
        return 409
    return 422 if _is_invalid(result) else 500


def _is_invalid(result: FlowResult) -> bool:
    return result.error is not None and result.error.phase == "inputs"
