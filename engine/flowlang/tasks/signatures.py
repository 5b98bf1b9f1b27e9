"""What a task's signature says: the arguments it takes and what it gives back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flowlang.language.catalog import Parameter, TaskInfo
from flowlang.tasks.annotations import json_type
from flowlang.tasks.callables import VARIADIC, innermost, named_parameters, place_of, signature_of

if TYPE_CHECKING:
    from flowlang.tasks.docstrings import Docstring

#: Parameters that the run fills in, beside the step's arguments.
INJECTED: Final = frozenset({"connection", "context"})


def describe(
    function: Callable[..., Any],
    *,
    name: str,
    description: str = "",
    provider: str | None = None,
    stub: bool = False,
) -> TaskInfo:
    """What is known of a task from its signature and its docstring (in Google's style).

    Without a `description` it is the docstring's first paragraph. Raises ConfigurationError for a function
    that a step cannot call.
    """
    signature = signature_of(function, name)
    implementation = innermost(function)
    namespace = getattr(implementation, "__globals__", {})
    doc = _doc_of(implementation)
    parameters = tuple(
        Parameter(
            parameter.name,
            json_type(parameter.annotation, namespace),
            parameter.default is parameter.empty,
            None if parameter.default is parameter.empty else parameter.default,
            doc.arguments.get(parameter.name, ""),
        )
        for parameter in signature.parameters.values()
        if parameter.kind not in VARIADIC and parameter.name not in INJECTED
    )
    return TaskInfo(
        name,
        description or doc.summary,
        parameters,
        doc.results,
        any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()),
        "connection" in named_parameters(function, name),
        provider,
        stub,
        doc.example,
        place_of(function),
    )


def _doc_of(function: Callable[..., Any]) -> Docstring:
    from flowlang.tasks.docstrings import read_docstring  # its patterns cost start-up time

    text = function.__doc__
    return read_docstring(inspect.cleandoc(text) if isinstance(text, str) else "")
