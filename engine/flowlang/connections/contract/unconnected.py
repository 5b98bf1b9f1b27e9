"""The plugin before it is connected, and when it can't be."""

from __future__ import annotations

import builtins

from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import CONNECT_SECONDS, SECRET, Subject
from flowlang.connections.contract.traces import Traces
from flowlang.connections.limits import limited


@check("two instances share nothing that changes")
def instances_are_independent(subject: Subject) -> None:
    first, second = subject.plugin(), subject.plugin()
    shared = [
        name
        for name, value in vars(first).items()
        if isinstance(value, (list, dict, set)) and vars(second).get(name) is value
    ]
    require(not shared, f"two connections would get in each other's way: {', '.join(shared)}")


@check("a connection that isn't open gives an error, not a surprise")
async def getting_without_connecting_is_an_error(subject: Subject) -> None:
    try:
        await limited(subject.fresh().get_connection(), CONNECT_SECONDS)
    except builtins.ConnectionError:
        return
    except TimeoutError as error:
        raise Violation("get_connection before connect waits for ever") from error
    # what it raises instead is what this is about
    except Exception as error:
        raise Violation(
            f"get_connection before connect raises {type(error).__name__}: {error}; raise ConnectionError"
        ) from error
    raise Violation("get_connection before connect gives a connection")


@check("disconnecting what was never connected does nothing")
async def disconnecting_early_is_harmless(subject: Subject) -> None:
    plugin = subject.fresh()
    for _ in range(2):
        await limited(plugin.disconnect(), CONNECT_SECONDS)


@check("a server that is away is a connection error that shows no secret")
async def an_absent_server_is_an_error(subject: Subject) -> None:
    error = await _failure(subject)
    require(
        isinstance(error, builtins.ConnectionError),
        f"connect raises {type(error).__name__}: {error}; raise ConnectionError from it",
    )
    text = f"{error} {getattr(error, 'hint', '')}"
    require(SECRET not in text, f"the error shows the password: {text.replace(SECRET, '••••')}")


@check("a failed connect leaves nothing, and can be disconnected twice")
async def a_failed_connect_leaves_nothing(subject: Subject) -> None:
    await _failure(subject)
    traces = Traces()
    await _failure(subject)
    grown = await traces.left()
    require(not grown, f"a connect that failed leaves {grown}")


async def _failure(subject: Subject) -> Exception:
    """What connecting to a server that is away raises."""
    if not subject.plugin().check_dependencies()[0]:
        raise NotApplicable(f"flowlang connection install {subject.name}")
    plugin, config = subject.fresh(), dict(subject.unreachable)
    try:
        await limited(plugin.connect(config), CONNECT_SECONDS)
    except builtins.ConnectionError as error:
        return error
    except TimeoutError as error:
        raise Violation(f"connect to a server that is away still waits after {CONNECT_SECONDS:g} s") from error
    # whatever it is, the caller looks at it
    except Exception as error:
        return error
    finally:
        for _ in range(2):
            await limited(plugin.disconnect(), CONNECT_SECONDS)
    raise NotApplicable("connecting doesn't look whether the server is there")
