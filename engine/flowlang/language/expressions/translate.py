"""Turns a value of a flow into the Python expression that computes it."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flowlang.language.diagnostics import Problems
from flowlang.language.expressions import emit
from flowlang.language.expressions.emit import HELPERS
from flowlang.language.expressions.scope import Scope
from flowlang.language.expressions.work import MAX_WORK
from flowlang.language.model import Value
from flowlang.language.names import Names
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.pieces import DOTTED, Piece, split

if TYPE_CHECKING:
    import ast

    from flowlang.language.source import Source

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})

HELPERS["fresh"] = marshal.loads


def translate(value: Value, names: Names, problems: Problems, source: Source) -> None:
    """Fill in a value's `tree`, `reads` and `constant`. Never raises for what the flow's author wrote.

    Everything wrong with it goes to `problems`; then the tree stays None.
    """
    translator = Translator(names, problems, source)
    if value.form == "value":
        tree = translator.node(value.node)
    else:
        from flowlang.language.expressions import conditions  # a plain sequence of tasks needs none

        read = conditions.condition if value.form == "condition" else conditions.expression
        tree = read(translator, value.node)
    value.source = source
    value.reads = tuple(translator.reads)
    value.objects = translator.objects
    value.constant = tree is None
    if translator.failed:
        value.constant = False
        value.tree = None
    else:
        value.tree = translator.constant(value.node) if tree is None else tree


class Translator(Scope):
    """Translates the nodes of one value."""

    __slots__ = ("objects", "shared_work")

    def __init__(self, names: Names, problems: Problems, source: Source) -> None:
        super().__init__(names, problems, source)
        self.objects: dict[str, Any] | None = None
        self.shared_work = False

    def node(self, node: Node) -> ast.expr | None:
        """The tree of a node, or None if there is no `${…}` in it."""
        if isinstance(node, Scalar):
            text = node.value
            return self.text(node) if isinstance(text, str) and "${" in text else None
        if isinstance(node, Mapping):
            inner = {key: self.node(value) for key, (_, value) in node.entries.items()}
            if all(tree is None for tree in inner.values()):
                return None
            keys = [emit.constant(key) for key in inner]
            return emit.mapping(
                keys, [self.constant(node.entries[key][1]) if tree is None else tree for key, tree in inner.items()]
            )
        assert isinstance(node, Sequence)
        items = [self.node(item) for item in node.items]
        if all(tree is None for tree in items):
            return None
        return emit.sequence(
            [self.constant(item) if tree is None else tree for item, tree in zip(node.items, items, strict=True)]
        )

    def constant(self, node: Node) -> ast.expr:
        """A tree for a node without expressions: a new copy of its data at each evaluation."""
        data = node.data
        if type(data) in _PLAIN:
            return emit.constant(data)
        if data == {} and type(data) is dict:
            return emit.mapping((), ())
        if data == [] and type(data) is list:
            return emit.sequence(())
        try:
            return emit.call("fresh", emit.constant(marshal.dumps(data)))
        except ValueError:
            # A flow given as Python data may hold objects that only Python can make: those are handed over as they are.
            if isinstance(node, Mapping):
                keys = [emit.constant(key) for key in node.entries]
                return emit.mapping(keys, [self.constant(value) for _, value in node.entries.values()])
            if isinstance(node, Sequence):
                return emit.sequence([self.constant(item) for item in node.items])
            if self.objects is None:
                self.objects = {}
            name = f"object_{id(data)}"
            self.objects[name] = data
            return emit.name(name)

    def text(self, scalar: Scalar) -> ast.expr:
        """The tree of a text with `${` in it: the typed value of one expression, or a text with values in it."""
        self.scalar = scalar
        text: str = scalar.value
        if text.startswith("${") and text.endswith("}"):
            simple = DOTTED.fullmatch(text, 2, len(text) - 1)
            if simple is not None and simple[1] not in _WORDS:
                self.line += 1
                return self.dotted(simple[1].split("."), simple.start(1), simple.end(1))
        parts = split(text)
        if len(parts) == 1 and isinstance(parts[0], str):
            return emit.constant(parts[0])
        return self.limited(lambda: self.parts(parts))

    def limited(self, make: Callable[[], ast.expr]) -> ast.expr:
        """The tree that `make` gives, with bounds on its work if it does any."""
        outer = self.shared_work
        self.shared_work = False
        tree = make()
        if self.shared_work:
            tree = emit.with_work(tree, MAX_WORK)
        self.shared_work = outer
        return tree

    def parts(self, parts: list[str | Piece]) -> ast.expr:
        if len(parts) == 1 and isinstance(parts[0], Piece):
            return self.piece(parts[0])
        return emit.call(
            "template",
            emit.group([emit.constant(part) if isinstance(part, str) else self.piece(part) for part in parts]),
            line=self.line,
        )

    def piece(self, piece: Piece) -> ast.expr:
        """The tree of one `${…}`."""
        self.line += 1
        text: str = self.scalar.value
        start, end, closed = piece
        if not closed:
            return self.error("expression-syntax", "this `${` has no closing `}`", start - 2, end)
        simple = DOTTED.fullmatch(text, start, end)
        if simple is not None and simple[1] not in _WORDS:
            return self.dotted(simple[1].split("."), simple.start(1), simple.end(1))
        from flowlang.language.expressions.braces import WITH_DEFAULT  # a plain read needs neither this

        variable = WITH_DEFAULT.fullmatch(text, start, end)
        if variable is not None:
            name = variable[1] or variable[2]
            if variable[1] is not None or self.names.find(name) is None:
                if "${" in variable[3]:
                    return self.nested(start + text[start:end].index("${"))
                return self.variable(name, start, end, default=variable[3])
        from flowlang.language.expressions.expression import Expression  # nor a parser

        return Expression(self, text[start:end], start).tree()

    def nested(self, start: int) -> ast.expr:
        """Report a `${` inside another."""
        message = "`${…}` can't stand inside `${…}`: write the inner one without `${` and `}`"
        return self.error("nested-expression", message, start, start + 2)


#: Operators that stand where a name could.
_WORDS: Final = frozenset({"and", "or", "not", "in", "if", "else"})
