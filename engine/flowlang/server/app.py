"""The HTTP application: flows to call, runs to follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

import flowlang
from flowlang.errors import JournalError
from flowlang.journal.records import RecordedRun, RunStatus, RunSummary
from flowlang.server.answers import JSON, answer, described, recorded, status_of
from flowlang.server.bodies import BadRequest, read_inputs
from flowlang.server.executions import Execution, Executions, Full, Stopping
from flowlang.server.heads import with_heads
from flowlang.server.hosting import HostedFlow, Hosting
from flowlang.server.metrics import metrics
from flowlang.server.security import Guard
from flowlang.server.streams import asked_inputs, events_so_far, follow, recorded_events, refuse, sent_events
from flowlang.values import plain

_log = logging.getLogger("flowlang.server")

_EXECUTE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"inputs": {"type": "object", "description": "The flow's inputs, by name."}},
                },
                "example": {"inputs": {"user_id": 1}},
            }
        },
    }
}
_ENDINGS: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "The run was cancelled."},
    422: {"description": "The inputs don't fit the flow; every problem is told."},
    500: {"description": "The flow failed; its error is told."},
    503: {"description": "Tasks are not written yet, or the server can take nothing more."},
}


class Service:
    """The answers to requests."""

    def __init__(self, hosting: Hosting, executions: Executions) -> None:
        self.hosting = hosting
        self.executions = executions

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(default_response_class=JSON)
        get, post = router.get, router.post
        # routes are tried one after the other: the one that is asked for most is the first
        post(
            "/flows/{name}/execute",
            tags=["flows"],
            summary="Run a flow and wait for its result",
            openapi_extra=_EXECUTE,
            responses=_ENDINGS,
        )(self.execute)
        get("/", tags=["server"], summary="What this server is and which flows it has")(self.index)
        get("/health", tags=["server"], summary="Whether the server lives")(self.health)
        get("/ready", tags=["server"], summary="Whether the server takes requests, and every flow can run")(self.ready)
        get("/metrics", tags=["server"], summary="Counters for Prometheus", response_class=PlainTextResponse)(
            self.metrics
        )
        get("/flows", tags=["flows"], summary="Every flow")(self.flows)
        get("/flows/{name}", tags=["flows"], summary="A flow, with the schemas of its inputs and outputs")(self.flow)
        get("/flows/{name}/graph", tags=["flows"], summary="A page that draws the flow", response_class=HTMLResponse)(
            self.graph
        )
        post(
            "/flows/{name}/execute/stream",
            tags=["flows"],
            summary="Run a flow and follow its events (server-sent events)",
            openapi_extra=_EXECUTE,
            response_class=StreamingResponse,
        )(self.stream)
        router.websocket("/flows/{name}/live")(self.live)
        get("/executions", tags=["executions"], summary="The latest runs")(self.list)
        get("/executions/{id}", tags=["executions"], summary="A run, with its result when it is over")(self.execution)
        get(
            "/executions/{id}/events",
            tags=["executions"],
            summary="A run's events from its beginning (server-sent events)",
            response_class=StreamingResponse,
        )(self.events)
        post("/executions/{id}/cancel", tags=["executions"], summary="Cancel a run")(self.cancel)
        return router

    async def index(self) -> Response:
        flows = [{"name": one.name, "description": one.flow.description} for one in self.hosting.flows.values()]
        return JSON({"name": "flowlang", "version": flowlang.__version__, "flows": flows, "docs": "/docs"})

    async def health(self) -> Response:
        return JSON({"status": "ok"})

    async def ready(self) -> Response:
        problems = {str(path): problem for path, problem in self.hosting.problems.items()}
        stubs = {one.name: list(one.stubs) for one in self.hosting.flows.values() if one.stubs}
        ready = not problems and not stubs and not self.executions.is_stopping
        told = {"ready": ready, "problems": problems, "stubs": stubs, "stopping": self.executions.is_stopping}
        return JSON(told, 200 if ready else 503)

    async def metrics(self) -> Response:
        return PlainTextResponse(metrics(self.executions), media_type="text/plain; version=0.0.4")

    async def flows(self) -> Response:
        return JSON(plain([one.describe() for one in self.hosting.flows.values()]))

    async def flow(self, name: str) -> Response:
        return JSON(plain(self._hosted(name).describe()))

    async def graph(self, name: str) -> Response:
        from flowlang.server.graph_page import graph_page

        return HTMLResponse(graph_page(self._hosted(name)))

    async def execute(self, name: str, request: Request) -> Response:
        execution = self._begin(self._hosted(name), await read_inputs(request))
        # what waits for nothing is over after its first turn, and nobody need look out for the client meanwhile
        await asyncio.sleep(0)
        if execution.result is None:
            gone = asyncio.ensure_future(_gone(request))
            try:
                if not await execution.is_over_before(gone):
                    await execution.cancel("the client has gone")
            finally:
                gone.cancel()
        result = await execution.wait()
        return JSON(answer(result), status_of(result))

    async def stream(self, name: str, request: Request) -> Response:
        execution = self._begin(self._hosted(name), await read_inputs(request))
        return _streamed(sent_events(execution))

    async def live(self, socket: WebSocket, name: str) -> None:
        """A WebSocket: the client sends `{"inputs": …}`, then gets every event; `{"cancel": true}` cancels."""
        await socket.accept()
        try:
            execution = self._begin(self._hosted(name), await asked_inputs(socket))
        except BadRequest as refused:
            await refuse(socket, refused)
            await socket.close(1008)
        except WebSocketDisconnect:
            pass
        else:
            await follow(socket, execution)

    async def list(self, flow: str | None = None, status: RunStatus | None = None, limit: int = 100) -> Response:
        limit = max(0, min(limit, 1000))
        found = [one.describe() for one in self.executions.list(flow, status, limit)]
        found += [described(run) for run in await self._before(flow, status, limit)]
        found.sort(key=lambda one: -one["started"])
        return JSON(found[:limit])

    async def _before(self, flow: str | None, status: str | None, limit: int) -> Sequence[RunSummary]:
        """The newest recorded runs that the server doesn't know, or not any more."""
        history = self.executions.history
        try:
            recorded = [] if history is None else await history.runs(flow, status, limit)
        except JournalError as error:
            _log.warning("the recorded runs cannot be listed: %s", error)
            return []
        return [run for run in recorded if self.executions.get(run.run_id) is None]

    async def execution(self, id: str) -> Response:
        execution = self.executions.get(id)
        if execution is None:
            return JSON(await asyncio.to_thread(recorded, await self._recorded(id)))
        result = None if execution.result is None else answer(execution.result)
        return JSON({**execution.describe(), "result": result})

    async def events(self, id: str) -> Response:
        execution = self.executions.get(id)
        if execution is not None:
            return _streamed(events_so_far(execution, self.executions.history))
        return _streamed(recorded_events(await self._recorded(id)))

    async def cancel(self, id: str) -> Response:
        execution = self.executions.get(id)
        if execution is None:
            status = (await self._recorded(id)).summary.status
            over = status not in ("queued", "running")
            return JSON({"detail": _over(status) if over else "it is not this server that runs it"}, 409)
        if execution.result is not None:
            return JSON({"detail": _over(execution.status)}, 409)
        await execution.cancel("cancelled by a client")
        return JSON({"id": execution.id, "status": "cancelling"}, 202)

    def _hosted(self, name: str) -> HostedFlow:
        hosted = self.hosting.flows.get(name)
        if hosted is None:
            raise _not_found(f"there is no flow `{name}`", flows=list(self.hosting.flows))
        return hosted

    async def _recorded(self, id: str) -> RecordedRun:
        """A run that the server doesn't know, or not any more, from the journal."""
        history = self.executions.history
        run = None if history is None else await history.run(id)
        if run is None:
            raise _not_found(f"there is no run `{id}`, or not any more")
        return run

    def _begin(self, hosted: HostedFlow, inputs: Mapping[str, Any]) -> Execution:
        if hosted.stubs:
            raise BadRequest(503, ["tasks are not written yet"], stubs=list(hosted.stubs))
        try:
            return self.executions.start(hosted, inputs)
        except (Full, Stopping) as error:
            raise BadRequest(503, [str(error)]) from error


def create_app(hosting: Hosting, executions: Executions, *, guard: Guard | None = None, grace: float = 10.0) -> FastAPI:
    """The application for these flows. On shutdown runs get `grace` seconds to end, then they are cancelled."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if executions.history is not None:
            executions.history.open()
        try:
            yield
        finally:
            if not executions.is_stopping:
                await executions.stop(grace)
            if executions.history is not None:
                await executions.history.close()
            await hosting.close()

    app = FastAPI(title="flowlang", version=flowlang.__version__, lifespan=lifespan)
    app.state.hosting, app.state.executions = hosting, executions
    app.include_router(Service(hosting, executions).router())

    app.add_exception_handler(BadRequest, _refused)
    app.add_exception_handler(JournalError, _unreadable)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_middleware(with_heads)
    app.add_middleware((guard or Guard(None)).middleware)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)
    return JSON(error.told, error.status, headers={"Retry-After": "1"} if error.status == 503 else None)


async def _unreadable(request: Request, error: Exception) -> Response:
    return JSON({"detail": f"the journal cannot be read: {error}", "problems": [str(error)]}, 503)


async def _unfit(request: Request, error: Exception) -> Response:
    """What is wrong with the query of a request."""
    assert isinstance(error, RequestValidationError)
    problems = [f"`{wrong['loc'][-1]}`: {wrong['msg']}" for wrong in error.errors()]
    return JSON({"detail": "; ".join(problems), "problems": problems}, 422)


async def _unknown(request: Request, error: Exception) -> Response:
    """What no route answers to, or none with this method."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    known = {404: f"there is nothing at {path}", 405: f"{path} does not answer to {request.method}"}
    problem = known.get(error.status_code, str(error.detail))
    return JSON({"detail": problem, "problems": [problem]}, error.status_code, headers=error.headers)


def _over(status: str) -> str:
    return f"the run is over: it {'was ' if status in ('cancelled', 'interrupted', 'terminated') else ''}{status}"


def _streamed(events: AsyncIterator[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _not_found(message: str, **more: Any) -> BadRequest:
    return BadRequest(404, [message], **more)


async def _gone(request: Request) -> None:
    """Wait until the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
