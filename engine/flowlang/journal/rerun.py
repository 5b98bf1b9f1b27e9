"""Running a part of a recorded run again, as a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowlang.journal.continuing import Continuation
from flowlang.journal.places import Level, Place, parts_of, relation
from flowlang.journal.problems import ReplayProblem
from flowlang.journal.records import How, Origin
from flowlang.journal.replay import Script, Turn
from flowlang.journal.standing import Standing
from flowlang.language.diagnostics import nearest
from flowlang.language.model import ExitStep, Step, TaskStep
from flowlang.language.order import dependencies

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.recording import RunRecorder

_LOOPS = ("for_each", "while")


class Rerun(Continuation):
    """A recorded run about to be run again from a step: what came before it is taken from the journal.

    `from_step` and `until` are paths: `ship`, `orders[3]/ship` in the fourth iteration, `invoice/send` in a subflow.
    `only` runs that one step and ends; `until` ends after its step; without `from_step` all runs up to there.
    `outputs` are results, by path, that stand for the recorded ones. `inputs` are put over the recorded ones; those
    that are secret have to be given. With `as_it_was` the flow's text is the one that ran. `how` is noted as the new
    run's origin.
    """

    def __init__(
        self,
        journal: Journal,
        run_id: str,
        *,
        from_step: str | None = None,
        only: bool = False,
        until: str | None = None,
        outputs: Mapping[str, Any] | None = None,
        as_it_was: bool = False,
        inputs: Mapping[str, Any] | None = None,
        how: How = "rerun",
    ) -> None:
        if only and from_step is None:
            raise ValueError("`only` needs `from_step`: the step to run")
        super().__init__(journal, run_id, inputs, as_it_was)
        self.from_step = from_step
        self.only = only
        self.until = until
        self.outputs = outputs or {}
        self.how: How = how

    @property
    def summary(self) -> str:
        """What is about to happen: `41 steps from the journal, 12 will run`."""
        if not self.only:
            return super().summary
        counted = super().summary.partition(",")[0]
        return f"{counted}, 1 will run"

    @property
    def _run_id(self) -> str | None:
        return None

    def _new_recorder(self) -> RunRecorder:
        return self.journal.recorder(Origin(self.run.run_id, self.how, self.from_step))

    def _written(self) -> Script:
        until = self.until
        start = None if self.from_step is None else self._placed(self.from_step)
        if until is not None and not self.only:
            end = self._placed(until)
            if start is not None and end is not None and relation(until, end[1], *start) == "before":
                message = f"`{until}` comes before `{start[0]}`, so there is nothing to run"
                self._note(ReplayProblem("unreached", message, None, until))
        turns = {} if start is None else self._upstream(*start)
        if start is not None:
            self._look_upstream(*start, turns)
        return self._script_of(
            turns,
            turns if start is None else (*turns, start[0]),
            given=self.outputs,
            until=start[0] if self.only and start is not None else until,
            only=self.only,
        )

    def _placed(self, path: str) -> tuple[str, Place] | None:
        """A path that names an iteration of every loop, the first one where none is said, and its place."""
        place = self.places.find(path)
        if place is None:
            paths = [*self.standing, *(step.id for step in self.places.flow.walk())]
            near = nearest(path, paths)
            hint = None if near is None else f"did you mean `{near}`?"
            self._note(ReplayProblem("unreached", f"the flow has no step `{path}`", hint, path))
            return None
        pieces: list[str] = []
        parts = parts_of(path) or []
        for number, part in enumerate(parts):
            around = self.places.find("/".join([*pieces, part.id]))
            loops = around is not None and around.step.kind in _LOOPS and number < len(parts) - 1
            pieces.append(f"{part.id}[{part.iteration or 0}]" if loops else part.id)
        return "/".join(pieces), place

    def _upstream(self, path: str, place: Place) -> dict[str, Turn]:
        """What becomes of each execution that doesn't come after the step."""
        turns: dict[str, Turn] = {}
        unrestorable: list[tuple[str, Standing]] = []
        for name, known in self.standing.items():
            how = relation(name, known.place, path, place)
            if how not in ("before", "beside", "around"):
                continue
            known.open = how == "around"
            turn = self._turn(name, known)
            if turn is None and isinstance(known.place.step, TaskStep) and known.record.status == "succeeded":
                turn = Turn("answer", known.record)
                if not known.record.restorable:
                    unrestorable.append((name, known))
            if turn is not None and not (known.open and turn.action == "answer"):
                turns[name] = turn
        for name, known in unrestorable:
            if name not in self.outputs and self._is_needed(known.place, set(turns)):
                message = f"the result of `{name}` is needed, and the journal doesn't have it: {known.record.why_not}"
                hint = "give its result in `outputs`, or run again from it"
                self._note(ReplayProblem("unrestorable", message, hint, name, step=known.record))
        return turns

    def _look_upstream(self, path: str, place: Place, turns: Mapping[str, Turn]) -> None:
        """Note what comes before the step and has no result: it would run, though it is upstream."""
        pieces = path.split("/")
        for number, level in enumerate(place.levels):
            prefix = "".join(f"{piece}/" for piece in pieces[: level.depth])
            for step in _before(level):
                if not isinstance(step, ExitStep) and not self._has_result(prefix + step.id, turns):
                    self._note(
                        ReplayProblem(
                            "unreached",
                            f"`{prefix}{step.id}`, which comes before `{path}`, has no result in run {self.run.run_id}",
                            f"run again from `{prefix}{step.id}`, or give its result in `outputs`",
                            prefix + step.id,
                        )
                    )
            around = level.siblings[level.position]
            holder = prefix + around.id
            if number < len(place.levels) - 1 and holder not in turns:
                message = f"run {self.run.run_id} did not come to `{holder}`, inside which `{path}` would run"
                self._note(ReplayProblem("unreached", message, f"run again from `{holder}`", holder))

    def _has_result(self, path: str, turns: Mapping[str, Turn]) -> bool:
        if path in self.outputs:
            return True
        turn = turns.get(path)
        if turn is None or turn.record.terminated:
            return False
        return turn.action == "answer" or turn.record.status == "succeeded"


def _before(level: Level) -> list[Step]:
    """The steps of a list that have to be done before the one at the level's position."""
    if not level.at_once:
        return list(level.siblings[: level.position])
    waits_for = dependencies(level.siblings)
    if waits_for is None:
        return []
    found: set[int] = set()
    waiting = [level.position]
    while waiting:
        for index in waits_for[waiting.pop()] - found:
            found.add(index)
            waiting.append(index)
    return [level.siblings[index] for index in sorted(found)]
