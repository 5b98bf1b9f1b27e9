"""What cannot be done is told in a sentence, wherever it was tried."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flowlang import FlowLangError
from flowlang_tui.screens.base import ProjectScreen

P = ParamSpec("P")
S = TypeVar("S", bound=ProjectScreen)


def told(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, None]]:
    """Let a screen tell why something could not be done, and what would help, instead of raising it."""

    @wraps(method)
    async def telling(screen: S, /, *arguments: P.args, **options: P.kwargs) -> None:
        try:
            await method(screen, *arguments, **options)
        except FlowLangError as error:
            screen.tell(f"{error}\n{error.hint}" if error.hint else str(error), "error")

    return telling
