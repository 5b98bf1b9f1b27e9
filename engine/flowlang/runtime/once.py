"""Steps that take effect exactly once: their effect and a mark of it are one transaction of their database.

The mark names the execution, so an execution that is repeated, because its answer was lost on the way or its process
died, finds it and takes its result from there.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from json import loads
from typing import TYPE_CHECKING, Any, Final

from flowlang.connections.base import Mark, Marked
from flowlang.errors import FlowExecutionError, ResultNotKeptError
from flowlang.exact import decode, encode
from flowlang.runtime.steps import check_promises

if TYPE_CHECKING:
    from flowlang.redaction import Redactor
    from flowlang.runtime.call import FlowCall
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan

#: Results of more characters than this are not kept with the mark.
LONGEST: Final = 4_000_000

_log = logging.getLogger("flowlang.connections")


async def once(
    frame: Frame, plan: StepPlan, name: str, session: Any, work: Callable[[], Awaitable[Any]], *, own_task: bool
) -> Any:
    """Do the work of a step on a session of the connection `name`, unless its mark says that it was done."""
    call = frame.call
    run, connections = call.run, call.connections
    assert connections is not None, "there is a session of one of them"
    path = frame.path + plan.id
    number = run.effects.get(path, 0) + 1

    async def as_promised() -> Any:
        result = await work()
        if plan.promised:
            check_promises(plan, result)
        return result

    mark = Mark(run.run_id, path, number, partial(_encoded, run.redactor), partial(_decoded, plan.id))
    result = await connections.plugin(name).exactly_once(session, mark, as_promised, own_task=own_task)
    run.effects[path] = number
    connections.marked.add(name)
    return result


async def forget_marks(call: FlowCall) -> None:
    """Remove the marks of a flow that came to a good end: nobody will look for them any more."""
    connections = call.connections
    assert connections is not None, "marks are left on connections"
    for name in connections.marked:
        try:
            session = await connections.acquire(name)
            try:
                await connections.plugin(name).forget_marks(session, call.run.run_id, call.prefix)
            finally:
                await connections.release(name, session)
        # the flow has done its work: marks that are left do no harm, and are removed when they are old
        except Exception as error:
            _log.debug("the marks on `%s` could not be removed: %s", name, type(error).__name__)


def _encoded(redactor: Redactor, result: Any) -> str | None:
    text, _ = encode(result, redactor(result), redactor)
    return text if len(text) <= LONGEST else None


def _decoded(step: str, marked: Marked) -> Any:
    if not marked.done:
        raise FlowExecutionError(
            f"step `{step}` ended the transaction that its mark belongs to, so nobody knows how much of it was done",
            hint="look into the database; a step that is `exactly_once` leaves COMMIT and ROLLBACK to the engine",
        )
    value, why_not = (None, "it is too large") if marked.result is None else decode(loads(marked.result))
    if why_not is not None:
        raise ResultNotKeptError(
            f"step `{step}` has taken effect, but its result was not kept: {why_not}",
            hint="resume the run with this step left out: its result is null then",
        )
    return value
