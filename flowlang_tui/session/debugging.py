"""The run that stands still: where, what is seen there, and what somebody lets it do.

Whatever is asked of a stop is asked in the engine's thread, so that no key waits for a task that computes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flowlang import FlowLangError
from flowlang_tui.session.debugging_past import Walk
from flowlang_tui.session.debugging_points import FlowPoints
from flowlang_tui.session.engine import EngineThread
from flowlang_tui.session.launch import Launch
from flowlang_tui.session.notices import BreakpointsChanged, Listener, Post, StopsChanged, Told

if TYPE_CHECKING:
    from flowlang.debugger import Debugger, Scope, Stop
    from flowlang.debugger.changes import Change
    from flowlang.runtime.interception import Interceptor

Way = Literal["over", "into", "out"]


class Watched(NamedTuple):
    """A watched expression and what it came to, or why it came to nothing."""

    text: str
    value: Any = None
    error: str | None = None


@dataclass(slots=True, eq=False)
class Sight:
    """A stop and what was seen there last."""

    stop: Stop
    scope: Scope
    inputs: dict[str, Any] | None
    watched: list[Watched] = field(default_factory=list)
    #: How many calls of subflows further up it was looked from.
    calls: int = 0

    @property
    def when(self) -> str:
        """At which moment of its step the run stands, in words."""
        at = self.stop.transaction
        if at is None:
            return "before a statement" if self.stop.when == "statement" else self.stop.when
        if at["statement"] is None:
            return "before commit"
        return f"before statement {at['number']}" + ("" if at["total"] is None else f" of {at['total']}")


class Debugging:
    """The debugger of a session: breakpoints, the stops of the run that is under way, watched expressions.

    `post` brings a call into the screen's thread, in which everything here is called but `attach`.
    """

    def __init__(self, root: Path, engine: EngineThread, post: Post, listener: Listener) -> None:
        self.points = FlowPoints(root)
        self.watched: dict[Path, list[str]] = {}
        self.sights: dict[int, Sight] = {}
        self.chosen: Sight | None = None
        #: The run's debugger, from the moment when the run begins until it is over.
        self.debugger: Debugger | None = None
        #: Whether the run that is under way was begun to stop before its first step.
        self.stops_first = False
        self.others_wait = True
        #: The way back through a run that somebody is on.
        self.walk: Walk | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._engine = engine
        self._post = post
        self._tell = listener

    # the run

    def attach(self, launch: Launch) -> Interceptor:
        """A debugger for a run that is about to begin. Called in the thread that prepares runs."""
        from flowlang.debugger import Debugger

        debugger = Debugger(
            self.points.all if self.points.are_there else (),
            others="wait" if self.others_wait else "go on",
            on_stop=self._stopped,
            on_resume=lambda stop: self._post(lambda: self._left(stop)),
        )
        self.stops_first = launch.stop_first
        if launch.stop_first:
            debugger.pause()
        self.debugger = debugger
        return debugger

    def over(self) -> None:
        """The run is over."""
        self.debugger = None
        self.stops_first = False
        if self.sights:
            self.sights.clear()
            self._choose(None)

    @property
    def is_stopped(self) -> bool:
        """Whether a step stands still that somebody looks at."""
        return self.chosen is not None

    @property
    def is_looking_back(self) -> bool:
        """Whether an earlier state of the run is shown."""
        return self.walk is not None and self.walk.moment is not None

    @property
    def may_stop(self) -> bool:
        """Whether the run that is under way is to stop somewhere."""
        debugger = self.debugger
        return debugger is not None and (debugger.is_pausing or bool(debugger.breakpoints))

    def can(self, what: str) -> bool:
        """Whether something can be done with the chosen stop."""
        return self.chosen is not None and what in self.chosen.stop.can

    @property
    def in_transactions(self) -> list[str]:
        """The paths of the steps that stand in an open transaction."""
        return [sight.stop.path for sight in self.sights.values() if sight.stop.transaction is not None]

    @property
    def changes(self) -> list[Change]:
        """What was changed by hand at the chosen stop that the flow's file could have."""
        made = [] if self.chosen is None else self.chosen.stop.changes
        return [change for change in made if change.kind in ("input", "value", "output")]

    # orders

    def pause(self) -> bool:
        """Stop before the next step; False if nothing runs."""
        if self.debugger is None:
            return False
        self.debugger.pause()
        return True

    def go_on(self) -> None:
        """Let the chosen step go on."""
        if self.chosen is not None and self.debugger is not None:
            self.debugger.resume(self.chosen.stop)

    def step(self, way: Way) -> None:
        """Go on to another step."""
        debugger = self.debugger
        if self.chosen is not None and debugger is not None:
            orders = {"over": debugger.step_over, "into": debugger.step_into, "out": debugger.step_out}
            orders[way](self.chosen.stop)

    def run_to(self, place: int | str) -> None:
        """Go on to a step, by its line or its id."""
        if self.chosen is not None and self.debugger is not None:
            try:
                self.debugger.run_to(place, self.chosen.stop)
            except FlowLangError as error:
                self._tell(Told(str(error), "warning"))

    def let_others(self, wait: bool) -> None:
        """Let other branches wait while one stands, or go on."""
        self.others_wait = wait
        if self.debugger is not None:
            self.debugger.others = "wait" if wait else "go on"

    def act(self, action: Callable[[Stop], object], then: Callable[[], object] | None = None) -> None:
        """Do something with the chosen stop, and look at it again; what cannot be done is told."""
        sight = self.chosen
        if sight is not None:

            async def work() -> None:
                outcome = action(sight.stop)
                if isinstance(outcome, Awaitable):
                    await outcome
                if then is not None:
                    self._post(then)
                await self._look(sight.stop, sight.calls)

            self._submit(work())

    def ask(self, work: Callable[[Stop], Awaitable[Any]], answer: Callable[[Any, str | None], object]) -> None:
        """Ask something of the chosen stop; `answer` gets what it gave or why not, in the screen's thread."""
        sight = self.chosen
        if sight is None:
            return
        stop = sight.stop

        async def asked() -> None:
            value, error = None, None
            try:
                value = await work(stop)
            # a statement fails with whatever its driver raises, and that is the answer to whoever typed it
            except Exception as raised:
                error = _words(raised)
            self._post(lambda: answer(value, error))
            await self._look(stop, sight.calls)

        self._submit(asked())

    def look_again(self, calls: int | None = None) -> None:
        """Look anew at what the chosen stop sees, from the step so many `calls` of subflows further up."""
        if self.chosen is not None:
            self._submit(self._look(self.chosen.stop, self.chosen.calls if calls is None else calls))

    def choose(self, step: int) -> None:
        """Choose the stop that comes `step` stops after the chosen one."""
        stops = list(self.sights)
        if self.chosen is not None and stops:
            at = stops.index(self.chosen.stop.id) if self.chosen.stop.id in self.sights else 0
            self._choose(self.sights[stops[(at + step) % len(stops)]])

    def choose_stop(self, number: int) -> None:
        """Choose a stop by its number."""
        if number in self.sights:
            self._choose(self.sights[number])

    # breakpoints and watched expressions

    def breakpoints_changed(self) -> None:
        """Let the run that is under way know of other breakpoints, and everybody who shows them."""
        if self.debugger is not None:
            self.debugger.set_breakpoints(self.points.all)
        if self.points.all.problem is not None:
            self._tell(Told(self.points.all.problem, "warning"))
        self._tell(BreakpointsChanged())

    def watch(self, flow: Path, old: str | None, new: str | None) -> None:
        """Watch one more expression in a flow, another one instead, or one less."""
        texts = self.watched.setdefault(flow, [])
        if old in texts and new is not None:
            texts[texts.index(old)] = new
        elif old in texts:
            texts.remove(old)
        elif new is not None and new not in texts:
            texts.append(new)
        if self.chosen is not None:
            self.look_again()
        else:
            self._tell(StopsChanged())

    def watched_in(self, flow: Path | None) -> list[Watched]:
        """The watched expressions of a flow, with what they came to at the chosen stop."""
        if self.chosen is not None:
            return self.chosen.watched
        return [Watched(text, error="nothing is stopped") for text in self.watched.get(flow or Path(), ())]

    # what the run tells

    def _stopped(self, stop: Stop) -> None:
        """In the engine's thread: the run stands somewhere."""
        looking = asyncio.get_running_loop().create_task(self._look(stop))
        self._looks.add(looking)
        looking.add_done_callback(self._looks.discard)

    async def _look(self, stop: Stop, calls: int = 0) -> None:
        """In the engine's thread: what is seen at a stop."""
        if stop.is_over:
            return
        try:
            sight = Sight(stop, stop.scope(calls), stop.inputs, calls=calls)
        # whatever a value's own code does while it is made plain: the stop has to be seen, or nobody could go on
        except Exception as error:
            from flowlang.debugger import Scope

            sight = Sight(stop, Scope(()), None, calls=calls)
            words = f"The values of {stop.path} cannot be shown: {_words(error)}"
            self._post(lambda: self._tell(Told(words, "warning")))
        texts = self.watched.get(Path(stop.file or ""), ())
        sight.watched = [await _watched(stop, text) for text in texts]
        self._post(lambda: self._seen(sight))

    def _seen(self, sight: Sight) -> None:
        if sight.stop.is_over:
            return
        self.sights[sight.stop.id] = sight
        chosen = self.chosen
        if chosen is None or chosen.stop.id not in self.sights or chosen.stop.id == sight.stop.id:
            self._choose(sight)
        else:
            self._tell(StopsChanged())

    def _left(self, stop: Stop) -> None:
        """A step goes on."""
        if self.sights.pop(stop.id, None) is None:
            return
        if self.chosen is not None and self.chosen.stop.id == stop.id:
            self._choose(next(iter(self.sights.values()), None))
        else:
            self._tell(StopsChanged())

    def _choose(self, sight: Sight | None) -> None:
        if self.chosen is None or sight is None or sight.stop.id != self.chosen.stop.id:
            self.walk = None
        self.chosen = sight
        self._tell(StopsChanged())

    def _submit(self, work: Coroutine[Any, Any, None]) -> None:
        self._engine.submit(work).add_done_callback(self._ended)

    def _ended(self, future: Future[None]) -> None:
        """In the engine's thread: what failed is told."""
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, asyncio.CancelledError):
            words = _words(error)
            self._post(lambda: self._tell(Told(words, "warning")))


async def _watched(stop: Stop, text: str) -> Watched:
    try:
        return Watched(text, await stop.evaluate(text))
    except FlowLangError as error:
        return Watched(text, error=str(error))


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, FlowLangError) else f"{type(error).__name__}: {error}"
