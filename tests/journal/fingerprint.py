"""One number for what a run did: the same for a run and its replay, wherever it is read from."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from flowlang.journal import RecordedRun


def fingerprint(run: RecordedRun) -> str:
    """The SHA-256 of what its steps got and gave, and of its result; when, and in which order branches ran, aside."""
    steps = sorted(
        json.dumps(
            [step.path, step.kind, step.status, step.handled, step.branch, step.length, step.inputs, step.outputs],
            default=repr,
        )
        for step in run.steps()
    )
    result: Any = [run.summary.status, run.inputs, run.outputs]
    return sha256(json.dumps([steps, result], default=repr).encode()).hexdigest()
