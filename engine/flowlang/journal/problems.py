"""What stands in the way of going on with a recorded run, or is worth knowing before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flowlang.errors import JournalError

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedStep

#: What becomes of a step that was under way when the process died: it runs again; it is left out, its result null;
#: or somebody looks first whether it took effect.
Choice = Literal["retry", "skip", "verify"]

#: The choice for every such step, for each by its path or address, or asked when it is needed.
Choices = Choice | Mapping[str, Choice] | Callable[["RecordedStep"], Choice | None]

ProblemKind = Literal[
    "running",  # a living process runs it
    "finished",  # it came to a good end already
    "unknown",  # a step was under way when the process died
    "unrestorable",  # the value of a step is needed and the journal does not have it
    "input",  # a secret input has to be given again
    "unreached",  # the run never came to the step, or not in a way that can be taken up
    "changed",  # the flow's text or its tasks are no longer what they were
    "missing",  # the flow's file is gone
    "gap",  # the recording stopped before the run did
    "unwritable",  # the journal could not record what is done
    "lost",  # what steps left in memory is gone
    "undone",  # what steps did was undone: the run was in a sandbox
]


@dataclass(frozen=True, slots=True)
class ReplayProblem:
    """One thing to know before a recorded run is gone on with. A `blocking` one has to be dealt with first.

    `path` is that of the step, or the name of the input or file, that it is about; `step` the step as it was recorded,
    with the statements that it sent.
    """

    kind: ProblemKind
    message: str
    hint: str | None = None
    path: str | None = None
    blocking: bool = True
    step: RecordedStep | None = None

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}; {self.hint}"


class ReplayError(JournalError):
    """A recorded run cannot be gone on with as it was asked. `problems` are all that stand in the way."""

    def __init__(self, problems: Sequence[ReplayProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
