"""Changes a flow's text where it must, and nowhere else: comments and layout stay as they are.

A change is a list of splices at the positions of nodes. Its result is read again and compared with what was
meant, so a text is never damaged: what cannot be done that way is refused with `EditError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import dedent, indent
from typing import Any, Final, NamedTuple

from flowlang.errors import FlowLangError
from flowlang.language.diagnostics import Problems
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.source import read_text
from flowlang.language.vocabulary import FLOW_KEYS
from flowlang.values import to_json

_DOCUMENT_END: Final = re.compile(r"(?:\.\.\.|---)(?:\s|$)")
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|\$\{env\.[A-Za-z_][A-Za-z0-9_]*\}")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_PLACES: Final = {key.name: place for place, key in enumerate(FLOW_KEYS)}


class EditError(FlowLangError):
    """A text cannot be changed as asked; it is as it was."""


class Splice(NamedTuple):
    """`text[start:end]` becomes `replacement`. Positions count from 0, in characters."""

    start: int
    end: int
    replacement: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """`text` with all splices made; they must not overlap."""
    for splice in sorted(splices, reverse=True):
        text = text[: splice.start] + splice.replacement + text[splice.end :]
    return text


def add_connection(text: str, name: str, snippet: str) -> str:
    """The flow in `text` with one more connection, given as YAML: `name:` and its keys below.

    Raises EditError where a connection of that name exists, or the text cannot be read.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text[len(mark) :]
    root = _root(body)
    section = root.get("connections")
    if isinstance(section, Mapping) and name in section.entries:
        line = section.entries[name][0].span.line
        raise EditError(
            f"the flow has a connection `{name}` already (line {line})", hint="Give the new one another name."
        )
    added = _Addition(name, dedent(snippet).strip("\n"), _one_value(snippet))
    changed = spliced(body, [_placed(body, root, section, added)])
    _compare(changed, root.data, added)
    return mark + changed


def change_connection(text: str, name: str, config: dict[str, Any]) -> str:
    """The flow in `text` with `config` as what its connection `name` says: keys that differ, are new or are gone.

    Raises EditError where there is no such connection, or where it is written in a way that this cannot change.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text[len(mark) :]
    root = _root(body)
    section = root.get("connections")
    node = section.get(name) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping) or not isinstance(node, Mapping) or not node.entries:
        raise EditError(f"the flow declares no connection `{name}` with keys of its own")
    before = root.data
    changed = spliced(body, _changes(body, node, config))
    _expect(
        changed,
        {**before, "connections": {**before["connections"], name: config}},
        "this connection cannot be changed in",
    )
    return mark + changed


def change_value(text: str, holder: Mapping | Sequence, key: str | int, value: Any) -> list[Splice]:
    """What lets the entry or item `key` of a node of the text be `value`, written on one line.

    A key that a map lacks is added to it. Raises EditError where the node is not in the text, or has no such item.
    """
    if holder.start is None:
        raise EditError("this value is not written out in the text")
    if isinstance(holder, Mapping):
        if key not in holder.entries:
            return list(_changes(text, holder, {**holder.data, str(key): value}))
        node = holder.entries[str(key)][1]
    else:
        if not isinstance(key, int) or not 0 <= key < len(holder.items):
            raise EditError(f"there is no item {key}")
        node = holder.items[key]
    start, end = _extent(node)
    space = " " if start and text[start - 1] in ":-" else ""
    in_block = text[_extent(holder)[0]] not in "{["
    return [Splice(start, _end_of_value(text, start, end), f"{space}{_inline(value, in_block=in_block)}")]


def _end_of_value(text: str, start: int, end: int) -> int:
    """Where a value really ends: a block of YAML is said to reach to what follows, over empty lines and comments."""
    lines = text[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("".join(lines).rstrip()) if len(lines) > 1 or text[start:end].endswith("\n") else end


class _Addition(NamedTuple):
    """A connection to add: as block of YAML without indentation, and as data."""

    name: str
    block: str
    value: dict[str, Any]

    def indented(self, columns: int) -> str:
        return indent(self.block, " " * columns)

    @property
    def in_braces(self) -> str:
        return f"{to_json(self.name)}: {to_json(self.value)}"


def _placed(text: str, root: Mapping, section: Node | None, added: _Addition) -> Splice:
    """Where the connection goes, in the style that the text has there."""
    if section is None:
        return _new_section(text, root, added)
    key = root.entries["connections"][0]
    if isinstance(section, Mapping) and section.entries:
        if _in_braces(text, section):
            return _after_last(section, added.in_braces)
        first = next(iter(section.entries.values()))[0]
        if first.start is None or key.start is None or first.start.index < key.start.index:
            raise EditError("`connections` is an alias of another part of the file", hint="Write it out first.")
        end = _block_end(text, key, _next_key(root, key), first.start.column)
        return _line_at(text, end, added.indented(first.start.column))
    if not isinstance(section, Mapping) and section.data is not None:
        raise EditError("`connections` is not a map of connections", hint="Correct it first.")
    if "#" in text[slice(*_extent(section))]:
        raise EditError("there is a comment inside the braces of `connections`", hint="Move it first.")
    if _in_braces(text, root):
        return Splice(*_extent(section), f"{{{added.in_braces}}}")
    return _filled(text, key, section, added)


def _new_section(text: str, root: Mapping, added: _Addition) -> Splice:
    """A section put where the language's order of keys has it, apart by an empty line where the text does that."""
    if _in_braces(text, root):
        return _after_last(root, f'"connections": {{{added.in_braces}}}')
    block = f"connections:\n{added.indented(2)}"
    place = _PLACES["connections"]
    earlier = [key for name, (key, _) in root.entries.items() if _PLACES.get(name, place) < place]
    if not earlier:
        first = next(iter(root.entries.values()))[0]
        return _line_at(text, _extent(first)[0], f"{block}\n")
    previous = max(earlier, key=lambda key: _extent(key)[0])
    end = _block_end(text, previous, _next_key(root, previous), 1)
    rest = text[end : _line_end(text, end)]
    apart = not rest.strip() if rest else re.search(r"\n\r?\n", text) is not None
    return _line_at(text, end, f"\n{block}" if apart else block)


def _filled(text: str, key: Scalar, section: Node, added: _Addition) -> Splice:
    """A section without entries: nothing, `null`, `~` or `{}` behind `connections:`."""
    colon = text.index(":", _extent(key)[1]) + 1
    start, end = _extent(section)
    start = max(start, colon)
    line_end = _line_end(text, colon)
    block = "\n" + added.indented(2)
    if start >= line_end or not text[start:end].strip():
        return _line_at(text, line_end, block[1:])
    end = max(start, end)
    comment = text[end : _line_end(text, end)].rstrip()
    return _lines(text, colon, end + len(comment), (f" {comment.strip()}" if comment.strip() else "") + block)


def _changes(text: str, node: Mapping, config: dict[str, Any]) -> Iterator[Splice]:
    """What makes the entries of a connection those of `config`."""
    braces = _in_braces(text, node)
    entries = list(node.items())
    for at, (key, _, value) in enumerate(entries):
        if key not in config:
            yield _removed(text, entries, at, braces)
        elif value.data != config[key]:
            start, end = _extent(value)
            yield Splice(start, end, f"{' ' if text[start - 1] == ':' else ''}{_inline(config[key])}")
    kept = [(first, value) for key, first, value in entries if key in config]
    new = {key: value for key, value in config.items() if key not in node.entries}
    if not new:
        return
    if not kept:
        raise EditError("nothing of the connection would stay as it is", hint="Change it by hand instead.")
    first, last = kept[-1]
    if braces:
        added = "".join(f", {key}: {_inline(value)}" for key, value in new.items())
        yield Splice(_extent(last)[1], _extent(last)[1], added)
    else:
        assert first.start is not None
        lines = "\n".join(f"{' ' * first.start.column}{key}: {_inline(value)}" for key, value in new.items())
        yield _line_at(text, _line_end(text, max(_extent(first)[1], _extent(last)[1] - 1)), lines)


def _removed(text: str, entries: list[tuple[str, Scalar, Node]], at: int, braces: bool) -> Splice:
    """An entry taken away: with its line, or with the comma before or behind it."""
    _, key, value = entries[at]
    start, end = _extent(key)[0], _extent(value)[1]
    if not braces:
        return Splice(text.rfind("\n", 0, start) + 1, _line_end(text, max(_extent(key)[1], end - 1)), "")
    if at:
        return Splice(_extent(entries[at - 1][2])[1], end, "")
    return Splice(start, _extent(entries[1][1])[0] if len(entries) > 1 else end, "")


def _inline(value: Any, *, in_block: bool = False) -> str:
    """A value on one line, plain where that can't be misread: in a block that is most of what is said in words."""
    if not isinstance(value, str) or value.lower() in _WORDS:
        return to_json(value)
    return value if _PLAIN.fullmatch(value) or (in_block and _is_plain_in_block(value)) else to_json(value)


def _is_plain_in_block(value: str) -> bool:
    return (
        value.isprintable()
        and value[:1].isalpha()
        and value[-1:] not in " :"
        and not any(mark in value for mark in (": ", " #"))
    )


def _in_braces(text: str, node: Mapping) -> bool:
    return text.startswith("{", _extent(node)[0])


def _after_last(node: Mapping, entry: str) -> Splice:
    end = _extent(next(reversed(node.entries.values()))[1])[1]
    return Splice(end, end, f", {entry}")


def _extent(node: Node) -> tuple[int, int]:
    assert node.start is not None
    assert node.end is not None
    return node.start.index, node.end.index


def _next_key(root: Mapping, key: Scalar) -> int:
    """Where the key of the flow that follows `key` begins; the end of everything if it is the last."""
    own = _extent(key)[0]
    return min((start for other, _ in root.entries.values() if (start := _extent(other)[0]) > own), default=1 << 62)


def _line_end(text: str, position: int) -> int:
    """Where the line after the one of `position` begins."""
    return text.find("\n", position) + 1 or len(text)


def _block_end(text: str, key: Scalar, limit: int, margin: int) -> int:
    """Where the block of a key ends: a beginning of a line, or the end of the text.

    Empty lines at its end, and comments left of `margin`, belong to what follows.
    """
    position = end = _line_end(text, _extent(key)[0])
    while position < min(limit, len(text)):
        after = _line_end(text, position)
        line = text[position:after]
        if _DOCUMENT_END.match(line):
            break
        bare = line.lstrip()
        if bare and not (bare.startswith("#") and len(line) - len(bare) < margin):
            end = after
        position = after
    return end


def _line_at(text: str, position: int, lines: str) -> Splice:
    """Whole lines at the beginning of a line, or at the end of a text that may lack its last line break."""
    if position and not text[:position].endswith("\n"):
        return _lines(text, position, position, f"\n{lines}")
    return _lines(text, position, position, f"{lines}\n")


def _lines(text: str, start: int, end: int, lines: str) -> Splice:
    return Splice(start, end, lines.replace("\n", "\r\n") if "\r\n" in text else lines)


def _root(text: str) -> Mapping:
    problems = Problems()
    root = read_text(text, problems).root
    if problems.fatal:
        first = next(problem for problem in problems.in_order() if problem.severity == "error")
        raise EditError(f"line {first.line}: {first.sentence}", hint="Correct the file first.")
    if not isinstance(root, Mapping) or not root.entries:
        raise EditError("the file holds no flow", hint="Give the file of a flow: it begins with `flow:`.")
    return root


def _one_value(snippet: str) -> dict[str, Any]:
    values = list(_root(dedent(snippet)).data.values())
    if len(values) != 1 or not isinstance(values[0], dict):
        raise EditError("what is to be added is not one connection")
    return values[0]


def _compare(text: str, before: dict[str, Any], added: _Addition) -> None:
    """Make sure that the changed text says what the old one did, and the addition."""
    wanted = {**before, "connections": {**(before.get("connections") or {}), added.name: added.value}}
    _expect(text, wanted, "a connection cannot be added to")


def _expect(text: str, wanted: dict[str, Any], what: str) -> None:
    """Make sure that the changed text says what it should."""
    problems = Problems()
    root = read_text(text, problems).root
    if problems.fatal or root is None or root.data != wanted:
        raise EditError(f"the file is written in a way that {what}", hint="Do it by hand instead.")
