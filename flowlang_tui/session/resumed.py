"""What has to be known, and may be chosen, before a run goes on that ended before its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flowlang.journal import Journal, RunSummary
    from flowlang.journal.problems import Choice, ReplayProblem
    from flowlang.journal.resuming import Resumption

#: Problems that a choice for the step deals with, and those that a value does.
CHOSEN: Final = frozenset({"unknown", "unrestorable"})
GIVEN: Final = frozenset({"input"})


@dataclass(frozen=True, slots=True, eq=False)
class Resumed:
    """How a run is to go on. `choices` are what becomes of single steps, by path; `inputs` are secret ones again."""

    run_id: str
    choices: Mapping[str, Choice] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    as_it_was: bool = False

    def replay(self, journal: Journal) -> Resumption:
        """What runs. Reads the journal; raises JournalError for a run that is not there."""
        from flowlang.journal.resuming import Resumption

        return Resumption(
            journal, self.run_id, inputs=self.inputs, on_unknown=dict(self.choices), as_it_was=self.as_it_was
        )


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What going on with a run would mean: a sentence, and what is to be dealt with or known before."""

    run: RunSummary
    words: str
    problems: tuple[ReplayProblem, ...]

    @classmethod
    def of(cls, journal: Journal, resumed: Resumed) -> Prospect:
        """Look at a run as it would go on. Takes its time."""
        resumption = resumed.replay(journal)
        return cls(resumption.run.summary, resumption.summary, tuple(resumption.problems))

    @property
    def open_steps(self) -> list[ReplayProblem]:
        """The steps for which somebody has to choose."""
        return [one for one in self.problems if one.blocking and one.kind in CHOSEN]

    @property
    def open_inputs(self) -> list[str]:
        """The names of the secret inputs that have to be given again."""
        return [one.path for one in self.problems if one.blocking and one.kind in GIVEN and one.path]

    @property
    def walls(self) -> list[ReplayProblem]:
        """What stands in the way and no choice here deals with."""
        return [one for one in self.problems if one.blocking and one.kind not in CHOSEN | GIVEN]

    @property
    def has_changed(self) -> bool:
        """Whether the flow or its tasks are no longer what they were."""
        return any(one.kind == "changed" for one in self.problems)

    @property
    def notes(self) -> list[ReplayProblem]:
        """What is worth knowing."""
        return [one for one in self.problems if not one.blocking]
