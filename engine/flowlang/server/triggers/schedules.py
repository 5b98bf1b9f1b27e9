"""When schedules are due: computed from cron, one after the other, with what becomes of times that were missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cronsim import CronSim

from flowlang.server.executions import Execution
from flowlang.server.triggers.config import Schedule

#: A time that is this much over is no longer just late: it was missed.
LATE: Final = timedelta(seconds=60)
#: How many missed times are made up for at most.
MOST: Final = 100


class Timetable:
    """The times of one schedule, from a moment on."""

    def __init__(self, schedule: Schedule, since: datetime) -> None:
        self.schedule = schedule
        self._times = self._from(since)
        self._runs: list[Execution] = []
        self.next: datetime = next(self._times)

    def under_way(self) -> list[Execution]:
        """The runs that were started for the schedule and go on; a new one is to be added."""
        self._runs = [run for run in self._runs if run.result is None]
        return self._runs

    def due(self, now: datetime) -> list[datetime]:
        """The times for which a run is to be started now, the oldest first; `next` is past `now` after that."""
        passed: list[datetime] = []
        while self.next <= now:
            passed.append(self.next)
            self.next = next(self._times)
            if len(passed) > MOST:
                # far behind, after a sleep of the machine: what lies between is too much to make up for
                passed = passed[-MOST:]
                self._times = self._from(now)
                self.next = next(self._times)
        missed = [time for time in passed if now - time > LATE]
        current = passed[len(missed) :]
        if self.schedule.missed == "skip" or not missed:
            return current
        if self.schedule.missed == "all":
            return passed
        return current or missed[-1:]

    def upcoming(self, count: int) -> list[datetime]:
        """The next times."""
        times = self._from(self.next - timedelta(seconds=1))
        return [next(times) for _ in range(count)]

    def _from(self, since: datetime) -> Iterator[datetime]:
        # in the hour that is repeated when clocks are set back, the first times lie before `since`
        for time in CronSim(self.schedule.cron, since.astimezone(self.schedule.zone)):
            if time > since:
                yield time.astimezone(UTC)
