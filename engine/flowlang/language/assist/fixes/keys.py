"""Keys that are missing, and keys that are needless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.entries import add_entry, remove_entry
from flowlang.language.assist.fixes.arguments import is_written
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang.language.nodes import Mapping, Node, Sequence
from flowlang.language.parse_fields import mended

_NEEDS_KEY: Final = re.compile(r"needs the key `(\w+)`")
#: What a missing key is filled with, so that the text is a flow again: in lines, and in braces.
_FILLED: Final = {
    "steps": ("steps:\n  - exit", "steps: [exit]"),
    "then": ("then:\n  - exit", "then: [exit]"),
    "do": ("do:\n  - exit", "do: [exit]"),
    "cases": ("cases:\n  - default:\n      - exit", "cases: [{default: [exit]}]"),
    "when": ('when: ""', 'when: ""'),
    "if": ("if: true", "if: true"),
    "name": ("name: name", "name: name"),
}


def missing_key(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Add the key that a map needs, with something in it."""
    named = _NEEDS_KEY.search(problem.message)
    mapping = _connection_at(analysis, problem.span) or _mapping_at(analysis, problem.span)
    if named is None or mapping is None:
        return
    name = named[1]
    for lines, braces in _fillings(analysis, name):
        yield Fix(f"Add `{braces}`", [add_entry(analysis.offsets, mapping, lines, braces)])


def _fillings(analysis: Analysis, name: str) -> Iterator[tuple[str, str]]:
    if name == "type":
        for type in analysis.types:
            yield f"type: {type.name}", f"type: {type.name}"
    elif name == "flow":
        path = analysis.flow.path or ""
        stem = mended(re.split(r"[/\\]", path)[-1].rpartition(".")[0]).lstrip("_0123456789") or "my_flow"
        yield f"flow: {stem}", f"flow: {stem}"
    elif name in _FILLED:
        yield _FILLED[name]


def needless_key(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Take out a key with all that belongs to it."""
    name = analysis.offsets.slice(problem.span).strip("\"'")
    edit = remove_entry(analysis.offsets, problem.span)
    if edit is not None:
        yield Fix(f"Remove `{name}`", [edit])


def _connection_at(analysis: Analysis, span: Span) -> Mapping | None:
    """The configuration of the connection whose name, or one of whose keys, stands at a span."""
    root = analysis.flow.node
    section = None if root is None else root.get("connections")
    for key, value in section.entries.values() if isinstance(section, Mapping) else ():
        if isinstance(value, Mapping) and is_written(analysis, value):
            keys = (key, *(inner for inner, _ in value.entries.values()))
            if any(one.span == span for one in keys):
                return value
    return None


def _mapping_at(analysis: Analysis, span: Span) -> Mapping | None:
    """The map whose first key stands at a span."""
    stack: list[Node] = [] if analysis.flow.node is None else [analysis.flow.node]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack.extend(node.items)
        elif isinstance(node, Mapping) and node.entries:
            if next(iter(node.entries.values()))[0].span == span:
                return node
            stack.extend(value for _, value in node.entries.values())
    return None
