"""Running a part of a recorded run again, as a run of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowlang.journal.continuing import Continuation, is_below, whole_calls
from flowlang.journal.places import Level, Part, Place, parts_of, relation
from flowlang.journal.problems import ReplayProblem
from flowlang.journal.records import Extent, How, Origin
from flowlang.journal.replay import Script, Turn
from flowlang.journal.spelling import in_full
from flowlang.journal.standing import Standing
from flowlang.language.diagnostics import nearest
from flowlang.language.model import ExitStep, Step, TaskStep
from flowlang.language.order import dependencies
from flowlang.runtime.paths import address_of

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.recording import RunRecorder
    from flowlang.journal.records import RecordedStep


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
        script = self._script
        whole = script.until is None and not script.given
        extent = None if whole else Extent(script.until, script.only, script.given)
        return self.journal.recorder(Origin(self.run.run_id, self.how, self.from_step), extent=extent)

    def _written(self) -> Script:
        start = None if self.from_step is None else self._placed(self.from_step)
        like = "" if start is None else start[0]
        end = None if self.until is None or self.only else self._placed(self.until, every=True, like=like)
        results = ((self._placed(path, every=True), value) for path, value in self.outputs.items())
        given = {placed[0]: value for placed, value in results if placed is not None}
        turns = {} if start is None else self._upstream(*start, given)
        if turns and self.run.in_sandbox:
            message = "the run was in a sandbox: what the steps taken from the journal did to databases is undone"
            self._note(ReplayProblem("undone", message, blocking=False))
        if start is not None:
            self._look_upstream(*start, turns, given)
            self._look_for_new_steps(start[0], turns, given)
            if end is not None:
                self._look_between(start, end, turns)
        until = start if self.only else end
        return self._script_of(
            turns,
            turns if start is None else (*turns, start[0]),
            given=given,
            until=None if until is None else until[0],
            only=self.only,
        )

    def _placed(self, path: str, *, every: bool = False, like: str = "") -> tuple[str, Place] | None:
        """A path in full, and its place; a problem is noted if there is no such step.

        Where it says no iteration of a loop, it is the one of the path `like`; else the first one, or `every` one.
        """
        place = self.places.find(path)
        if place is None:
            self._note(ReplayProblem("unreached", f"the flow has no step `{path}`", self._meant(path), path))
            return None
        last = (parts_of(path) or [Part("", None)])[-1]
        if last.iteration is not None:
            body = [step.id for name, steps in place.step.blocks() if name == "do" for step in steps]
            hint = f"name a step in it, such as `{path}/{body[0]}`" if body else f"`{last.id}` is no loop"
            self._note(ReplayProblem("unreached", f"`{path}` is no step", hint, path))
            return None
        whole = in_full(path, self.places, None if every else 0, like)
        if "[" in whole:
            whole = in_full(whole, self.places)
        return whole, self.places.find(whole) or place

    def _meant(self, path: str) -> str | None:
        """A hint at the step that may be meant."""
        if not self.as_it_was and any(path in (step.path, address_of(step.path)) for step in self.steps):
            return "the flow as it was has it"
        addresses = dict.fromkeys(address_of(name) for name in self.standing)
        same = [address for address in addresses if address.endswith(f"/{address_of(path)}")]
        near = same[0] if same else nearest(path, [*self.standing, *(step.id for step in self.places.flow.walk())])
        return None if near is None else f"did you mean `{near}`?"

    def _look_between(self, start: tuple[str, Place], end: tuple[str, Place], turns: Mapping[str, Turn]) -> None:
        """Note an end that would be there before anything runs."""
        how = relation(*end, *start)
        if how == "before":
            message = f"`{end[0]}` comes before `{start[0]}`, so there is nothing to run"
        elif how == "beside" and end[0] in turns and turns[end[0]].action == "answer":
            message = (
                f"`{end[0]}` doesn't come after `{start[0]}`, so it is taken from the journal and nothing would run"
            )
        else:
            return
        self._note(ReplayProblem("unreached", message, None, end[0]))

    def _upstream(self, path: str, place: Place, given: Mapping[str, Any]) -> dict[str, Turn]:
        """What becomes of each execution that doesn't come after the step."""
        turns: dict[str, Turn] = {}
        unrestorable: list[tuple[str, Standing]] = []
        for name, known in self.standing.items():
            how = relation(name, known.place, path, place)
            if how not in ("before", "beside", "around"):
                continue
            known.open = how == "around"
            turn = self._turn(known)
            if turn is None and isinstance(known.place.step, TaskStep) and known.record.status == "succeeded":
                turn = Turn("answer", known.record)
                if not known.record.restorable:
                    unrestorable.append((name, known))
            if turn is not None and not (known.open and turn.action == "answer"):
                turns[name] = turn
        whole = whole_calls(turns)
        for name, known in unrestorable:
            passed = _is_given(name, given) or is_below(name, whole)
            if not passed and self._is_needed(name, known.place, turns):
                message = f"the result of `{name}` is needed, and the journal doesn't have it: {known.record.why_not}"
                hint = "give its result in `outputs`, or run again from it"
                self._note(ReplayProblem("unrestorable", message, hint, name, step=known.record))
        return turns

    def _look_upstream(self, path: str, place: Place, turns: Mapping[str, Turn], given: Mapping[str, Any]) -> None:
        """Note what comes before the step and has no result: it would run, though it is upstream."""
        pieces = path.split("/")
        for number, level in enumerate(place.levels):
            prefix = "".join(f"{piece}/" for piece in pieces[: level.depth])
            upstream = [prefix + step.id for step in _before(level) if not isinstance(step, ExitStep)]
            if level.block == "do" and level.depth and not level.iterations_at_once:
                upstream = [*_of_the_iteration_before(pieces[: level.depth], level), *upstream]
            missing = [one for one in upstream if not _is_given(one, given) and not _has_result(one, turns)]
            if missing:
                self._note_missing(missing[0], path)
                return
            holder = prefix + level.siblings[level.position].id
            inner = place.levels[number + 1 : number + 2]
            if inner and not self._leads_to(holder, inner[0].block, pieces, turns):
                message = f"run {self.run.run_id} did not come to `{path}`"
                self._note(ReplayProblem("unreached", message, f"run again from `{holder}`", path))
                return

    def _look_for_new_steps(self, path: str, turns: Mapping[str, Turn], given: Mapping[str, Any]) -> None:
        """Tell what was put into blocks and loops upstream since: it has no result, so it runs."""
        told: set[str] = set()
        for holder, turn in turns.items():
            place = self.places.find(holder)
            if place is None or not (turn.action == "enter" and turn.closed):
                continue
            for name in _inside(holder, place.step, turn.record):
                if name not in turns and not _is_given(name, given) and (address := address_of(name)) not in told:
                    told.add(address)
                    message = (
                        f"`{name}` comes before `{path}` and has no result in run {self.run.run_id}, so it will run"
                    )
                    self._note(ReplayProblem("changed", message, None, name, blocking=False))

    def _note_missing(self, missing: str, path: str) -> None:
        message = f"`{missing}`, which comes before `{path}`, has no result in run {self.run.run_id}"
        hint = f"run again from `{missing}`, or give its result in `outputs`"
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


def _inside(path: str, step: Step, record: RecordedStep) -> Iterator[str]:
    """The paths of the steps directly in a block or loop that was gone through."""
    prefix = path[: len(path) - len(step.id)]
    for name, steps in step.blocks():
        if name == "on_error" or (step.kind in ("if", "switch") and name != record.branch):
            continue
        loops = name == "do" and step.kind in ("for_each", "while")
        within = [f"{path}[{index}]/" for index in range(record.length or 0)] if loops else [prefix]
        yield from (before + one.id for before in within for one in steps if not isinstance(one, ExitStep))


def _is_given(path: str, given: Mapping[str, Any]) -> bool:
    return path in given or address_of(path) in given


def _has_result(path: str, turns: Mapping[str, Turn]) -> bool:
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
