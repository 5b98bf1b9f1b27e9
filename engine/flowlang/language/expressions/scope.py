"""Resolves the names that expressions read, and notes what is read and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flowlang.language.diagnostics import Problems, Span, nearest
from flowlang.language.expressions import emit
from flowlang.language.model import Read
from flowlang.language.names import Names
from flowlang.language.nodes import Scalar
from flowlang.language.pieces import MAX_DEPTH
from flowlang.language.vocabulary import CONTEXT_FIELDS, LOOP_FIELDS

if TYPE_CHECKING:
    import ast

    from flowlang.language.source import Source

_LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


class Scope:
    """What the expressions of one value may read, and everything that translating them finds out.

    `scalar` is the text that is being translated; offsets are places in its value. `line` is the number of the
    current `${…}` within the value.
    """

    __slots__ = ("failed", "line", "names", "problems", "reads", "scalar", "source")

    def __init__(self, names: Names, problems: Problems, source: Source) -> None:
        self.names = names
        self.problems = problems
        self.source = source
        self.scalar = Scalar("")
        self.line = 0
        self.reads: list[Read] = []
        self.failed = False

    def error(self, code: str, message: str, start: int, end: int, suggestion: str | None = None) -> ast.expr:
        """Report a problem; gives back a tree that can stand in for what was wrong."""
        self.failed = True
        self.problems.error(code, message, self.span(start, end), suggestion=suggestion)
        return emit.NULL

    def warning(self, code: str, message: str, start: int, end: int, suggestion: str | None = None) -> None:
        """Report what may be meant otherwise."""
        self.problems.warning(code, message, self.span(start, end), suggestion=suggestion)

    def span(self, start: int, end: int) -> Span:
        """Where a stretch of the current text stands in the file."""
        scalar = self.scalar
        first, last = scalar.start, scalar.end
        if first is not None and last is not None and first.line == last.line:
            quotes = 1 if scalar.style else 0
            column = first.column
            if last.column - column == len(scalar.value) + 2 * quotes and scalar.style in ("", '"', "'"):
                line = first.line + 1
                column += 1 + quotes
                return Span(line, column + start, line, column + end)
        return self.source.span_of(scalar, start, end)

    def read(self, root: str, path: Iterable[str | int], start: int, end: int, optional: bool = False) -> None:
        """Note that a name is read."""
        self.reads.append(Read(root, tuple(path), self.span(start, end), optional))

    def dotted(self, names: list[str], start: int, end: int) -> ast.expr:
        """The tree that reads names joined by points."""
        if len(names) > MAX_DEPTH:
            message = f"the expression nests deeper than {MAX_DEPTH} levels"
            return self.error("expression-limit", message, start, end)
        found = self.root(names, start, end)
        if found is None:
            return self.unknown(names[0], start, start + len(names[0]))
        tree, used = found
        for name in names[used:]:
            tree = emit.call("field", tree, emit.constant(name), line=self.line)
        return tree

    def root(
        self, path: list[str] | list[str | int], start: int, end: int, optional: bool = False, variables: bool = True
    ) -> tuple[ast.expr, int] | None:
        """The tree that reads the beginning of a path, and how many of its parts that takes; None if unknown.

        With `variables`, a name in capitals that nothing else has is one of the environment.
        """
        name = path[0]
        assert isinstance(name, str)
        place = self.names.find(name)
        if place is None:
            if name in _LITERALS:
                return emit.constant(_LITERALS[name]), 1
            if variables and name.isupper() and name[0] != "_" and name.isascii():
                return self.variable(name, start, end, optional), 1
            return None
        kind = place.kind
        if kind == "step":
            self.read(name, path[1:], start, end, optional)
            state = emit.state(name, place.depth)
            if len(path) == 1 or not isinstance(path[1], str):
                return emit.attribute(state, "result"), 1
            helper = "step_field_or_null" if optional else "step_field"
            return emit.call(helper, state, emit.constant(path[1]), line=self.line), 2
        if kind == "item":
            self.read(name, path[1:], start, end, optional)
            return emit.attribute(emit.frame(place.depth), "item"), 1
        if kind == "inputs":
            return self.inputs(path, start, end, optional)
        if kind == "env":
            return self.env(path, start, end, optional)
        self.read(name, path[1:], start, end, optional)
        return self.known_fields(path, start, end)

    def inputs(self, path: list[str] | list[str | int], start: int, end: int, optional: bool) -> tuple[ast.expr, int]:
        tree = emit.attribute(emit.frame(0), "inputs")
        if len(path) == 1 or not isinstance(path[1], str):
            self.read("inputs", (), start, end, optional)
            return tree, 1
        key = path[1]
        depth = self.names.item_depth(key)
        if depth is not None:
            self.read(key, path[2:], start, end, optional)
            return emit.attribute(emit.frame(depth), "item"), 2
        self.read("inputs", path[1:], start, end, optional)
        self.declared(key, start, end, optional)
        helper = "field_or_null" if optional else "field"
        return emit.call(helper, tree, emit.constant(key), line=self.line), 2

    def declared(self, key: str, start: int, end: int, optional: bool) -> None:
        declared = self.names.flow.inputs
        if key.startswith("_") or (declared is not None and any(one.name == key for one in declared)):
            return
        start, end = self.within(key, start, end)
        if declared is None:
            message = f"input `{key}` is not declared: the flow has no `inputs`"
            self.warning("undeclared-input", message, start, end)
            return
        message = f"the flow declares no input `{key}`"
        suggestion = nearest(key, [one.name for one in declared])
        if optional:
            self.warning("unknown-input", message, start, end, suggestion)
        else:
            self.error("unknown-input", message, start, end, suggestion)

    def within(self, key: str, start: int, end: int) -> tuple[int, int]:
        """Where the second part of a path stands in the stretch of the path."""
        text: str = self.scalar.value
        root = re.compile(r"[.\[]").search(text, start, end)
        found = text.find(key, start if root is None else root.end(), end)
        return (start, end) if found < 0 else (found, found + len(key))

    def env(self, path: list[str] | list[str | int], start: int, end: int, optional: bool) -> tuple[ast.expr, int]:
        if len(path) == 1 or not isinstance(path[1], str):
            message = "`env` is read one variable at a time, with its name written out: `${env.NAME}`"
            return self.error("unknown-field", message, start, end), len(path)
        return self.variable(path[1], start, end, optional), 2

    def variable(self, name: str, start: int, end: int, optional: bool = False, default: str | None = None) -> ast.expr:
        """The tree that reads a variable of the environment."""
        optional = optional or default is not None
        self.read("env", (name,), start, end, optional)
        variables = emit.attribute(emit.frame(0), "env")
        if not optional:
            return emit.call("environment", variables, emit.constant(name), line=self.line)
        return emit.call("environment_or", variables, emit.constant(name), emit.constant(default), line=self.line)

    def known_fields(self, path: list[str] | list[str | int], start: int, end: int) -> tuple[ast.expr, int]:
        root = path[0]
        tree = emit.attribute(emit.frame(0), str(root))
        if len(path) == 1 or not isinstance(path[1], str):
            return tree, 1
        fields = LOOP_FIELDS if root == "loop" else CONTEXT_FIELDS
        key = path[1]
        if key not in fields:
            message = f"`{root}` has no `{key}`; it has " + ", ".join(f"`{name}`" for name in fields)
            self.error("unknown-field", message, *self.within(key, start, end), nearest(key, fields))
        return emit.call("field_or_null", tree, emit.constant(key), line=self.line), 2

    def unknown(self, name: str, start: int, end: int) -> ast.expr:
        """Report a name that nothing has."""
        from flowlang.language.expressions.functions import FUNCTIONS  # only a problem needs it

        if name in FUNCTIONS:
            message = f"`{name}` is a function: it is called with `{FUNCTIONS[name].signature}`"
            return self.error("unknown-name", message, start, end)
        if name == "loop":
            return self.error("unknown-name", "`loop` is known only inside a `for_each`", start, end)
        return self.error(
            "unknown-name",
            f"nothing here is called `{name}`: no step, loop variable or function",
            start,
            end,
            nearest(name, self.names.known()),
        )
