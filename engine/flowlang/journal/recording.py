"""Writing down a run while it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan
    from flowlang.runtime.run import Run


class RunRecorder:
    """Records one run. `run_id` is known once it has begun; `problem` says why recording stopped, if it did."""

    run_id: str | None = None
    problem: str | None = None

    def begin(self, run: Run, plan: Plan, given: Mapping[str, Any]) -> None:
        """The run begins."""
        self.run_id = run.run_id

    def hear(self, event: Any, raw: Any) -> None:
        """Write an event down; it is in the kernel's hands when this returns."""

    async def end(self) -> None:
        """The run is over."""
