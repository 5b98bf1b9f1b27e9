"""Translates one expression. What is not listed here is not part of the language."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.language.diagnostics import nearest
from flowlang.language.expressions import emit
from flowlang.language.expressions.functions import FUNCTIONS, Function
from flowlang.language.expressions.grammar import PLUCK, Misread, Parsed, parse, word_of
from flowlang.language.expressions.operators import OPERATORS
from flowlang.language.expressions.work import MAX_BITS
from flowlang.language.pieces import MAX_DEPTH

if TYPE_CHECKING:
    from flowlang.language.expressions.translate import Translator

_ARITHMETIC: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
}

_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "same",
    ast.NotEq: "different",
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.In: "within",
    ast.NotIn: "not_within",
}

_NOT_OURS: Final[dict[type[ast.AST], str]] = {
    ast.Lambda: "an expression can't define functions",
    ast.ListComp: "an expression can't loop: use `.*` to read a field of every item, or a `for_each` step",
    ast.SetComp: "an expression can't loop: use `.*` to read a field of every item, or a `for_each` step",
    ast.DictComp: "an expression can't loop: use `.*` to read a field of every item, or a `for_each` step",
    ast.GeneratorExp: "an expression can't loop: use `.*` to read a field of every item, or a `for_each` step",
    ast.NamedExpr: "an expression can't assign: use `==` to compare",
    ast.Set: "a map has keys and values: `{'key': value}`",
    ast.Starred: "`*` has nothing to multiply here",
    ast.Await: "an expression can't wait for anything",
    ast.Yield: "an expression can't do this",
    ast.YieldFrom: "an expression can't do this",
    ast.JoinedStr: "text in quotes has no letters before it",
    ast.Slice: "`[a:b]` stands after a list or a text",
    ast.MatMult: "`@` means nothing in an expression",
    ast.Pow: "`**` is no operator here: multiply, or compute in a task",
    ast.LShift: "`<<` is no operator here",
    ast.RShift: "`>>` is no operator here",
    ast.BitAnd: "`&` is no operator here: use `and`",
    ast.BitXor: "`^` is no operator here",
    ast.Invert: "`~` is no operator here: use `not`",
    ast.Is: "`is` is no operator here: use `==`",
    ast.IsNot: "`is not` is no operator here: use `!=`",
}


class _Refused(Exception):
    """Something that is not part of the language; the rest of the expression says nothing more."""

    def __init__(self, message: str, node: ast.expr, suggestion: str | None = None, code: str = "not-allowed") -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.suggestion = suggestion
        self.code = code


class Expression:
    """Translates the expression that stands at `offset` in a translator's current text.

    `holes` are trees that stand at places of the text where it has an `_`. With `bare`, a word that is no name
    is text, and the environment is not read by a name alone.
    """

    def __init__(
        self,
        scope: Translator,
        text: str,
        offset: int,
        *,
        bare: bool = False,
        holes: Mapping[int, ast.expr] | None = None,
    ) -> None:
        self.scope = scope
        self.text = text
        self.offset = offset
        self.bare = bare
        self.holes = holes or {}
        self.optional = False
        self.reads_names = bool(holes)
        self.words: list[str] = []
        self.parsed: Parsed

    def tree(self) -> ast.expr:
        """The tree. Problems go to the scope."""
        parsed = parse(self.text)
        if isinstance(parsed, Misread):
            start, end = self.offset + parsed.start, self.offset + parsed.end
            if parsed.start in self.holes:
                message = "an operator is missing before this `${…}`; text with values in it stands in quotes"
                return self.scope.error(parsed.code, message, start - 1, end)
            return self.scope.error(parsed.code, parsed.message, start, end)
        self.parsed = parsed
        try:
            return self.visit(parsed.tree, 1)
        except _Refused as refused:
            start, end = self.span(refused.node)
            return self.scope.error(refused.code, refused.message, start, end, refused.suggestion)

    def span(self, node: ast.expr) -> tuple[int, int]:
        start, end = self.parsed.span(node)
        return self.offset + start, self.offset + end

    def call(self, helper: str, *arguments: ast.expr) -> ast.expr:
        """A call that spends work."""
        self.scope.shared_work = True
        return emit.call(helper, emit.WORK, *arguments, line=self.scope.line)

    def visit(self, node: ast.expr, depth: int) -> ast.expr:
        if depth > MAX_DEPTH:
            raise _Refused(f"the expression nests deeper than {MAX_DEPTH} levels", node, code="expression-limit")
        visitor = _VISITORS.get(type(node))
        if visitor is None:
            raise _Refused(_NOT_OURS.get(type(node), "this is not part of the expression language"), node)
        return visitor(self, node, depth + 1)

    def constant(self, node: ast.Constant, depth: int) -> ast.expr:
        value = node.value
        if value is not None and not isinstance(value, (str, int, float)):
            raise _Refused("this is no number or text", node)
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise _Refused(f"this number has more than {MAX_BITS:,} bits", node, code="expression-limit")
        return emit.constant(value)

    def boolean(self, node: ast.BoolOp, depth: int) -> ast.expr:
        operands = [self.visit(operand, depth) for operand in node.values]
        return emit.every(operands) if isinstance(node.op, ast.And) else emit.either(operands)

    def unary(self, node: ast.UnaryOp, depth: int) -> ast.expr:
        if isinstance(node.op, ast.Invert):
            raise _Refused(_NOT_OURS[ast.Invert], node)
        operand = self.visit(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return emit.negation(operand)
        return emit.call("negative" if isinstance(node.op, ast.USub) else "positive", operand, line=self.scope.line)

    def binary(self, node: ast.BinOp, depth: int) -> ast.expr:
        if isinstance(node.op, ast.BitOr):
            return self.filter(node, depth)
        helper = _ARITHMETIC.get(type(node.op))
        if helper is None:
            raise _Refused(_NOT_OURS[type(node.op)], node)
        self.words_are_no_numbers(node)
        return self.call(helper, self.visit(node.left, depth), self.visit(node.right, depth))

    def words_are_no_numbers(self, node: ast.BinOp) -> None:
        """`us-east` among the bare words of a condition is meant as one word."""
        if self.bare and all(self.is_bare(side) for side in (node.left, node.right)):
            start, end = self.parsed.span(node)
            text = self.text[start:end]
            raise _Refused(f"`{text}` is read as a computation: put it in quotes if it is text", node, f"'{text}'")

    def is_bare(self, node: ast.expr) -> bool:
        """Whether a computation has nothing but bare words in it, however deep."""
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.BinOp):
                waiting += (one.left, one.right)
            elif not isinstance(one, ast.Name) or not self.is_text(one):
                return False
        return True

    def is_text(self, node: ast.Name) -> bool:
        """Whether a name is one of the words that are text."""
        return (
            self.bare
            and self.parsed.start(node) not in self.holes
            and word_of(node.id) not in ("true", "false", "null")
            and self.scope.names.find(word_of(node.id)) is None
        )

    def compare(self, node: ast.Compare, depth: int) -> ast.expr:
        signs = []
        for operator in node.ops:
            if type(operator) not in _COMPARISONS:
                raise _Refused(_NOT_OURS[type(operator)], node)
            signs.append(_COMPARISONS[type(operator)])
        operands = [self.visit(operand, depth) for operand in (node.left, *node.comparators)]
        if len(signs) == 1:
            return self.call(signs[0], *operands)
        return self.call("chain", emit.group([emit.constant(sign) for sign in signs]), emit.group(operands))

    def choice(self, node: ast.IfExp, depth: int) -> ast.expr:
        return emit.choice(self.visit(node.test, depth), self.visit(node.body, depth), self.visit(node.orelse, depth))

    def sequence(self, node: ast.List | ast.Tuple, depth: int) -> ast.expr:
        return emit.sequence([self.visit(item, depth) for item in node.elts])

    def mapping(self, node: ast.Dict, depth: int) -> ast.expr:
        keys = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise _Refused("`**` is no operator here", value)
            keys.append(emit.call("map_key", self.visit(key, depth), line=self.scope.line))
        return emit.mapping(keys, [self.visit(value, depth) for value in node.values])

    # Names, and what is read from them

    def read(self, node: ast.expr, depth: int) -> ast.expr:
        """A chain of names, positions and `.*`, from its root on."""
        links: list[ast.expr] = []
        root = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            links.append(root)
            root = root.value
        if depth + len(links) > MAX_DEPTH + 1:
            raise _Refused(f"the expression nests deeper than {MAX_DEPTH} levels", node, code="expression-limit")
        links.reverse()
        if not isinstance(root, ast.Name):
            return self.links(self.visit(root, depth), links, depth)
        hole = self.holes.get(self.parsed.start(root))
        if hole is not None:
            return self.links(hole, links, depth)
        return self.named(root, links, depth, node)

    def named(self, root: ast.Name, links: list[ast.expr], depth: int, node: ast.expr) -> ast.expr:
        path: list[str | int] = [word_of(root.id)]
        for link in links:
            key = _written_key(link)
            if key is None:
                break
            path.append(key)
        last = links[len(path) - 2] if len(path) > 1 else root
        start, end = self.span(root)[0], self.span(last)[1]
        found = self.scope.root(path, start, end, self.optional, variables=not self.bare)
        if found is None:
            if self.bare and not links:
                first, after = self.parsed.span(root)
                self.words.append(self.text[first:after])
                return emit.constant(self.words[-1])
            return self.scope.unknown(str(path[0]), *self.span(root))
        self.reads_names = True
        tree, used = found
        return self.links(tree, links[used - 1 :], depth)

    def links(self, tree: ast.expr, links: list[ast.expr], depth: int) -> ast.expr:
        """The tree that reads further from `tree`."""
        suffix = "_or_null" if self.optional else ""
        line = self.scope.line
        for index, link in enumerate(links):
            if isinstance(link, ast.Attribute):
                name = word_of(link.attr)
                if name == PLUCK:
                    body = self.links(emit.ITEM, links[index + 1 :], depth + 1)
                    cost = sum(1 for _ in ast.walk(body))
                    return self.call("pluck", tree, emit.of_item(body), emit.constant(cost))
                tree = emit.call(f"field{suffix}", tree, emit.constant(name), line=line)
                continue
            assert isinstance(link, ast.Subscript)
            if isinstance(link.slice, ast.Slice):
                tree = self.cut(tree, link.slice, depth)
            else:
                tree = emit.call(f"at{suffix}", tree, self.visit(link.slice, depth), line=line)
        return tree

    def cut(self, tree: ast.expr, bounds: ast.Slice, depth: int) -> ast.expr:
        if bounds.step is not None:
            raise _Refused("`[a:b]` takes two positions", bounds.step)
        first = emit.NULL if bounds.lower is None else self.visit(bounds.lower, depth)
        last = emit.NULL if bounds.upper is None else self.visit(bounds.upper, depth)
        return self.call("cut", tree, first, last)

    # Functions

    def function(self, node: ast.Call, depth: int) -> ast.expr:
        if isinstance(node.func, ast.Attribute) and word_of(node.func.attr) != PLUCK:
            name = word_of(node.func.attr)
            hint = f": write `{name}(…)` or `… | {name}`" if name in FUNCTIONS else ""
            raise _Refused(f"a value has no function `{name}` of its own{hint}", node)
        if not isinstance(node.func, ast.Name):
            raise _Refused("only the functions of the language can be called", node)
        return self.apply(self.known(node.func), [], node, depth)

    def filter(self, node: ast.BinOp, depth: int) -> ast.expr:
        right = node.right
        if isinstance(right, ast.Name):
            return self.apply(self.known(right), [node.left], ast.Call(right, [], []), depth)
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name):
            return self.apply(self.known(right.func), [node.left], right, depth)
        raise _Refused("`|` hands a value to a function: `items | length`; for a choice use `or`", right)

    def known(self, node: ast.Name) -> Function:
        name = word_of(node.id)
        if name not in FUNCTIONS:
            message = f"there is no function `{name}`"
            raise _Refused(message, node, nearest(name, FUNCTIONS), "unknown-function")
        return FUNCTIONS[name]

    def apply(self, function: Function, before: list[ast.expr], node: ast.Call, depth: int) -> ast.expr:
        given = [*before, *node.args]
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
        where = before[0] if before else node.func
        for argument in given:
            if isinstance(argument, ast.Starred):
                raise _Refused(_NOT_OURS[ast.Starred], argument)
        if len(named) < len(node.keywords):
            raise _Refused("`**` is no operator here", node.keywords[0].value)
        problem = function.problem_with(len(given), [word_of(name) for name in named])
        if problem is not None:
            raise _Refused(f"{problem}: `{function.signature}`", where, code="wrong-arguments")
        if function.name == "default":
            by_place = dict(zip(function.parameters, given, strict=False)) | named
            return self.default(by_place["value"], by_place["otherwise"], depth)
        self.scope.shared_work = True
        return emit.call_with(
            f"f_{function.name}",
            [emit.WORK, *(self.visit(argument, depth) for argument in given)],
            {name: self.visit(argument, depth) for name, argument in named.items()},
            self.scope.line,
        )

    def default(self, value: ast.expr, otherwise: ast.expr, depth: int) -> ast.expr:
        before, self.optional = self.optional, True
        try:
            tree = self.visit(value, depth)
        finally:
            self.optional = before
        return emit.fallback(tree, self.visit(otherwise, depth))


def _written_key(link: ast.expr) -> str | int | None:
    """The key or position of a link when it is known before the run."""
    if isinstance(link, ast.Attribute):
        name = word_of(link.attr)
        return None if name == PLUCK else name
    assert isinstance(link, ast.Subscript)
    key: Any = link.slice
    if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub) and isinstance(key.operand, ast.Constant):
        position = key.operand.value
        return -position if type(position) is int else None
    if isinstance(key, ast.Constant) and type(key.value) in (str, int):
        return key.value  # type: ignore[return-value]  # it is one of the two
    return None


_VISITORS: Final[dict[type[ast.AST], Callable[[Expression, Any, int], ast.expr]]] = {
    ast.Constant: Expression.constant,
    ast.BoolOp: Expression.boolean,
    ast.UnaryOp: Expression.unary,
    ast.BinOp: Expression.binary,
    ast.Compare: Expression.compare,
    ast.IfExp: Expression.choice,
    ast.List: Expression.sequence,
    ast.Tuple: Expression.sequence,
    ast.Dict: Expression.mapping,
    ast.Name: Expression.read,
    ast.Attribute: Expression.read,
    ast.Subscript: Expression.read,
    ast.Call: Expression.function,
}

emit.HELPERS.update(OPERATORS)
