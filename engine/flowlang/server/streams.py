"""Runs that are followed while they go on: as server-sent events, and over a WebSocket that can cancel them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import WebSocket, WebSocketDisconnect

from flowlang.errors import JournalError
from flowlang.journal.records import RecordedRun
from flowlang.server.answers import answer, as_json, recorded_answer
from flowlang.server.bodies import BadRequest, inputs_in, parsed
from flowlang.server.executions import Execution

if TYPE_CHECKING:
    from flowlang.server.history import History

_log = logging.getLogger("flowlang.server")


async def sent_events(execution: Execution) -> AsyncIterator[bytes]:
    """A run's events as server-sent events, the last of them `end`. The run ends when who follows it goes away."""
    try:
        async for event in execution.follow():
            yield _sent(event)
        yield _end(answer(await execution.wait()))
    finally:
        if execution.result is None:
            await asyncio.shield(execution.cancel("the client has gone"))


async def events_so_far(execution: Execution, history: History | None) -> AsyncIterator[bytes]:
    """As `sent_events`, for somebody who comes later: the first events of a long run are read from the journal."""
    first = True
    async for event in execution.follow():
        if first and event["seq"] > 1 and history is not None:
            for earlier in await _events_before(history, execution.id, event["seq"]):
                yield _sent(earlier)
        first = False
        yield _sent(event)
    yield _end(answer(await execution.wait()))


async def _events_before(history: History, id: str, seq: int) -> Sequence[Mapping[str, Any]]:
    try:
        run = await history.run(id)
        return [] if run is None else await asyncio.to_thread(lambda: [one for one in run.events() if one["seq"] < seq])
    except JournalError as error:
        _log.warning("the first events of run %s cannot be read: %s", id, error)
        return []


async def recorded_events(run: RecordedRun) -> AsyncIterator[bytes]:
    """The events of a recorded run, as those of a live one are sent."""
    for event in await asyncio.to_thread(lambda: list(run.events())):
        yield _sent(event)
    yield _end(await asyncio.to_thread(recorded_answer, run))


def _sent(event: Mapping[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event["seq"], event["type"].encode(), as_json(event))


def _end(result: Mapping[str, Any] | None) -> bytes:
    return b"event: end\ndata: %s\n\n" % as_json(result)


async def asked_inputs(socket: WebSocket) -> Mapping[str, Any]:
    """The inputs in the first message. Raises BadRequest for one that has none, WebSocketDisconnect when none comes."""
    return inputs_in(await _received(socket))


async def refuse(socket: WebSocket, refused: BadRequest) -> None:
    """Tell what is wrong with a message."""
    await _send(socket, {"type": "refused", "status": refused.status, **refused.told})


async def follow(socket: WebSocket, execution: Execution) -> None:
    """Send every event, `end` with the result at last; the run is cancelled on demand, and when the client goes."""
    listening = asyncio.ensure_future(_obey(socket, execution))
    try:
        async for event in execution.follow():
            await _send(socket, event)
        await _send(socket, {"type": "end", "result": answer(await execution.wait())})
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        await execution.cancel("the client has gone")
    finally:
        listening.cancel()


async def _obey(socket: WebSocket, execution: Execution) -> None:
    try:
        while True:
            try:
                _check_command(parsed(await _received(socket)))
            except BadRequest as refused:
                await refuse(socket, refused)
            else:
                await execution.cancel("cancelled by a client")
    except (WebSocketDisconnect, RuntimeError):
        await execution.cancel("the client has gone")


def _check_command(message: Any) -> None:
    if message != {"cancel": True}:
        raise BadRequest(422, ['a message to a run that goes on is {"cancel": true}'])


async def _received(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1006))
    text: str | bytes | None = message.get("text")
    return message["bytes"] if text is None else text


async def _send(socket: WebSocket, message: Mapping[str, Any]) -> None:
    await socket.send_text(as_json(message).decode())
