"""Breakpoints: where a run is to stop, and the set of them that a project keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from flowlang.debugger.errors import DebuggerError

if TYPE_CHECKING:
    from flowlang.language.diagnostics import Diagnostic
    from flowlang.language.model import Flow
    from flowlang.runtime.plan import Plan

When = Literal["before", "after", "error", "statement"]

WHENS: Final[tuple[When, ...]] = ("before", "after", "error", "statement")

#: As the step of a breakpoint: any step of the flow.
ANY_STEP: Final = "*"

_FILE: Final = "breakpoints.json"
_HITS: Final = re.compile(r"(every\s+|>=\s*)?([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A place where runs stop, held by the id of a step, so that it moves with the text.

    `step` is a step's id, its address below loops and subflows (`orders/ship`, without indexes), or `*` for any step.
    `flow` is the flow's file relative to its project, or its name; empty, it is the flow that is run. `condition` is an
    expression; `hits` is the number of the hit at which to stop (`3`), `every 3`, or `>= 3`, counted in each run
    among those that meet the condition. With a `log`, a text with `${…}`, nothing stops and the text is logged.
    `statement` is a text, or a regular expression between slashes, that a statement has to hold.
    """

    step: str
    when: When = "before"
    condition: str | None = None
    hits: int | str | None = None
    log: str | None = None
    statement: str | None = None
    enabled: bool = True
    flow: str = ""

    @property
    def step_id(self) -> str:
        """The id of the step, the last part of its address."""
        return self.step.rpartition("/")[2]

    def fits(self, address: str) -> bool:
        """Whether a step with this address (`orders/ship`) is meant."""
        return self.step in (ANY_STEP, address) or address.endswith(f"/{self.step}")

    def due(self, hit: int) -> bool:
        """Whether to stop at the hit of this number, from 1."""
        if self.hits is None:
            return True
        found = _HITS.fullmatch(str(self.hits).strip())
        if found is None:
            return True
        number = int(found[2])
        if found[1] is None:
            return hit == number
        return hit >= number if found[1].startswith(">") else hit % number == 0

    def matches(self, statement: str) -> bool:
        """Whether a statement is one to stop at."""
        wanted = self.statement
        if not wanted:
            return True
        if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
            try:
                return re.search(wanted[1:-1], " ".join(statement.split()), re.IGNORECASE) is not None
            except re.error:
                return False
        return " ".join(wanted.lower().split()) in " ".join(statement.lower().split())

    def problems(self, flow: Flow) -> list[Diagnostic]:
        """What is wrong with it: the condition and the log by the language's own parser, hits, statement, step."""
        from flowlang.debugger.checking import problems_of

        return problems_of(self, flow)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, without what is not said."""
        said = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        if self.enabled:
            del said["enabled"]
        return said

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Breakpoint:
        """From plain data. Raises DebuggerError for what is none."""
        known = {key: value for key, value in data.items() if key in cls.__slots__}
        step, when = known.get("step"), known.get("when", "before")
        texts = (known.get(key) for key in ("condition", "log", "statement", "flow"))
        if (
            not isinstance(step, str)
            or when not in WHENS
            or any(not isinstance(one, (str, type(None))) for one in texts)
        ):
            raise DebuggerError("this is no breakpoint: it needs a `step`, and a `when` that is known")
        return cls(**known)


def valid_hits(hits: int | str | None) -> bool:
    """Whether `hits` says when to stop: `3`, `every 3` or `>= 3`."""
    return hits is None or _HITS.fullmatch(str(hits).strip()) is not None


class Breakpoints:
    """The breakpoints of a project, by flow, in `breakpoints.json` beside its journal.

    A file that cannot be read counts as empty, and `problem` says why; it is not replaced before something changes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problem: str | None = None
        self._all: list[Breakpoint] = []
        self._read()

    @property
    def path(self) -> Path:
        """The file."""
        from flowlang.journal.homes import home_of

        return home_of(self.root) / _FILE

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def of(self, flow: str) -> list[Breakpoint]:
        """Those of one flow, as its breakpoints name it."""
        return [point for point in self._all if point.flow == flow]

    def add(self, point: Breakpoint) -> None:
        """Keep one more; it takes the place of one at the same step, time and statement."""
        self._all = [*(one for one in self._all if _place(one) != _place(point)), point]
        self._write()

    def remove(self, point: Breakpoint) -> None:
        """Forget one."""
        self._all = [one for one in self._all if _place(one) != _place(point)]
        self._write()

    def toggle(self, flow: str, step: str, when: When = "before") -> Breakpoint | None:
        """Take away the breakpoints of a step at this time, or add one; what was added."""
        there = [one for one in self._all if (one.flow, one.step, one.when) == (flow, step, when)]
        if there:
            self._all = [one for one in self._all if one not in there]
            self._write()
            return None
        added = Breakpoint(step, when, flow=flow)
        self.add(added)
        return added

    def enable(self, point: Breakpoint, enabled: bool = True) -> Breakpoint:
        """Turn one on or off; the one that stands for it now."""
        changed = replace(point, enabled=enabled)
        self._all = [changed if one == point else one for one in self._all]
        self._write()
        return changed

    def replace(self, flow: str, points: Iterable[Breakpoint]) -> None:
        """Let these be all breakpoints of a flow."""
        self._all = [*(one for one in self._all if one.flow != flow), *points]
        self._write()

    def rename(self, flow: str, old: str, new: str) -> None:
        """A step has another id now."""
        self._all = [
            replace(one, step=re.sub(rf"(?:(?<=/)|^){re.escape(old)}(?=/|$)", new, one.step))
            if one.flow == flow
            else one
            for one in self._all
        ]
        self._write()

    def _read(self) -> None:
        from json import loads

        try:
            data = loads(self.path.read_text(encoding="utf-8"))
            self._all = [Breakpoint.from_dict(one) for one in data["breakpoints"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, DebuggerError) as error:
            self.problem = f"{self.path} could not be read: {error}"

    def _write(self) -> None:
        from json import dumps

        from flowlang.connections.atomic import write_atomically
        from flowlang.journal.opening import prepare_home

        lines = ",\n".join(f"  {dumps(one.to_dict(), ensure_ascii=False)}" for one in self._all)
        text = f'{{"version": 1, "breakpoints": [\n{lines}\n]}}\n' if lines else '{"version": 1, "breakpoints": []}\n'
        try:
            path = self.path
            prepare_home(path.parent)
            write_atomically(path, text.encode(), 0o644)
        except OSError as error:
            self.problem = f"the breakpoints could not be kept in {self.path}: {error.strerror or error}"
        else:
            self.problem = None


def flow_key(plan: Plan) -> str:
    """How breakpoints name a flow: its file relative to the project, or its name where it has none."""
    if plan.path is None:
        return plan.name
    path = Path(plan.path)
    return path.relative_to(plan.root).as_posix() if path.is_relative_to(plan.root) else path.as_posix()


def _place(point: Breakpoint) -> tuple[str, str, str, str | None]:
    return point.flow, point.step, point.when, point.statement
