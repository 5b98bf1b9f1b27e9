"""The pins of a project's flows, as its runs in the workbench use them. It knows no widget."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang import FlowLangError, FlowValidationError
from flowlang.runtime.paths import address_of
from flowlang_tui.session.launch import Launch
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepCall, StepRecord
from flowlang_tui.session.tasks import ProjectTasks

if TYPE_CHECKING:
    from flowlang.debugger.pins import Pin, PinFile
    from flowlang.journal import RecordedRun
    from flowlang.runtime.interception import Interceptor

_Stamp = tuple[int, int]
_ENDING: Final = ".pins.yaml"


class Pinning:
    """Which steps are pinned, and whether runs of the workbench use that."""

    def __init__(self, tasks: ProjectTasks) -> None:
        #: Whether runs use pins. One switch for all flows.
        self.on = True
        self._tasks = tasks
        self._known: dict[Path, tuple[_Stamp, PinFile]] = {}

    def file(self, flow: Path) -> PinFile | None:
        """The pins of a flow, not checked against it; None if it has none."""
        path = flow.with_name(f"{flow.stem}{_ENDING}")
        try:
            status = os.stat(path)
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._known.get(flow)
        if known is None or known[0] != stamp:
            from flowlang.debugger.pins import read_pins

            known = self._known[flow] = (stamp, read_pins(flow))
        return known[1]

    @staticmethod
    def flow_of(path: Path) -> Path | None:
        """The flow that a pins file belongs to; None if the file is none."""
        name = path.name.removesuffix(_ENDING)
        return None if name == path.name else path.with_name(f"{name}.yaml")

    def active(self, flow: Path | None) -> frozenset[str]:
        """The addresses of the steps that the next run of a flow will not run."""
        file = None if flow is None or not self.on else self.file(flow)
        return frozenset() if file is None else frozenset(address_of(pin.address) for pin in file.enabled)

    def attach(self, launch: Launch) -> Interceptor | None:
        """What answers for pinned steps in a run. Called in the checker's thread.

        Raises FlowValidationError for pins that don't fit the flow.
        """
        file = self.file(launch.path) if self.on else None
        if file is None:
            return None
        from flowlang.debugger.pins import Pins, check_pins

        loaded = self._tasks.of(launch.path.parent).preparer.load(launch.path, launch.path.parent)
        problems = file.problems if loaded.plan is None else check_pins(file, loaded.plan, loaded.catalog)
        if any(problem.severity == "error" for problem in problems):
            raise FlowValidationError(problems)
        return Pins(file.enabled) if file.enabled else None

    def pin(self, flow: Path, pin: Pin) -> None:
        """Write a pin into the flow's file. Raises FlowLangError for what can't be pinned."""
        from flowlang.debugger import pin_edit

        pin_edit.pin(flow, pin)

    def unpin(self, flow: Path, address: str) -> list[str]:
        """Take the pins of a step, of all its iterations, out of the flow's file; their addresses."""
        from flowlang.debugger import pin_edit

        file = self.file(flow)
        found = [] if file is None else [name for name in file.pins if address_of(name) == address]
        for name in found:
            pin_edit.unpin(flow, name)
        return found


def sandboxed(launch: Launch) -> Interceptor | None:
    """What undoes what a run did, if it is to be a sandbox run."""
    if not launch.sandbox:
        return None
    from flowlang.debugger.sandbox import Sandbox

    return Sandbox()


def pin_of(record: RunRecord, step: StepRecord, call: StepCall, recorded: RecordedRun | None) -> Pin:
    """A pin that gives what a call of a step gave, or fails as it did.

    From the journal's record, where there is one, with its types; else as it was shown. The latest call stands for
    every iteration of the loops around it, an earlier one for its own. Raises FlowLangError for what can't be pinned.
    """
    from flowlang.debugger.pins import Pin, PinnedError

    address = step.address if call is step.last else call.path
    if call.status == "failed":
        error: Mapping[str, Any] = call.error or {}
        mocked = PinnedError(_class_name(error.get("type")), str(error.get("message", "")))
        return Pin(address, error=mocked, run=record.run_id)
    if call.status != "succeeded":
        raise FlowLangError(f"`{call.path}` has nothing to pin: it is {call.status}")
    outputs = call.outputs
    found = [] if recorded is None else [one for one in recorded.steps() if one.path == call.path]
    if found:
        latest = found[-1]
        if not latest.restorable:
            raise FlowLangError(f"`{call.path}` cannot be pinned: {latest.why_not}")
        outputs = latest.outputs
    return Pin(address, outputs, True, run=record.run_id)


def _class_name(kind: Any) -> str:
    return kind if isinstance(kind, str) and re.fullmatch(r"[^\W\d]\w*", kind) else "FlowExecutionError"
