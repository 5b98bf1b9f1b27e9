"""Running a part of a recorded run again, as a run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flowlang.journal.ancestry import with_those_inside
from flowlang.journal.continuing import Continuation, is_below, whole_calls
from flowlang.journal.places import Level, Part, Place, parts_of, relation
from flowlang.journal.problems import ReplayProblem
from flowlang.journal.records import Extent, How, Origin
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

    @cached_property
    def standing(self) -> dict[str, Standing]:
        """The recorded executions that count, with those inside of what the run itself had from the journal."""
        found = super().standing
        if self.from_step is None or self.places.find(self.from_step) is None:
            return found
        return with_those_inside(found, self.run, self._exact(self.from_step), self.journal, self.places)

    @property
    def _run_id(self) -> str | None:
        return None

    def _new_recorder(self) -> RunRecorder:
        script = self._script
        whole = script.until is None and not script.given
        extent = None if whole else Extent(script.until, script.only, script.given)
        return self.journal.recorder(Origin(self.run.run_id, self.how, self.from_step), extent=extent)

    def _written(self) -> Script:
        until = self.until
        start = None if self.from_step is None else self._placed(self.from_step)
        if until is not None and not self.only:
            end = self._placed(until)
            if start is not None and end is not None and relation(until, end[1], *start) == "before":
                message = f"`{until}` comes before `{start[0]}`, so there is nothing to run"
                self._note(ReplayProblem("unreached", message, None, until))
        turns = {} if start is None else self._upstream(*start)
        if turns and self.run.in_sandbox:
            message = "the run was in a sandbox: what the steps taken from the journal did to databases is undone"
            self._note(ReplayProblem("undone", message, blocking=False))
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
        return self._exact(path), place

    def _exact(self, path: str) -> str:
        """The path with an iteration of every loop."""
        pieces: list[str] = []
        parts = parts_of(path) or []
        for number, part in enumerate(parts):
            around = self.places.find("/".join([*pieces, part.id]))
            loops = around is not None and around.step.kind in _LOOPS and number < len(parts) - 1
            pieces.append(f"{part.id}[{part.iteration or 0}]" if loops else part.id)
        return "/".join(pieces)

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
        whole = whole_calls(turns)
        for name, known in unrestorable:
            passed = name in self.outputs or is_below(name, whole)
            if not passed and self._is_needed(name, known.place, turns):
                message = f"the result of `{name}` is needed, and the journal doesn't have it: {known.record.why_not}"
                hint = "give its result in `outputs`, or run again from it"
                self._note(ReplayProblem("unrestorable", message, hint, name, step=known.record))
        return turns

    def _look_upstream(self, path: str, place: Place, turns: Mapping[str, Turn]) -> None:
        """Note what comes before the step and has no result: it would run, though it is upstream."""
        pieces = path.split("/")
        for number, level in enumerate(place.levels):
            prefix = "".join(f"{piece}/" for piece in pieces[: level.depth])
            upstream = [prefix + step.id for step in _before(level) if not isinstance(step, ExitStep)]
            if level.block == "do" and level.depth and not level.iterations_at_once:
                upstream = [*_of_the_iteration_before(pieces[: level.depth], level), *upstream]
            missing = [one for one in upstream if not self._has_result(one, turns)]
            if missing:
                self._note_missing(missing[0], path)
                return
            holder = prefix + level.siblings[level.position].id
            inner = place.levels[number + 1 : number + 2]
            if inner and not self._leads_to(holder, inner[0].block, pieces, turns):
                message = f"run {self.run.run_id} did not come to `{path}`"
                self._note(ReplayProblem("unreached", message, f"run again from `{holder}`", path))
                return

    def _note_missing(self, missing: str, path: str) -> None:
        message = f"`{missing}`, which comes before `{path}`, has no result in run {self.run.run_id}"
        hint = f"run again from `{missing}`, or give its result in `outputs`"
        call = missing.rpartition("/")[0]
        if call in self.standing and self.standing[call].record.answered_by == "journal":
            hint = f"run again from `{call}`: the run in which its steps ran is no longer recorded here"
        self._note(ReplayProblem("unreached", message, hint, missing))

    def _leads_to(self, holder: str, block: str, pieces: Sequence[str], turns: Mapping[str, Turn]) -> bool:
        """Whether the run went into a block or call, by the branch or into the iteration that the path leads to."""
        turn = turns.get(holder)
        if turn is None or turn.action != "enter":
            return False
        if turn.record.kind in ("if", "switch") and block != "on_error" and turn.record.branch != block:
            return False
        part = (parts_of(pieces[holder.count("/")]) or [Part("", None)])[0]
        length = turn.record.length
        return part.iteration is None or length is None or part.iteration < length

    def _has_result(self, path: str, turns: Mapping[str, Turn]) -> bool:
        if path in self.outputs:
            return True
        turn = turns.get(path)
        if turn is None or turn.record.terminated:
            return False
        return turn.action == "answer" or turn.record.status == "succeeded"


def _of_the_iteration_before(pieces: Sequence[str], level: Level) -> list[str]:
    """The steps of the iteration before the one that a path goes into; none for the first."""
    (loop,) = parts_of(pieces[-1]) or [Part("", None)]
    if not loop.iteration:
        return []
    prefix = "".join(f"{piece}/" for piece in [*pieces[:-1], f"{loop.id}[{loop.iteration - 1}]"])
    return [prefix + step.id for step in level.siblings if not isinstance(step, ExitStep)]


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
