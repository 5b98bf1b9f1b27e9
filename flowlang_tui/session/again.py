"""What somebody may choose when a recorded run is run again, or goes on: from where, with which values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from flowlang.values import plain, to_json
from flowlang_tui.session.inputs import InputsError

if TYPE_CHECKING:
    from flowlang.journal import Journal, RecordedRun, RecordedStep
    from flowlang.journal.rerun import Rerun

Extent = Literal["from", "only", "until", "whole"]

EXTENTS: Final[dict[Extent, str]] = {
    "from": "this step and all after it",
    "only": "only this step",
    "until": "up to this step",
    "whole": "the whole flow, from its start",
}

#: Outputs longer than this are not put into a form.
_LONGEST: Final = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """How a recorded run is to be run again. `outputs` are given in place of recorded ones, by path."""

    run_id: str
    extent: Extent = "from"
    step: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    as_it_was: bool = False
    inputs: Mapping[str, Any] | None = None

    def replay(self, journal: Journal) -> Rerun:
        """What runs. Reads the journal; raises JournalError for a run that is not there."""
        from flowlang.journal.rerun import Rerun

        step = self.step or None
        return Rerun(
            journal,
            self.run_id,
            from_step=step if self.extent in ("from", "only") else None,
            only=self.extent == "only",
            until=step if self.extent == "until" else None,
            outputs=self.outputs,
            as_it_was=self.as_it_was,
            inputs=self.inputs,
        )


class Recording:
    """A recorded run as the form asks about it: its steps by path."""

    def __init__(self, run: RecordedRun) -> None:
        self.run = run
        self._steps: dict[str, RecordedStep] = {step.path: step for step in run.steps()}

    @property
    def paths(self) -> list[str]:
        """The paths of all steps, in the order in which they began."""
        return list(self._steps)

    @property
    def statuses(self) -> dict[str, str]:
        """How each step ended, by path."""
        return {path: step.status for path, step in self._steps.items()}

    def problem_of(self, path: str) -> str:
        """What is wrong with a path, or nothing."""
        if path in self._steps:
            return ""
        from difflib import get_close_matches

        near = get_close_matches(path, self._steps, 1)
        hint = f"; there is {near[0]}" if near else ""
        return f"the run has no step {path}{hint}" if path else "which step? its path is missing"

    def output_text(self, path: str) -> str:
        """The recorded output of a step as JSON to be edited, with tags for what JSON has no type for."""
        from flowlang.exact import encode

        step = self._steps.get(path)
        if step is None or step.status not in ("succeeded", "failed"):
            return ""
        text, _ = encode(step.outputs, plain(step.outputs), lambda value: value)
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if len(text) <= _LONGEST else to_json(None)


def read_output(text: str) -> Any:
    """What was typed as a step's output. Raises InputsError that says where it is no JSON."""
    from flowlang.exact import decode

    try:
        return decode(json.loads(text)).value
    except json.JSONDecodeError as error:
        raise InputsError(f"this is not JSON: {error.msg}, line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise InputsError("this nests too deeply") from error
    except ValueError as error:
        raise InputsError(f"this cannot be read: {error}") from error
