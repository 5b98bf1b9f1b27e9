"""From YAML events to nodes, in one pass without recursion.

libyaml's own composer is recursive and crashes the process on deep nesting, so only its event stream is used.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from flowlang.language.diagnostics import Problems, Span
from flowlang.language.nodes import Mapping, Mark, Node, Scalar, Sequence
from flowlang.language.scalars import SUSPECTS, resolve
from flowlang.language.shield import Shield

MAX_DEPTH: Final = 100
MAX_ALIASED_NODES: Final = 100_000
MAX_PROBLEMS: Final = 1_000

#: Stands in for a key that cannot be kept, until its value has been read past.
_DISCARDED: Final = Scalar(None)


class _Event(Protocol):
    """What is read of libyaml's events; each kind has some of these."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str


class _Refused(Exception):
    """The rest of the text is not read. The problem has been told."""


class Composer:
    """Reads one text. `root` is what could be read of it, `error` libyaml's complaint if it gave up."""

    def __init__(self, shield: Shield, problems: Problems) -> None:
        self.root: Node | None = None
        self.error: YAMLError | None = None
        self.refused = False
        #: Where the innermost list or map starts that was open when reading ended.
        self.innermost: Mark | None = None
        self._shield = shield
        self._problems = problems
        self._anchors: dict[str, Node] = {}
        self._measures: dict[int, tuple[int, int]] = {}
        self._aliased = 0

    def read(self) -> None:
        """Read the text, as far as it can be read."""
        holder = Sequence([])
        try:
            self._read(holder)
        except YAMLError as error:
            self.error = error
        except _Refused:
            self.refused = True
        if holder.items:
            self.root = holder.items[0]

    def _read(self, holder: Sequence) -> None:
        shield = self._shield
        get = CParser(shield.text).get_event
        # Without any placeholder in the text the mark is a character that no scalar contains.
        mark = "" if shield.everywhere else shield.mark or "\0"
        nothing: dict[str, tuple[Scalar, Node]] = {}
        last: Mark | None = None
        node: Node
        parent: Node = holder
        items: list[Node] | None = holder.items
        entries = nothing
        key: Scalar | None = None
        stack: list[tuple[Node, list[Node] | None, dict[str, tuple[Scalar, Node]], Scalar | None]] = []
        try:
            while True:
                event: Any = get()
                kind = type(event)
                if kind is ScalarEvent:
                    value = event.value
                    if mark in value:
                        value = shield.restore(value)
                    last = event.end_mark
                    scalar = Scalar(value, event.style, event.start_mark, last)
                    if event.tag is not None or event.anchor is not None:
                        self._properties(event, scalar)
                    if items is None and key is None:
                        key = self._repeated(scalar, entries) if value in entries else scalar
                        if not value and not scalar.style:
                            key = self._no_key(scalar)
                        continue
                    if value[:1] in SUSPECTS and not scalar.style:
                        self._resolve(scalar)
                    node = scalar
                elif kind is MappingEndEvent or kind is SequenceEndEvent:
                    if items is None and "<<" in entries:
                        self._merge(entries)
                    end = event.end_mark
                    if last is None or end.index > event.start_mark.index:
                        last = end  # of a closing bracket; a block ends where its last value does
                    parent.end = last
                    parent, items, entries, key = stack.pop()
                    continue
                elif kind is MappingStartEvent or kind is SequenceStartEvent:
                    if kind is MappingStartEvent:
                        node = Mapping({}, event.start_mark)
                    else:
                        node = Sequence([], event.start_mark)
                    if event.tag is not None or event.anchor is not None:
                        self._properties(event, node)
                elif kind is AliasEvent:
                    node = self._alias(event, len(stack))
                    last = event.end_mark
                    if items is None and key is None:
                        key = self._alias_as_key(node, event, entries)
                        continue
                elif kind is DocumentStartEvent:
                    if holder.items:
                        self._refuse(
                            "several-documents", "a file holds one flow, and `---` starts a second document", event
                        )
                    continue
                elif kind is StreamEndEvent:
                    return
                else:
                    continue

                after: Scalar | None = None
                if items is not None:
                    items.append(node)
                elif key is None:
                    after = self._bad_key(event)
                else:
                    if key is not _DISCARDED:
                        entries[key.value] = (key, node)
                    key = None
                if kind is MappingStartEvent or kind is SequenceStartEvent:
                    if len(stack) >= MAX_DEPTH:
                        self._refuse("too-deep", f"the text nests deeper than {MAX_DEPTH} levels", event)
                    stack.append((parent, items, entries, after))
                    parent = node
                    key = None
                    if isinstance(node, Mapping):
                        items, entries = None, node.entries
                    elif isinstance(node, Sequence):
                        items, entries = node.items, nothing
        finally:
            if key is not None and key is not _DISCARDED:
                entries[key.value] = (key, Scalar(None, "", key.end, key.end))
            self.innermost = parent.start
            for container in (parent, *(frame[0] for frame in stack)):
                container.end = container.end or last or container.start

    def _resolve(self, scalar: Scalar) -> None:
        try:
            scalar.value = resolve(scalar.value)
        except ValueError:
            self._tell("invalid-number", "this number has more digits than can be read; put it in quotes", scalar.span)

    def _properties(self, event: _Event, node: Node) -> None:
        """Note the anchor of a node; refuse its tag."""
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if event.tag is None:
            return
        written = self._shield.text[event.start_mark.index : event.end_mark.index]
        tag = next((word for word in written.split() if word.startswith("!")), event.tag)
        self._tell(
            "tag",
            f"`{self._shield.restore(tag)}` is read as a YAML tag, and a flow has none; put text that starts with `!` "
            "in quotes",
            _span(event),
        )
        if isinstance(node, Scalar) and not node.style:
            node.value = self._shield.restore(written)

    def _repeated(self, key: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> Scalar:
        first = entries[key.value][0].span
        self._tell(
            "duplicate-key",
            f"`{key.value}` stands twice in this map, the first time in line {first.line}",
            key.span,
            related=((f"the first `{key.value}`", first),),
        )
        return _DISCARDED

    def _no_key(self, key: Scalar) -> Scalar:
        self._tell("invalid-key", "there is no key before this `:`", key.span)
        return _DISCARDED

    def _bad_key(self, event: _Event) -> Scalar:
        self._tell(
            "invalid-key",
            "a key is text, not a list or map; an expression is written `${…}`",
            _span(event),
        )
        return _DISCARDED

    def _alias(self, event: _Event, depth: int) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            message = f"no anchor `&{event.anchor}` stands before this; put text that starts with `*` in quotes"
            self._tell("unknown-anchor", message, _span(event))
            return Scalar(None, "", event.start_mark, event.end_mark)
        if node.end is None:
            self._refuse("recursive-anchor", f"`*{event.anchor}` stands inside the value that it repeats", event)
        size, height = self._measure(node)
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            self._refuse("too-many-aliases", f"the aliases expand to more than {MAX_ALIASED_NODES:,} values", event)
        if depth + height > MAX_DEPTH:
            self._refuse("too-deep", f"this alias makes the text nest deeper than {MAX_DEPTH} levels", event)
        return node

    def _alias_as_key(self, node: Node, event: _Event, entries: dict[str, tuple[Scalar, Node]]) -> Scalar:
        if not isinstance(node, Scalar) or node.value is None:
            return self._bad_key(event)
        key = Scalar(str(node.value), '"', event.start_mark, event.end_mark)
        return self._repeated(key, entries) if key.value in entries else key

    def _measure(self, node: Node) -> tuple[int, int]:
        """How many values a node holds, and how deep it nests."""
        if isinstance(node, Scalar):
            return 1, 0
        known = self._measures.get(id(node))
        if known is not None:
            return known
        measures = [self._measure(child) for child in children(node)]
        found = 1 + sum(size for size, _ in measures), 1 + max((height for _, height in measures), default=0)
        self._measures[id(node)] = found
        return found

    def _merge(self, entries: dict[str, tuple[Scalar, Node]]) -> None:
        """Replace a merge key by the entries of the maps that it names; the map's own keys win."""
        key, value = entries["<<"]
        if key.style:
            return
        del entries["<<"]
        for source in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(source, Mapping):
                for name, entry in source.entries.items():
                    entries.setdefault(name, entry)
            else:
                self._tell("invalid-merge", "`<<` takes a map, or a list of maps, to merge in", key.span)

    def _tell(self, code: str, message: str, span: Span, related: tuple[tuple[str, Span], ...] = ()) -> None:
        self._problems.error(code, message, span, related=related)
        if len(self._problems.found) >= MAX_PROBLEMS:
            self._problems.error("too-many-problems", f"reading ends here, after {MAX_PROBLEMS:,} problems", span)
            raise _Refused

    def _refuse(self, code: str, message: str, event: _Event) -> None:
        self._problems.error(code, message, _span(event))
        raise _Refused


def _span(event: _Event) -> Span:
    return Node(event.start_mark, event.end_mark).span


def children(node: Node) -> list[Node]:
    """The values directly inside a list or map."""
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Mapping):
        return [value for _, value in node.entries.values()]
    return []
