"""Who stands and who waits: the stops of a run, where stepping is to lead, and what the other branches do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from flowlang.connections.shielded import shielded
from flowlang.debugger.aims import Aim, RunTo
from flowlang.debugger.places import paths_of
from flowlang.runtime.stood import Stood
from flowlang.runtime.stopping import no_time_passes

if TYPE_CHECKING:
    from flowlang.debugger.places import Node
    from flowlang.debugger.stop import Stop
    from flowlang.debugger.verdicts import Verdict

Others = Literal["wait", "go on"]

OnStop = Callable[["Stop"], object]

_log = logging.getLogger("flowlang.debugger")


class Standing:
    """The stops of one run. Used in the run's thread; `changed` is called when other steps may concern the debugger."""

    def __init__(self, others: Others, on_stop: OnStop | None, on_resume: OnStop | None) -> None:
        self.others: Others = others
        self.on_stop = on_stop
        self.on_resume = on_resume
        self.pausing = False
        self.stops: dict[int, Stop] = {}
        self.changed: Callable[[], None] = _nothing
        self._aims: list[Aim | RunTo] = []
        self._turn: asyncio.Future[None] | None = None
        #: How long the parts of the run stood or waited.
        self.stood = Stood()

    @property
    def is_everywhere(self) -> bool:
        """Whether every step has to be asked about."""
        return self.pausing or bool(self._aims) or (bool(self.stops) and self.others == "wait")

    @property
    def is_stepping(self) -> bool:
        """Whether a place to stop at is looked for that has no breakpoint."""
        return self.pausing or bool(self._aims)

    async def stand(self, stop: Stop) -> Verdict:
        """Let the run stand at a place until somebody lets it go on. A cancellation leaves nothing of it."""
        self.stops[stop.id] = stop
        self.pausing = False
        self._forget_aims()
        self.changed()
        self._call(self.on_stop, stop)
        try:
            with self._still(stop.lineage):
                try:
                    return await stop.wait()
                finally:
                    await shielded(stop.leave())
        finally:
            del self.stops[stop.id]
            self.changed()
            self.wake()
            self._call(self.on_resume, stop)

    async def let_pass(self, line: list[Node]) -> None:
        """Let the step with this lineage wait while another branch stands, if that is what is wanted."""
        while self.stops and self.others == "wait":
            if self._turn is None:
                self._turn = asyncio.get_running_loop().create_future()
            with self._still(line):
                await asyncio.shield(self._turn)

    @contextmanager
    def _still(self, line: list[Node]) -> Iterator[None]:
        """Inside the block no time passes for a step and what is around it: none of a limit, and none that is told."""
        with no_time_passes(), self.stood.standing(paths_of(line)):
            yield

    def wake(self) -> None:
        """Let those who wait look again."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
        self._turn = None

    def aim(self, aim: Aim | RunTo) -> None:
        """Look for one more place to stop at."""
        self._aims.append(aim)
        self.changed()

    def at_step(self, line: list[Node]) -> bool:
        """Whether stepping leads to the step with this lineage; what led there is done."""
        return self._met([aim for aim in self._aims if aim.met_by(line)])

    def at_statement(self, line: list[Node], first: bool) -> bool:
        """Whether stepping leads to a statement of the step with this lineage; `first` if none was stopped at yet."""
        return self._met([aim for aim in self._aims if aim.met_by_statement(line, first)])

    def _met(self, aims: list[Aim | RunTo]) -> bool:
        for aim in aims:
            self._aims.remove(aim)
        return bool(aims)

    def let_go(self) -> None:
        """Look for nothing any more."""
        self.pausing = False
        self._aims.clear()

    def _forget_aims(self) -> None:
        """What was looked for is found, or no longer wanted: in this branch, or in all if the others wait."""
        task = asyncio.current_task()
        self._aims = [aim for aim in self._aims if self.others == "go on" and not aim.belongs_to(task)]

    def _call(self, tell: OnStop | None, stop: Stop) -> None:
        if tell is None:
            return
        try:
            tell(stop)
        # the listener is the caller's code: a stop of which nobody learnt would stand for ever
        except Exception:
            _log.exception("whoever watches the debugger failed; the step goes on")
            stop.decide_to_go_on()


def _nothing() -> Any:
    return None
