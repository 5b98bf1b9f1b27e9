"""Makes functions of translated values, and tells what went wrong in one of them."""

from __future__ import annotations

import ast
import marshal
from collections.abc import Callable, Iterable
from types import CodeType, TracebackType
from typing import Any, Final

from flowlang.errors import ExpressionError
from flowlang.language.diagnostics import Problems, Span
from flowlang.language.expressions import emit
from flowlang.language.expressions.fields import READERS
from flowlang.language.expressions.translate import translate
from flowlang.language.expressions.wording import quoted
from flowlang.language.model import Value
from flowlang.language.names import Names
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.pieces import DOTTED, Piece, split
from flowlang.language.source import Source

_FILE: Final = "<flow expressions>"

emit.HELPERS.update(READERS)


def compile_values(values: Iterable[Value]) -> None:
    """Fill in `run` of every value that has a tree: a function of the run's frame."""
    compiled = []
    objects: dict[str, Any] = {}
    for value in values:
        if value.tree is None:
            continue
        if value.constant and value.objects is None:
            value.run = _of_constant(value.node)
            continue
        if value.objects is not None:
            objects.update(value.objects)
        compiled.append(value)
    if not compiled:
        return
    names = {**emit.HELPERS, **objects, "__builtins__": {}}
    for value, run in zip(compiled, _functions(compiled, names), strict=True):
        value.run = run


def _functions(values: list[Value], names: dict[str, Any]) -> list[Callable[[Any], Any]]:
    trees = [value.tree for value in values if value.tree is not None]
    try:
        return _evaluated(_compiled(trees), names)
    except (RecursionError, MemoryError):
        # One of them nests too deep for the compiler: find out which, and do the others.
        return [_alone(value, names) for value in values]


def _alone(value: Value, names: dict[str, Any]) -> Callable[[Any], Any]:
    assert value.tree is not None
    try:
        return _evaluated(_compiled([value.tree]), names)[0]
    except (RecursionError, MemoryError):
        failure = ExpressionError("this value nests too deep to be computed")

        def fail(frame: Any) -> Any:
            raise failure

        return fail


def _compiled(trees: list[ast.expr]) -> CodeType:
    whole = ast.Expression(emit.sequence([emit.of_frame(tree) for tree in trees]))
    return compile(whole, _FILE, "eval")


def _evaluated(code: CodeType, names: dict[str, Any]) -> list[Callable[[Any], Any]]:
    functions: list[Callable[[Any], Any]] = eval(code, names)  # the code holds nothing but what `emit` builds
    return functions


def _of_constant(node: Node) -> Callable[[Any], Any]:
    data = node.data
    if not isinstance(data, (dict, list)):
        return lambda frame: data
    if not any(isinstance(item, (dict, list)) for item in (data.values() if isinstance(data, dict) else data)):
        copy = data.copy
        return lambda frame: copy()
    stored = marshal.dumps(data)
    return lambda frame: marshal.loads(stored)


def evaluate(text: str, names: Names, frame: Any) -> Any:
    """The value of a text that somebody typed: an expression, or text with `${…}` in it.

    Raises ExpressionError for everything that is wrong with it.
    """
    value = Value(Scalar(text if "${" in text else f"${{{text}}}"))
    problems = Problems()
    translate(value, names, problems, Source())
    for problem in problems.found:
        if problem.severity == "error":
            raise ExpressionError(problem.sentence)
    compile_values([value])
    assert value.run is not None
    try:
        return value.run(frame)
    # What a frame's values do when they are read is not known; everything is told as an error of the expression.
    except Exception as error:
        raise evaluation_error(error, value) from error


def evaluation_error(error: Exception, value: Value) -> ExpressionError:
    """What to raise when a value's `run` raised: the expression that failed, and why, in plain words.

    Its `span` is the place in the file, if there is one.
    """
    place = _place(value, _line(error.__traceback__))
    if place is None:
        return error if isinstance(error, ExpressionError) else ExpressionError(_reason(error))
    scalar, start, end = place
    told = ExpressionError(f"{quoted(scalar.value[start:end])}: {_reason(error)}", hint=getattr(error, "hint", None))
    span: Span | None = None
    if value.source is not None and scalar.start is not None:
        span = value.source.span_of(scalar, start, end)
    told.span = span
    return told


def _reason(error: Exception) -> str:
    if isinstance(error, ExpressionError):
        return str(error)
    if isinstance(error, RecursionError):
        return "the values nest too deep"
    if isinstance(error, MemoryError):
        return "the values are too large"
    if isinstance(error, OverflowError):
        return f"a number or date is too large ({error})"
    return f"{error}" if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"


def _line(traceback: TracebackType | None) -> int:
    """The number of the `${…}` that was being evaluated."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _FILE:
            line = traceback.tb_lineno or 0
        traceback = traceback.tb_next
    return line


def _place(value: Value, line: int) -> tuple[Scalar, int, int] | None:
    places = _places(value.node, value.form != "value", value.form == "condition")
    number = 0
    last = None
    for number, last in enumerate(places, 1):
        if number == line:
            return last
    return last if number == 1 else None


def _places(node: Node, bare: bool, condition: bool) -> Iterable[tuple[Scalar, int, int]]:
    """The expressions of a value, in the order in which they were translated."""
    if isinstance(node, Mapping):
        for _, _, inner in node.items():
            yield from _places(inner, bare and condition, condition)
    elif isinstance(node, Sequence):
        for inner in node.items:
            yield from _places(inner, bare and condition, condition)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        text = node.value
        if bare and (condition or "${" not in text):
            yield from _places_of_condition(node, text)
        elif "${" in text:
            for part in split(text):
                if isinstance(part, Piece):
                    yield node, part.start - 2, part.end + 1


def _places_of_condition(node: Scalar, text: str) -> Iterable[tuple[Scalar, int, int]]:
    from flowlang.language.expressions.braces import in_condition  # only an error needs it

    simple = DOTTED.fullmatch(text, 2, len(text) - 1) if text.startswith("${") and text.endswith("}") else None
    for start, end, is_template in in_condition(text):
        if is_template:
            for part in split(text[start + 1 : end - 1]):
                if isinstance(part, Piece):
                    yield node, start + part.start - 1, start + part.end + 2
        else:
            yield node, start, end
    if simple is None:
        yield node, 0, len(text)
