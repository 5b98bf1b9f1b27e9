"""What starts flows on a server by itself: webhooks and schedules."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match

from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.server.answers import JSON, answer, status_of
from flowlang.server.bodies import BadRequest, parsed, read_body
from flowlang.server.executions import Execution, Executions
from flowlang.server.hosting import Hosting
from flowlang.server.triggers.config import Schedule, Webhook, triggers_of
from flowlang.server.triggers.credentials import Doorkeeper, Refused

if TYPE_CHECKING:
    from starlette.types import Scope

    from flowlang.journal.records import How
    from flowlang.server.triggers.schedules import Timetable

_log = logging.getLogger("flowlang.server")

#: How often, in seconds, the clock is looked at: never longer asleep, so that a clock that was set is noticed.
_LOOK: Final = 30.0


class Triggers:
    """The triggers of all flows. `now` gives seconds since 1970."""

    def __init__(self, hosting: Hosting, executions: Executions, now: Callable[[], float] = time.time) -> None:
        self._hosting = hosting
        self._executions = executions
        self._now = now
        self._webhooks: dict[str, tuple[Webhook, Doorkeeper]] = {}
        self._timetables: list[Timetable] = []
        self._news = asyncio.Event()

    def load(self) -> None:
        """Read the triggers of the flows as they are. Raises ConfigurationError for one that cannot work."""
        hooks: dict[str, tuple[Webhook, Doorkeeper]] = {}
        tables: list[Timetable] = []
        for hosted in self._hosting.flows.values():
            for trigger in triggers_of(hosted):
                if isinstance(trigger, Schedule):
                    same_times = (table for table in self._timetables if table.schedule == trigger)
                    tables.append(next(same_times, None) or self._timetable(trigger))
                elif trigger.path in hooks:
                    other = hooks[trigger.path][0].flow
                    raise ConfigurationError(f"{hosted.path}: flow `{other}` has a webhook at {trigger.path} already")
                else:
                    before = self._webhooks.get(trigger.path)
                    same = before is not None and before[0].auth == trigger.auth
                    keeper = before[1] if before and same else Doorkeeper(trigger.auth, self._now)
                    hooks[trigger.path] = (trigger, keeper)
        self._webhooks, self._timetables = hooks, tables
        self._news.set()

    def reload(self) -> None:
        """The same after a change: triggers that cannot work are told, and those from before stay."""
        try:
            self.load()
        except ConfigurationError as error:
            _log.warning("the triggers stay as they were: %s", error)

    def is_webhook(self, path: str) -> bool:
        """Whether a path is that of a webhook, which has credentials of its own."""
        return path in self._webhooks

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(default_response_class=JSON)
        router.get("/schedules", tags=["triggers"], summary="Every schedule, with its next times")(self.list)
        is_webhook = self.is_webhook

        class HookRoute(APIRoute):
            """Is there for the paths of webhooks only: whatever else nobody answers to is not found."""

            def matches(self, scope: Scope) -> tuple[Match, Scope]:
                return super().matches(scope) if is_webhook(scope["path"]) else (Match.NONE, {})

        post = partial(router.add_api_route, methods=["POST"], route_class_override=HookRoute)
        post("/{path:path}", self.receive, include_in_schema=False)
        return router

    async def list(self) -> Response:
        """Every schedule."""
        return JSON(
            [
                {
                    "flow": table.schedule.flow,
                    "cron": table.schedule.cron,
                    "timezone": table.schedule.timezone,
                    "max_instances": table.schedule.max_instances,
                    "missed": table.schedule.missed,
                    "next": [time.isoformat() for time in table.upcoming(5)],
                    "running": len(table.under_way()),
                }
                for table in self._timetables
            ]
        )

    async def receive(self, path: str, request: Request) -> Response:
        """What was posted to a webhook: the inputs of a run, if it is a JSON object, with `_webhook` beside them."""
        hook, doorkeeper = self._webhooks[f"/{path}"]
        body = await read_body(request)
        try:
            doorkeeper.check(request.headers, body)
        except Refused as refused:
            raise BadRequest(401, [str(refused)]) from refused
        data = parsed(body) if body else {}
        given: Mapping[str, Any] = data if isinstance(data, dict) else {"_body": data}
        told = {"_webhook": {"path": hook.path, "received_at": self._now()}}
        execution = self._begin(hook.flow, {**hook.inputs, **given, **told}, "webhook")
        if not hook.wait:
            return JSON({"id": execution.id, "status": execution.status}, 202)
        result = await execution.wait()
        return JSON(answer(result), status_of(result))

    async def keep_time(self) -> None:
        """Start what is due, for ever."""
        while True:
            self._news.clear()
            now = self._moment()
            for table in self._timetables:
                for due in table.due(now):
                    self._start(table, due)
            nearest = min((table.next for table in self._timetables), default=None)
            wait = _LOOK if nearest is None else min(_LOOK, max(0.0, (nearest - self._moment()).total_seconds()))
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except TimeoutError:
                continue

    def _start(self, table: Timetable, due: datetime) -> None:
        schedule, under_way = table.schedule, table.under_way()
        if len(under_way) >= schedule.max_instances:
            _log.warning("%s is not started for %s: %d of its runs go on", schedule.flow, due, len(under_way))
            return
        inputs = {**schedule.inputs, "_schedule": {"cron": schedule.cron, "due": due.isoformat()}}
        try:
            under_way.append(self._begin(schedule.flow, inputs, "schedule"))
        except BadRequest as refused:
            _log.warning("%s could not be started for %s: %s", schedule.flow, due, refused)

    def _begin(self, flow: str, inputs: Mapping[str, Any], origin: How) -> Execution:
        hosted = self._hosting.flows.get(flow)
        if hosted is None:
            raise BadRequest(503, [f"flow `{flow}` is not there any more"])
        if hosted.stubs:
            raise BadRequest(503, ["tasks are not written yet"], stubs=list(hosted.stubs))
        try:
            return self._executions.start(hosted, inputs, origin)
        except FlowLangError as error:
            raise BadRequest(503, [str(error)]) from error

    def _timetable(self, schedule: Schedule) -> Timetable:
        from flowlang.server.triggers.schedules import Timetable

        return Timetable(schedule, self._moment())

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)
