"""From the lines of a run, as `recording` wrote them, back to its events and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from json import loads
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flowlang.journal.records import Extent, Origin, RecordedStep, Session

if TYPE_CHECKING:
    from flowlang.journal.tally import Tally

#: Steps that hold others: what is under way in them is told by those.
BLOCKS: Final = frozenset({"if", "switch", "for_each", "while", "parallel", "subflow"})

_ENDINGS: Final = ("flow_completed", "flow_failed", "flow_cancelled")

#: Of the lines of iterations all but the first one of a loop, which tells how many there are.
_ITERATIONS: Final = re.compile(rb'\n\["(?:j",[^\n]*|i",[^\n]*,[1-9]\d*,(?:\d+|null)\](?=\n))')

#: Lines are read by so many bytes at first, and by twice as many each time.
_FIRST_BYTES: Final = 4096

Ending = Literal["complete", "alive", "dead"]
Line = list[Any]
#: Gives the text of a value that is kept beside the lines, by its hash; None if it is gone.
Blobs = Callable[[str], str | None]


def parsed(content: bytes) -> list[Line]:
    """The lines of a text; those before one that cannot be read, if there is such a one."""
    text = content.rstrip(b"\n")
    if not text:
        return []
    try:
        lines: list[Line] = loads(b"[" + text.replace(b"\n", b",") + b"]")
    except ValueError:
        lines = []
        for line in text.split(b"\n"):
            try:
                lines.append(loads(line))
            except ValueError:
                break
    return lines


def _by_and_by(content: bytes) -> Iterator[Line]:
    """The lines of a text, read as far as somebody wants them, up to one that cannot be read."""
    begin, size = 0, _FIRST_BYTES
    while begin < len(content):
        end = content.find(b"\n", begin + size) + 1 or len(content)
        part = content[begin:end].rstrip(b"\n")
        lines = parsed(part)
        yield from lines
        if part and len(lines) <= part.count(b"\n"):
            return
        begin, size = end, size * 2


class Head(NamedTuple):
    """A step, as lines name it."""

    flow: str
    step_id: str
    task: str | None
    kind: str
    line: int
    silent: bool


class SessionReading:
    """One session of a run. `content` begins with the header; `ending` tells what became of its process.

    `definition` is what ran, where the content doesn't have it. Lines are read when somebody asks for what they tell.
    """

    def __init__(
        self, content: bytes, ending: Ending, blobs: Blobs, definition: Mapping[str, Any] | None = None
    ) -> None:
        first, _, rest = content.partition(b"\n")
        self.header: Mapping[str, Any] = loads(first)[1]
        self.number: int = self.header["session"]
        self.ending: Ending = ending
        self._content = content
        self._blobs = blobs
        self._definition = definition
        self._second = rest.partition(b"\n")[0]

    @cached_property
    def definition(self) -> Mapping[str, Any]:
        """The texts, the hashes of files and the steps, as `definitions` lists them."""
        if self._second.startswith(b'["f",'):
            told: Mapping[str, Any] = loads(self._second)[1]
            return told
        if self._definition is None:
            raise ValueError("the lines do not say what ran")
        return self._definition

    @property
    def session(self) -> Session:
        """What there is to say of it."""
        origin = self.header.get("origin")
        return Session(
            self.number,
            self.header["started"],
            self.ending == "complete",
            None if origin is None else Origin(*origin),
            _extent(self.header.get("extent")),
        )

    @property
    def has_begun(self) -> bool:
        """Whether anything was told yet."""
        return any(line.startswith(b'["e",') for line in self._content.split(b"\n", 4)[:4])

    def heads(self) -> dict[int, Head]:
        """The steps by their numbers."""
        found: dict[int, Head] = {}
        for number, (flow, step_id, task, kind, line) in enumerate(self.definition["steps"]):
            head = Head(flow, step_id, task, kind, line, False)
            found[number], found[-1 - number] = head, head._replace(silent=True)
        return found

    def lines(self) -> Iterator[tuple[str, Line]]:
        """The letter of each line, and the line, whole again."""
        for line in _by_and_by(self._content):
            if line[0] == "b":
                line = self.whole(line)
            yield line[0], line

    def whole(self, line: Line) -> Line:
        """A line of the letter `b` with the value that is kept beside it."""
        _, slot, key, size, inner = line
        text = self._blobs(key)
        whole: Line = inner.copy()
        whole[slot] = {"$large": size} if text is None else loads(text)
        return whole

    def events(self, seq: int = 0) -> Iterator[dict[str, Any]]:
        """The events, numbered from behind `seq`."""
        run_id, epoch = self.header["run_id"], self.header["started"]
        heads = self.heads()
        path = ""
        for letter, line in self.lines():
            if letter == "d":
                add_head(heads, line)
                continue
            if letter == "e":
                seq += 1
                yield self._flow_event(line, run_id, seq, epoch)
                continue
            if letter not in "scCijg":
                continue
            head = heads[line[1]]
            place = line[3]
            here = head.step_id if place is None else path if place == 0 else place
            if letter == "s":
                path = here
            if head.silent:
                continue
            seq += 1
            event: dict[str, Any] = {"type": "", "run_id": run_id, "seq": seq, "timestamp": epoch + line[2] / 1e6}
            event["flow"], event["step_id"], event["task"], event["kind"] = head[:4]
            event["path"], event["line"] = here, head.line
            event.update(_rest(letter, line))
            yield event

    def _flow_event(self, line: Line, run_id: str, seq: int, epoch: float) -> dict[str, Any]:
        rest = line[2]
        event = {"type": rest["type"], "run_id": run_id, "seq": seq, "timestamp": epoch + line[1] / 1e6, **rest}
        if len(line) > 3:
            event["outputs"] = _shown(line[3]) if line[4] else line[3]
        return event

    def outputs(self) -> tuple[Any, str | None]:
        """The flow's outputs, with their types where they can be had, and why they can't."""
        last = self._last_event()
        return _exact(last[3], last[4]) if last is not None and len(last) > 3 else (None, None)

    def error(self) -> Mapping[str, Any] | None:
        """What the flow failed with."""
        last = self._last_event()
        return None if last is None or last[2]["type"] != "flow_failed" else last[2]["error"]

    def _last_event(self) -> Line | None:
        """The line with which the run ended."""
        content = self._content
        end = len(content)
        while (found := content.rfind(b'["e",', 0, end)) >= 0:
            start = content.rfind(b"\n", 0, found) + 1
            if found == start or content.startswith(b'["b",', start):
                line: Line = loads(content[start:].partition(b"\n")[0])
                line = self.whole(line) if line[0] == "b" else line
                if line[0] == "e":
                    return line if line[2]["type"] in _ENDINGS else None
            end = start
        return None

    def steps(self) -> list[RecordedStep]:
        """The executions of steps, in the order in which they began."""
        return _Steps(self).read(self._without_iterations())

    def tally(self) -> Tally:
        """What a list shows, counted from the lines."""
        from flowlang.journal.counting import counted

        return counted(self, self._without_iterations())

    def _without_iterations(self) -> list[Line]:
        """All lines but most of those of iterations."""
        return parsed(_ITERATIONS.sub(b"", self._content))


def add_head(heads: dict[int, Head], line: Line) -> None:
    """Take note of a step that the definition doesn't have."""
    flow, step_id, task, kind, number = line[2]
    head = Head(flow, step_id, task, kind, number, False)
    heads[line[1]], heads[-1 - line[1]] = head, head._replace(silent=True)


class _Steps:
    """Puts the steps of a session together."""

    def __init__(self, reading: SessionReading) -> None:
        self._reading = reading
        self._epoch: float = reading.header["started"]
        self._heads = reading.heads()
        self._steps: list[RecordedStep] = []
        #: Of each path the execution that began last.
        self._latest: dict[str, RecordedStep] = {}

    def read(self, lines: Iterable[Line]) -> list[RecordedStep]:
        heads, path = self._heads, ""
        for line in lines:
            letter = line[0]
            if letter == "b":
                line = self._reading.whole(line)
                letter = line[0]
            if letter in "scCig":
                head, place = heads[line[1]], line[3]
                here = head.step_id if place is None else path if place == 0 else place
                if letter == "s":
                    path = here
                    self._begin(here, head, line[2], line[4])
                elif letter in "cC":
                    self._completed(here, head, line, letter == "C")
                elif letter == "g":
                    self._other(here, head, line[2], line[4])
                elif (step := self._latest.get(here)) is not None and step.ended is None:
                    step.length = line[5]
            elif letter == "d":
                add_head(heads, line)
        ending = self._reading.ending
        for step in self._steps:
            if step.ended is None:
                step.status = "unknown" if ending == "dead" else "running" if ending == "alive" else "cancelled"
        return self._steps

    def _begin(self, path: str, head: Head, at: int, inputs: Any) -> RecordedStep:
        before = self._latest.get(path)
        step = self._latest[path] = RecordedStep(
            path=path,
            step_id=head.step_id,
            flow=head.flow,
            kind=head.kind,
            task=head.task,
            line=head.line,
            status="unknown",
            session=self._reading.number,
            occurrence=1 if before is None else before.occurrence + 1,
            started=self._epoch + at / 1e6,
            inputs=inputs,
            silent=head.silent,
        )
        self._steps.append(step)
        return step

    def _end(self, path: str, head: Head, at: int, took: float) -> RecordedStep:
        """The step that ends now; one that was answered did not begin before."""
        step = self._latest.get(path)
        if step is None or step.ended is not None:
            step = self._begin(path, head, at - int(took * 1e3), None)
        step.ended, step.duration_ms = self._epoch + at / 1e6, took
        return step

    def _completed(self, path: str, head: Head, line: Line, is_tagged: bool) -> None:
        step = self._end(path, head, line[2], line[4] / 1e3)
        step.status = "succeeded"
        step.outputs = line[5]
        if is_tagged:
            step.outputs, step.why_not = _exact(line[5], True)
            step.restorable = step.why_not is None
        over = step.outputs if head.kind == "for_each" and step.length is None else None
        if isinstance(over, dict) and over.get("count") == 0:
            # a loop over nothing has no iteration that would tell
            step.length = 0
        if len(line) > 6:
            more = line[6]
            step.attempts = more["attempts"]
            step.terminated = more["status"] == "terminated"
            step.answered_by = more.get("answered_by")
            step.inputs = more.get("inputs", step.inputs)

    def _other(self, path: str, head: Head, at: int, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == "step_failed":
            step = self._end(path, head, at, event["duration_ms"])
            step.status = "cancelled" if event["status"] == "cancelled" else "failed"
            step.handled, step.error, step.attempts = event["handled"], event["error"], event["attempts"]
            step.answered_by = event.get("answered_by")
            step.inputs = event["inputs"] if step.inputs is None else step.inputs
        elif kind == "step_skipped":
            step = self._end(path, head, at, 0.0)
            step.status, step.started = "skipped", None
            step.answered_by = event.get("answered_by")
        else:
            last = self._latest.get(path)
            if last is None:
                return
            if kind == "statement":
                last.statements.append({**event, "timestamp": self._epoch + at / 1e6})
            elif kind == "step_retrying":
                last.retries.append({**event, "timestamp": self._epoch + at / 1e6})
                last.attempts = event["attempt"] + 1
            elif kind == "branch_taken":
                last.branch = event["branch"]
            elif kind == "iterations_answered":
                last.length = event["length"]


def _rest(letter: str, line: Line) -> dict[str, Any]:
    """What an event has besides what all events of a step have."""
    if letter == "s":
        return {"type": "step_started", "inputs": line[4]}
    if letter == "g":
        rest: dict[str, Any] = line[4]
        return rest
    if letter in "ij":
        kind = "iteration_started" if letter == "i" else "iteration_completed"
        return {"type": kind, "index": line[4], "length": line[5]}
    outputs = _shown(line[5]) if letter == "C" else line[5]
    ending = {"outputs": outputs, "status": "succeeded", "attempts": 1, "duration_ms": line[4] / 1e3}
    return {"type": "step_completed", **ending, **(line[6] if len(line) > 6 else {})}


def _extent(told: Mapping[str, Any] | None) -> Extent | None:
    if told is None:
        return None
    outputs = {path: _exact(value, is_tagged)[0] for path, (value, is_tagged) in told["outputs"].items()}
    return Extent(told["until"], told["only"], outputs, tuple(told["lost"]))


def _exact(value: Any, is_tagged: bool) -> tuple[Any, str | None]:
    if not is_tagged:
        return value, None
    from flowlang.exact import decode

    return decode(value)


def _shown(tagged: Any) -> Any:
    from flowlang.exact import shown

    return shown(tagged)
