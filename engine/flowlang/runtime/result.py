"""What comes out of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from flowlang.redaction import Redactor
from flowlang.runtime.failure import ErrorInfo
from flowlang.runtime.frame import StepState

Status = Literal["succeeded", "failed", "cancelled", "terminated"]

_FIELDS = (
    "success",
    "outputs",
    "error",
    "error_type",
    "status",
    "terminated",
    "reason",
    "cancelled",
    "run_id",
    "duration_ms",
)


class FlowResult(Mapping[str, Any]):
    """The outputs of a run as a mapping, and how it ended.

    The fields (`success`, `error`, …) are readable as keys too, where no output has that name. `status` is
    `terminated` when an `exit` step ended the flow well. `to_dict` and `repr` mask secrets; the outputs
    themselves are the flow's own values.
    """

    def __init__(
        self,
        flow: str,
        run_id: str,
        status: Status,
        outputs: dict[str, Any],
        *,
        error: ErrorInfo | None = None,
        reason: Any = None,
        terminated: bool = False,
        duration_ms: float = 0.0,
        states: Mapping[str, StepState] | None = None,
        redactor: Redactor | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        self.flow = flow
        self.run_id = run_id
        self.status: Status = status
        self.outputs = outputs
        self.error = error
        self.reason = reason
        self.terminated = terminated
        self.duration_ms = duration_ms
        #: What the run's interceptors have to say of it besides: pins that were used, what a sandbox undid.
        self.told: Mapping[str, Any] = told or {}
        self._states = states or {}
        self._redactor = redactor or Redactor()

    @property
    def success(self) -> bool:
        """Whether the flow did what it was meant to: it ran to its end, or an `exit` ended it well."""
        return self.status in ("succeeded", "terminated")

    @property
    def cancelled(self) -> bool:
        """Whether the run was stopped from outside."""
        return self.status == "cancelled"

    @property
    def error_type(self) -> str | None:
        """Class name of the error, or None."""
        return None if self.error is None else str(self.error["type"])

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Every step that was reached: `{id, status, duration_ms, attempts}`; one in a loop as it was last."""
        return [
            {"id": id, "status": state.status, "duration_ms": state.duration_ms, "attempts": state.attempts}
            for id, state in self._states.items()
            if state.status != "pending"
        ]

    def raise_for_error(self) -> FlowResult:
        """Raise the original exception of a failed run; give back the result of any other."""
        if self.error is not None:
            raise self.error.exception
        return self

    def __getitem__(self, key: str) -> Any:
        if key in self.outputs:
            return self.outputs[key]
        if key in _FIELDS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)

    def __contains__(self, key: object) -> bool:
        return key in self.outputs

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data with secrets masked: what `--output json` prints."""
        redact = self._redactor
        return {
            "flow": self.flow,
            "run_id": self.run_id,
            "success": self.success,
            "status": self.status,
            "outputs": redact(self.outputs),
            "error": None if self.error is None else self.error.masked(redact),
            "error_type": self.error_type,
            "reason": redact(self.reason),
            "duration_ms": self.duration_ms,
            "steps": self.steps,
            **{name: redact(value) for name, value in self.told.items()},
        }

    def __repr__(self) -> str:
        shown = f"<FlowResult of {self.flow}: {self.status}"
        if self.error is not None:
            shown += f", {self.error_type}: {self._redactor.text(str(self.error))}"
        return f"{shown}, outputs {self._redactor(self.outputs)}>"
