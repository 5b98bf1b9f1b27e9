"""Conditions and expressions that stand without `${…}` around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowlang.language.diagnostics import nearest
from flowlang.language.expressions import emit
from flowlang.language.expressions.braces import in_condition
from flowlang.language.expressions.expression import Expression
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.pieces import DOTTED, MAX_CHARACTERS, Piece, split

if TYPE_CHECKING:
    import ast

    from flowlang.language.expressions.translate import Translator

_GROUPS: Final = ("any", "all", "none")


def condition(translator: Translator, node: Node) -> ast.expr | None:
    """The tree of a condition; None for `true` and `false`."""
    if isinstance(node, Mapping):
        return _group(translator, node)
    if isinstance(node, Scalar):
        if isinstance(node.value, bool):
            return None
        if isinstance(node.value, str):
            return _text(translator, node)
    return _report(translator, node, "a condition is `true`, `false`, text, or a map with `any`, `all` or `none`")


def expression(translator: Translator, node: Node) -> ast.expr | None:
    """The tree of a value whose text is an expression, with `${…}` around it or without; None if it reads nothing."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and "${" not in node.value:
        translator.scalar = node
        translator.line += 1
        return translator.limited(lambda: Expression(translator, node.value, 0, bare=True).tree())
    return translator.node(node)


def _group(translator: Translator, node: Mapping) -> ast.expr:
    parts = []
    for key, key_node, value in node.items():
        if key not in _GROUPS:
            suggestion = nearest(key, _GROUPS)
            message = f"`{key}` means nothing in a condition: it has `any`, `all` or `none`"
            translator.problems.error("unknown-key", message, key_node.span, suggestion=suggestion)
            translator.failed = True
        elif not isinstance(value, Sequence):
            parts.append(_report(translator, value, f"`{key}` takes a list of conditions"))
        else:
            parts.append(_several(translator, key, value))
    if not parts and not node.entries:
        return _report(translator, node, "a condition that is a map has `any`, `all` or `none`")
    return emit.every(parts) if len(parts) > 1 else parts[0] if parts else emit.NULL


def _several(translator: Translator, key: str, node: Sequence) -> ast.expr:
    trees = []
    for item in node.items:
        tree = condition(translator, item)
        trees.append(emit.constant(item.data) if tree is None else emit.call("truth", tree))
    if not trees:
        return emit.constant(key != "any")
    joined = trees[0] if len(trees) == 1 else emit.every(trees) if key == "all" else emit.either(trees)
    return emit.negation(joined) if key == "none" else joined


def _text(translator: Translator, node: Scalar) -> ast.expr:
    translator.scalar = node
    text: str = node.value
    if len(text) > MAX_CHARACTERS:
        message = f"a condition has at most {MAX_CHARACTERS:,} characters; this one has {len(text):,}"
        return translator.error("expression-limit", message, 0, len(text))
    simple = DOTTED.fullmatch(text, 2, len(text) - 1) if text.startswith("${") and text.endswith("}") else None
    if simple is not None:
        return translator.text(node)
    return translator.limited(lambda: _composed(translator, text))


def _composed(translator: Translator, text: str) -> ast.expr:
    """An expression in which `${…}` are operands."""
    holes: dict[int, ast.expr] = {}
    masked = ""
    for start, end, is_template in in_condition(text):
        masked += text[len(masked) : start]
        offset = start + 1
        if is_template:
            holes[offset] = _template(translator, text, start, end)
        else:
            closed = text.endswith("}", start, end)
            piece = Piece(start + 2, end - 1 if closed else end, closed)
            holes[offset] = translator.piece(piece)
        masked += " _".ljust(end - start)
    masked += text[len(masked) :]
    translator.line += 1
    outer = Expression(translator, masked, 0, bare=True, holes=holes)
    tree = outer.tree()
    if outer.words and not outer.reads_names and not translator.failed:
        words = ", ".join(f"`{word}`" for word in outer.words)
        message = f"this condition never changes: nothing is called {words}, so that is text"
        translator.warning("constant-condition", message, 0, len(text))
    return tree


def _template(translator: Translator, text: str, start: int, end: int) -> ast.expr:
    """Text in quotes with `${…}` in it."""
    parts = [
        part if isinstance(part, str) else Piece(part.start + start + 1, part.end + start + 1, part.closed)
        for part in split(text[start + 1 : end - 1])
    ]
    return emit.call(
        "template",
        emit.group([emit.constant(part) if isinstance(part, str) else translator.piece(part) for part in parts]),
        line=translator.line,
    )


def _report(translator: Translator, node: Node, message: str) -> ast.expr:
    translator.problems.error("bad-condition", message, node.span)
    translator.failed = True
    return emit.NULL
