"""Breakpoints as somebody types them: `ship after if ${result.total > 3}`, `orders.yaml:14`, `* error`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from flowlang.cli.target import UsageError
from flowlang.debugger import Breakpoint
from flowlang.debugger.breakpoints import ANY_STEP, WHENS, When, flow_key
from flowlang.debugger.places import Places
from flowlang.language.diagnostics import did_you_mean
from flowlang.runtime.paths import address_of

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan, StepPlan

SYNTAX: Final = "STEP|LINE|FILE:LINE|* [before|after|error|statement [TEXT]] [hits N] [if EXPR] [log TEXT]"

_WRITTEN: Final = re.compile(
    rf"(?P<place>\S+)(?:\s+(?P<when>{'|'.join(WHENS)})(?:(?<=statement)\s+(?!(?:hits|if|log)\s)(?P<statement>.+?))?)?"
    r"(?:\s+hits\s+(?P<hits>(?:every\s+|>=\s*)?[0-9]+))?(?:\s+if\s+(?P<condition>.+?))?(?:\s+log\s+(?P<log>.+))?",
    re.DOTALL,
)


class Steps:
    """The steps of a flow, and of those that it calls, as somebody names them."""

    def __init__(self, plan: Plan) -> None:
        self.main = plan
        self.places = Places(plan.with_subplans())

    def names(self) -> set[str]:
        """What steps may be called: the id of each, and its address."""
        return {plan.id for plan in self.places} | {self.places.address(plan) for plan in self.places}

    def breakpoint(self, text: str, file: str | None = None) -> Breakpoint:
        """The breakpoint that a text describes; a line alone is one of `file`. Raises UsageError."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise UsageError(f"that is no breakpoint: {text.strip()}", hint=f"Write {SYNTAX}")
        when = cast("When", found["when"] or "before")
        point = Breakpoint(
            ANY_STEP,
            when,
            condition=found["condition"],
            hits=found["hits"],
            log=found["log"],
            statement=found["statement"],
        )
        if found["place"] == ANY_STEP:
            plan, home = None, self.main
        else:
            plan = self.at(found["place"], file)
            home = self.places.home[plan]
            point = replace(point, step=self.places.address(plan), flow=flow_key(home))
        problems = [problem.sentence for problem in point.problems(home.flow) if problem.severity == "error"]
        if problems:
            raise UsageError(f"that breakpoint can't work: {'; '.join(problems)}")
        return point

    def at(self, place: str, file: str | None = None) -> StepPlan:
        """The step that a person means: by id, address, path, or a line. Raises UsageError if there is none."""
        written, colon, line = place.rpartition(":")
        if line.isdecimal() and (colon or not self._named(place)):
            return self._at_line(self._file(written) if colon else file or self.main.path, int(line))
        meant = self._named(address_of(place))
        if meant:
            return meant[0]
        raise UsageError(
            f"there is no step `{place}`{did_you_mean(place, self.names())}",
            hint=f"The steps are {', '.join(sorted(self.names()))}.",
        )

    def lines_of(self, points: Iterable[Breakpoint], file: str | None) -> set[int]:
        """The lines of a file at which there are breakpoints."""
        wanted = [point for point in points if point.enabled]
        return {
            plan.line
            for plan, home in self.places.home.items()
            if home.path == file
            for point in wanted
            if point.step != ANY_STEP and point.flow in ("", flow_key(home)) and point.fits(self.places.address(plan))
        }

    def _named(self, address: str) -> list[StepPlan]:
        """The steps with an address, or with an address or id that it ends with, those of the run's flow first."""
        found = []
        for plan in self.places:
            known = self.places.address(plan)
            if address in (known, plan.id) or known.endswith(f"/{address}") or address.endswith(f"/{known}"):
                found.append(plan)
        return sorted(found, key=lambda plan: self.places.home[plan] is not self.main)

    def _at_line(self, file: str | None, line: int) -> StepPlan:
        """The innermost step on a line, else the next one below."""
        for home in self.main.with_subplans():
            if home.path == file and (steps := self.places.steps_at_line(home, line)):
                return steps[0]
        raise UsageError(f"there is no step at line {line} or below it")

    def _file(self, written: str) -> str:
        files = _files(self.places.home.values())
        meant = [file for file in files if file == os.path.abspath(written) or file.endswith(os.sep + written)]
        if len(meant) == 1:
            return meant[0]
        names = ", ".join(os.path.basename(file) for file in files)
        raise UsageError(f"the run reads no file {written}", hint=f"It reads {names}.")


def described(point: Breakpoint) -> str:
    """A breakpoint as it would be typed."""
    parts = [point.step if not point.flow else f"{point.step} ({point.flow})"]
    if point.when != "before":
        parts.append(point.when)
    if point.statement is not None:
        parts.append(point.statement)
    if point.hits is not None:
        parts.append(f"hits {point.hits}")
    if point.condition is not None:
        parts.append(f"if {point.condition}")
    if point.log is not None:
        parts.append(f"log {point.log}")
    return " ".join(parts) + ("" if point.enabled else " (off)")


def _files(plans: Iterable[Plan]) -> list[str]:
    return sorted({plan.path for plan in plans if plan.path is not None})
