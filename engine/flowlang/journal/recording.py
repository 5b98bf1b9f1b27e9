"""Writing down a run while it happens.

Each line of the file is a JSON array that begins with a letter; `reading` turns them back into events and steps:

| line | what it tells |
|---|---|
| `["h", {…}]` | the run, its owner and its inputs |
| `["f", {…}]` | the definition; other lines name its steps by their numbers `n`, silent ones by `-1 - n` |
| `["d", n, […]]` | one more step |
| `["s", n, µs, path, inputs]` | a step started |
| `["c", n, µs, path, µs taken, outputs, …]` | it succeeded; `C` where the outputs are tagged (`exact`) |
| `["i", n, µs, path, index, length]` | an iteration started, `j` for one that ended |
| `["g", n, µs, path, {…}]` | any other event of a step |
| `["e", µs, {…}]` | an event of the run; its outputs follow, and whether they are tagged |
| `["x", µs, why]` | the recording stopped before the run did |
| `["z", {…}]` | the run is over, with what a list shows of it |

Times count from the session's start. A path is null where it is the step's id, 0 where it is that of the step that
started last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any, Final

from flowlang.journal.definitions import Head, StepKey
from flowlang.journal.spool import RESERVE, Spool, publish
from flowlang.journal.tally import Tally
from flowlang.plainly import flat, is_plain, quoted, to_text

if TYPE_CHECKING:
    from flowlang.journal.definitions import Definitions
    from flowlang.journal.keeping import Keeper
    from flowlang.journal.records import Extent, Origin
    from flowlang.journal.settings import Settings
    from flowlang.runtime.plan import Plan
    from flowlang.runtime.run import Run

VERSION: Final = 1

#: What waits for the next line that has to be there at once is written from so many characters on.
_MOST_WAITING: Final = 16_000

#: What every event has, and every event of a step: lines have these in places of their own, or not at all.
_OF_ALL: Final = frozenset({"run_id", "seq", "timestamp"})
_OF_STEPS: Final = _OF_ALL | {"flow", "step_id", "task", "kind", "line", "path"}

_FREQUENT: Final = frozenset({"step_started", "step_completed", "iteration_started", "iteration_completed"})

_log = logging.getLogger("flowlang.journal")


class RunRecorder:
    """Writes down one run, beginning with its owner, so that everybody can tell whether it is still alive.

    `run_id` is known once the run has begun. `problem` says why the recording stopped, if it did; the run goes on.
    `keeper` gets the file once it is complete.
    """

    def __init__(
        self,
        keeper: Keeper,
        settings: Settings,
        definitions: Definitions,
        *,
        origin: Origin | None = None,
        extent: Extent | None = None,
        session: int = 1,
    ) -> None:
        self.run_id: str | None = None
        self.problem: str | None = None
        self._keeper = keeper
        self._folder = keeper.folder
        self._settings = settings
        self._inline = settings.inline_limit
        self._definitions = definitions
        self._origin = origin
        self._extent = extent
        self._session = session
        self._create = keeper.create
        self._spool: Spool | None = None
        self._live = False
        self._tally = Tally()
        self._waiting = ""
        self._path: str | None = None
        self._heads: dict[StepKey, Head] = {}
        self._silent_heads: dict[StepKey, Head] = {}
        self._added: dict[StepKey, int] = {}

    def begin(self, run: Run, plan: Plan, given: Mapping[str, Any]) -> None:
        """The run begins: its file is there from now on."""
        self.run_id = run.run_id
        self._redact = run.redactor
        self._events, self._hidden = run.events, run.hidden
        self._epoch = time()
        if not self._settings.enabled:
            return
        try:
            self._open(run.run_id, plan, given)
        except OSError as error:
            self._give_up(error)

    def hear_silent(self, event: Any) -> None:
        """As `hear`, for an event that listeners aren't told."""
        self.hear(event, silent=True)

    def hear(self, event: Any, silent: bool = False) -> None:
        """Write an event down. It is in the kernel's hands when this returns, unless it is only an iteration's.

        What a step costs is mostly here: starts and ends that have nothing special are written without further ado.
        """
        if not self._live:
            if self._spool is not None and event["type"].startswith("flow_"):
                self._tally.flow_event(event)
            return
        try:
            kind = event["type"]
            heads = self._silent_heads if silent else self._heads
            if kind not in _FREQUENT:
                self._other(event, heads)
                return
            head = heads.get((event["flow"], event["step_id"], event["line"])) or self._learn(event, heads)
            at = int((event["timestamp"] - self._epoch) * 1e6)
            path = event["path"]
            if kind == "step_started":
                value = event["inputs"]
                text = flat(value) if type(value) is dict else None
                if text is None or len(text) > self._inline:
                    text = self._shown(value)
                self._path = path
                place = "null" if path == head.step_id else quoted(path)
                line = f"{self._waiting}{head.started}{at},{place},{text}]\n"
            elif kind == "step_completed":
                raw = (self._hidden if silent else self._events).raw  # type: ignore[union-attr]  # they are there
                begin, end = head.completed, "]\n"
                text = flat(raw) if type(raw) is dict else None
                if text is None or len(text) > self._inline or raw != event["outputs"]:
                    text, is_tagged = self._value(raw, event["outputs"])
                    if is_tagged:
                        begin = head.tagged
                if event["attempts"] != 1 or event["status"] != "succeeded" or "answered_by" in event:
                    end = self._more(event, head)
                else:
                    self._tally.calls[head.place] += 1
                place = "0" if path == self._path else self._place(path, head)
                line = f"{self._waiting}{begin}{at},{place},{int(event['duration_ms'] * 1e3)},{text}{end}"
            else:
                self._iteration(head, kind, at, event)
                return
            self._waiting = ""
            self._put(line.encode("ascii"))
        # what a value of the flow, or the disk, raises must not reach the run
        except Exception as error:
            self._stop(error)

    async def end(self) -> None:
        """The run is over: what was written is completed, and taken into the database when it is time to."""
        spool, self._spool = self._spool, None
        if spool is None:
            return
        if self._live:
            self._live = False
            try:
                spool.append(f'{self._waiting}["z",{to_text(self._tally.as_data())}]\n'.encode("ascii"))
            except OSError as error:
                self.problem = self._words(error)
                self._complain()
        self._tally.gap = self.problem
        if self._keeper.defers(spool, self._tally):
            return
        try:
            await asyncio.to_thread(self._keeper.take, spool, self._tally)
        # what the database cannot take in stays in its file, and the run's result is not its business
        except Exception as error:
            _log.warning("run %s stays in %s: %s", self.run_id, spool.path, error)

    def _open(self, run_id: str, plan: Plan, given: Mapping[str, Any]) -> None:
        from flowlang.journal.opening import header, open_spool

        definition = self._definitions.of(plan)
        limit = self._settings.value_limit
        spool, number = open_spool(self._create, self._folder, run_id, self._session)
        try:
            told = (definition.path, self._epoch, self._origin, self._extent, limit)
            head = header(run_id, number, plan, given, self._redact, *told)
            spool.append(f'["h",{to_text(head)}]\n["f",{definition.text}]\n'.encode("ascii"))
            publish(spool)
        except BaseException:
            spool.close()
            raise
        self._spool, self._live = spool, True
        self._put = spool.append
        self._definition = definition
        self._heads, self._silent_heads = definition.heads, definition.silent_heads
        self._tally.header = head
        self._tally.steps = [*definition.steps]
        self._tally.calls = [0] * len(definition.steps)

    def _learn(self, event: Any, heads: dict[StepKey, Head]) -> Head:
        """The head of a step that no run of the definition met so far, or that the definition doesn't have."""
        flow, step_id, line = key = event["flow"], event["step_id"], event["line"]
        silent = heads is self._silent_heads
        place = self._definition.places.get(key)
        if place is not None:
            head = heads[key] = Head(place, step_id, silent=silent)
            return head
        place = self._added.get(key)
        if place is None:
            place = self._added[key] = len(self._tally.steps)
            facts = (flow, step_id, event["task"], event["kind"], line)
            self._tally.steps.append(facts)
            self._tally.calls.append(0)
            self._waiting += f'["d",{place},{to_text(facts)}]\n'
        return Head(place, step_id, silent=silent)

    def _place(self, path: str, head: Head) -> str:
        if path == self._path:
            return "0"
        return "null" if path == head.step_id else quoted(path)

    def _more(self, event: Any, head: Head) -> str:
        """The end of a line of a step that did not simply succeed at once."""
        if "answered_by" not in event:
            self._tally.calls[head.place] += 1
        names = ("attempts", "status", "answered_by", "inputs")
        return f",{self._shown({name: event[name] for name in names if name in event})}]\n"

    def _iteration(self, head: Head, kind: str, at: int, event: Any) -> None:
        path, length = event["path"], event["length"]
        place = "null" if path == head.step_id else quoted(path)
        letter = "i" if kind == "iteration_started" else "j"
        size = "null" if length is None else length
        self._waiting += f'["{letter}",{head.number},{at},{place},{event["index"]},{size}]\n'
        if len(self._waiting) > _MOST_WAITING:
            self._append("")

    def _other(self, event: Any, heads: dict[StepKey, Head]) -> None:
        at = int((event["timestamp"] - self._epoch) * 1e6)
        is_step = "step_id" in event
        rest = event.copy()
        for name in _OF_STEPS if is_step else _OF_ALL:
            rest.pop(name, None)
        tagged = ""
        if "outputs" in rest and event["type"] in ("flow_completed", "flow_terminated"):
            tagged, is_tagged = self._value(self._events.raw, rest.pop("outputs"))  # type: ignore[union-attr]  # as above
            tagged = f",{tagged},{'true' if is_tagged else 'false'}"
        text = self._shown(rest)
        if not is_step:
            self._tally.flow_event(event)
            self._append(f'["e",{at},{text}{tagged}]\n')
            return
        head = heads.get((event["flow"], event["step_id"], event["line"])) or self._learn(event, heads)
        if event["type"] == "step_failed" and "answered_by" not in event:
            self._tally.calls[head.place] += 1
            self._tally.failed(event)
        self._append(f'["g",{head.number},{at},{self._place(event["path"], head)},{text}]\n')

    def _append(self, line: str) -> None:
        line, self._waiting = f"{self._waiting}{line}", ""
        self._put(line.encode("ascii"))

    def _value(self, value: Any, shown: Any) -> tuple[str, bool]:
        """A value's text, and whether it is tagged."""
        if is_plain(value) and value == shown:
            text, is_tagged = to_text(value), False
        else:
            from flowlang.exact import encode

            text, is_tagged = encode(value, shown, self._redact)
        if len(text) > self._settings.value_limit:
            from flowlang.exact import large

            return large(len(text)), True
        self._tally.has_large = self._tally.has_large or len(text) > self._settings.inline_limit
        return text, is_tagged

    def _shown(self, value: Any, limit: int | None = None) -> str:
        """The text of something that is only shown; of a map that is too large, its small parts."""
        limit = limit or self._settings.value_limit
        try:
            text = to_text(value)
        # a number of so many digits that Python writes none of them
        except (ValueError, RecursionError):
            text = ""
        self._tally.has_large = self._tally.has_large or len(text) > self._settings.inline_limit
        if 0 < len(text) <= limit:
            return text
        if isinstance(value, dict) and limit == self._settings.value_limit:
            parts = (f"{quoted(str(name))}:{self._shown(part, limit // 8)}" for name, part in value.items())
            return f"{{{','.join(parts)}}}"
        return to_text(f"… {len(text) / 1_000_000:,.1f} MB, not kept" if text else "… not kept: a number too long")

    def _stop(self, error: Exception) -> None:
        """Write nothing more: what came after a line that is missing would mean something else."""
        self._live = False
        self.problem = self._words(error)
        words = to_text(self.problem.encode("ascii", "replace")[: RESERVE // 3].decode("ascii"))
        at = int((time() - self._epoch) * 1e6)
        try:
            self._spool.last_words(f'["x",{at},{words}]\n'.encode("ascii"))  # type: ignore[union-attr]
        except OSError as second:
            _log.debug("the end of the recording could not be noted: %s", second)
        self._complain()

    def _give_up(self, error: OSError) -> None:
        self.problem = self._words(error)
        self._complain()

    def _words(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return f"{error.strerror or error}: {self._folder.parent} cannot be written"
        return f"{type(error).__name__}: {error}"

    def _complain(self) -> None:
        _log.warning("run %s is no longer recorded: %s; it goes on all the same", self.run_id, self.problem)
