"""What can be called as a task, and how: functions, methods, partial applications, objects with `__call__`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from flowlang.errors import ConfigurationError

#: The kinds of parameters that take any number of arguments.
VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

_GENERATOR: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_FUNCTION: Final = type(lambda: None)


def signature_of(function: Callable[..., Any], name: str) -> inspect.Signature:
    """The signature with which a step calls `function`; a builtin that has none takes anything.

    Raises ConfigurationError for parameters that can only be given by position, as steps give arguments by name.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        return inspect.Signature([inspect.Parameter("arguments", inspect.Parameter.VAR_KEYWORD)])
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ConfigurationError(
                f"the task `{name}`{_at(function)} takes `{parameter.name}` by position only, "
                "but a step gives its arguments by name",
                hint="remove the `/` from its parameters, or register a function that calls it",
            )
    return signature


def named_parameters(function: Callable[..., Any], name: str) -> frozenset[str]:
    """The names of the parameters that can be given by name; raises ConfigurationError like `signature_of`."""
    plain = getattr(function, "__func__", function)
    if type(plain) is _FUNCTION and not plain.__dict__:
        # a decorator leaves its mark in __dict__; without one the code object says it all, far quicker
        code = plain.__code__
        bound = 0 if plain is function else 1
        if code.co_posonlyargcount <= bound:
            return frozenset(code.co_varnames[bound : code.co_argcount + code.co_kwonlyargcount])
    parameters = signature_of(function, name).parameters.values()
    return frozenset(parameter.name for parameter in parameters if parameter.kind not in VARIADIC)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives a coroutine."""
    if inspect.iscoroutinefunction(function):
        return True
    target = _without_partials(function)
    return not _has_code(target) and inspect.iscoroutinefunction(_call_of(target))


def is_generator(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives a generator, plain or async."""
    target = _without_partials(function)
    code = getattr(target if _has_code(target) else _call_of(target), "__code__", None)
    return code is not None and bool(code.co_flags & _GENERATOR)


def innermost(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that was written: without partial application, binding and decorators that say what they wrap."""
    target = _without_partials(function)
    if not _has_code(target) and not isinstance(target, type):
        target = _call_of(target)
    target = getattr(target, "__func__", target)
    return inspect.unwrap(target) if hasattr(target, "__wrapped__") else target


def place_of(function: Callable[..., Any]) -> str | None:
    """`file:line` of where a function was written; None for one that was not written in Python."""
    code = getattr(innermost(function), "__code__", None)
    return None if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _without_partials(function: Callable[..., Any]) -> Callable[..., Any]:
    from functools import partial

    while isinstance(function, partial):
        function = function.func
    return function


def _has_code(function: Callable[..., Any]) -> bool:
    return hasattr(getattr(function, "__func__", function), "__code__")


def _call_of(target: Callable[..., Any]) -> Any:
    return type(target).__call__


def _at(function: Callable[..., Any]) -> str:
    place = place_of(function)
    return f" ({place})" if place else ""
