"""Reads the keys of a map as the vocabulary describes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from flowlang.language.diagnostics import Problems, Span, nearest
from flowlang.language.durations import parse_duration
from flowlang.language.model import Name, Value
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.source import Source
from flowlang.language.vocabulary import SHAPES, Key

#: So many unknown words of one file are compared with the known ones, which takes its time.
MAX_SUGGESTIONS: Final = 200

IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Shapes to which an empty value means that there is nothing, unless the key is required.
_MAY_BE_EMPTY: Final = frozenset({"text", "words", "steps", "handler", "outputs", "connections", "triggers", "inputs"})
#: Shapes that read an empty value themselves.
_READ_EMPTY: Final = frozenset({"value", "arguments", "exit"})

_SPELT_OUT: Final = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


class Table:
    """The keys of one kind of map. `hint` is what to say about an unknown key that resembles none of them."""

    __slots__ = ("by_name", "hint", "required")

    def __init__(self, keys: Iterable[Key], hint: str = "") -> None:
        self.hint = hint
        self.by_name = {key.name: key for key in keys}
        self.required = tuple(key for key in self.by_name.values() if key.required)


class FieldReader:
    """Reads maps by tables, and values by the shape of their key.

    A reader of a shape is the method `read_<shape>(node, key)`; None means that there is nothing of use, and the
    problem has been told.
    """

    def __init__(self, source: Source, problems: Problems) -> None:
        self._suggestions = 0
        self.source = source
        self.problems = problems
        self._readers: dict[str, Callable[[Node, Key], Any]] = {
            shape: getattr(self, f"read_{shape}") for shape in SHAPES if hasattr(self, f"read_{shape}")
        }

    def fields(self, mapping: Mapping, table: Table, owner: str, skip: Collection[str] = ()) -> dict[str, Any]:
        """What the map holds, by the names of the model's fields. `owner` names the map in messages."""
        found: dict[str, Any] = {}
        for name, (key_node, node) in mapping.entries.items():
            key = table.by_name.get(name)
            if key is None:
                if name not in skip:
                    self.unknown_key(key_node, table.by_name, owner, table.hint)
                continue
            if type(node) is Scalar and node.value is None and not self._takes_empty(key, key_node):
                continue
            value = self._readers[key.shape](node, key)
            if value is None:
                continue
            if key.attribute in found:
                self._conflict(mapping, table, key, key_node)
            else:
                found[key.attribute] = value
        for key in table.required:
            if key.name not in mapping.entries:
                self.missing_key(key.name, mapping, owner)
        return found

    def _takes_empty(self, key: Key, key_node: Scalar) -> bool:
        if key.shape in _READ_EMPTY:
            return True
        if key.shape == "inputs":
            return True
        if (key.required or key.shape not in _MAY_BE_EMPTY) and not self.is_broken(key_node):
            self.problems.error("missing-value", f"`{key.name}` has no value; it takes {_takes(key)}", key_node.span)
        return False

    def _conflict(self, mapping: Mapping, table: Table, key: Key, key_node: Scalar) -> None:
        for name, first, _ in mapping.items():
            if name != key.name and name in table.by_name and table.by_name[name].attribute == key.attribute:
                self.conflict(key_node, first)
                return

    def is_broken(self, node: Node) -> bool:
        """Whether some of the line where a node starts could not be read."""
        return node.start is not None and node.start.line + 1 in self.source.broken_lines

    def conflict(self, second: Scalar, first: Scalar, why: str = "") -> None:
        """Two keys exclude each other."""
        self.problems.error(
            "conflicting-keys",
            why or f"`{first.value}` and `{second.value}` mean the same; keep one of them",
            second.span,
            related=((f"`{first.value}`", first.span),),
        )

    def unknown_key(self, key: Scalar, known: Iterable[str], owner: str, hint: str = "") -> None:
        """A key means nothing where it stands."""
        suggestion = self.nearest(key.value, known)
        message = f"{owner} has no key `{key.value}`" + (hint if suggestion is None else "")
        self.problems.error("unknown-key", message, key.span, suggestion=suggestion)

    def nearest(self, word: str, known: Iterable[str]) -> str | None:
        """What a word was most likely meant to be. A file full of unknown words gets no more than a few guesses."""
        self._suggestions += 1
        return nearest(word, known) if self._suggestions <= MAX_SUGGESTIONS else None

    def missing_key(self, name: str, mapping: Mapping, owner: str) -> None:
        """A required key is not there. Of a text that could not be read to its end, nobody can say that."""
        if self.source.complete:
            first = next(iter(mapping.entries.values()), (mapping, mapping))[0]
            self.problems.error("missing-key", f"{owner} needs the key `{name}`", first.span)

    def wrong_type(self, node: Node, key: Key, suggestion: str | None = None) -> None:
        """A value has another shape than its key takes."""
        message = f"`{key.name}` takes {_takes(key)}, not {described(node)}"
        self.problems.error("wrong-type", message, node.span, suggestion=suggestion)

    def text_of(self, scalar: Scalar) -> str:
        """A scalar as text, a number or boolean as it is written in the file."""
        value = scalar.value
        if isinstance(value, str):
            return value
        if scalar.start is not None and scalar.end is not None:
            return self.source.text[scalar.start.index : scalar.end.index]
        return str(value)

    def literal(self, name: Name, key: str) -> bool:
        """Whether a text is free of expressions; tells it if not."""
        if "${" not in name.text:
            return True
        self.problems.error(
            "not-literal", f"`{key}` must be known before the run, so no `${{…}}` can stand here", name.span
        )
        return False

    def one_of(self, name: Name, key: Key) -> bool:
        """Whether a text is one of the key's choices; tells it if not."""
        if name.text in key.choices:
            return True
        if self.literal(name, key.name):
            choices = ", ".join(f"`{choice}`" for choice in key.choices)
            suggestion = self.nearest(name.text, key.choices)
            message = f"`{key.name}` is one of {choices}, not `{_short(name.text)}`"
            self.problems.error("invalid-choice", message, name.span, suggestion=suggestion)
        return False

    def as_name(self, node: Node) -> Name | None:
        """A scalar as a name with its place, or None for anything else."""
        if not isinstance(node, Scalar) or node.value is None:
            return None
        return Name(self.text_of(node), node.span)

    def read_text(self, node: Node, key: Key) -> Name | None:
        name = self.as_name(node)
        if name is None:
            self.wrong_type(node, key)
            return None
        return name if not key.choices or self.one_of(name, key) else None

    def read_identifier(self, node: Node, key: Key) -> Name | None:
        name = self.as_name(node)
        if name is None:
            self.wrong_type(node, key)
        elif not IDENTIFIER.fullmatch(name.text) and self.literal(name, key.name):
            self.invalid_name(name, key.name)
        return name

    def invalid_name(self, name: Name, key: str) -> None:
        """A name has characters that it can't have."""
        message = f"`{_short(name.text)}` cannot be the `{key}`: letters, digits and `_` only, and no digit first"
        self.problems.error("invalid-name", message, name.span, suggestion=mended(name.text) or None)

    def read_words(self, node: Node, key: Key) -> tuple[Name, ...] | None:
        words: list[Name] = []
        for item in node.items if isinstance(node, Sequence) else [node]:
            name = self.as_name(item)
            if name is None:
                self.wrong_type(item, key)
            elif self.literal(name, key.name):
                words.append(name)
        return tuple(words)

    def read_flag(self, node: Node, key: Key) -> bool | None:
        if isinstance(node, Scalar):
            if isinstance(node.value, bool):
                return node.value
            if isinstance(node.value, str) and "${" in node.value:
                self.literal(Name(node.value, node.span), key.name)
                return None
            self.wrong_type(node, key, _SPELT_OUT.get(str(node.value).lower()))
        else:
            self.wrong_type(node, key)
        return None

    def read_value(self, node: Node, key: Key) -> Value:
        return Value(node)

    def read_condition(self, node: Node, key: Key) -> Value | None:
        return Value(node, "condition")

    def read_expression(self, node: Node, key: Key) -> Value | None:
        return Value(node, "expression")

    def read_arguments(self, node: Node, key: Key) -> Value | None:
        if isinstance(node, Mapping):
            return Value(node)
        if isinstance(node, Scalar) and node.value is None:
            return Value(Mapping({}, node.start, node.end))
        self.wrong_type(node, key)
        return None

    def read_duration(self, node: Node, key: Key) -> Value | None:
        if is_expression(node):
            return Value(node)
        if not isinstance(node, Scalar):
            self.wrong_type(node, key)
            return None
        try:
            parse_duration(node.value)
        except ValueError as error:
            self.problems.error("invalid-duration", f"`{key.name}`: {error}", node.span)
            return None
        return Value(node)

    def read_count(self, node: Node, key: Key) -> Value | None:
        if is_expression(node):
            return Value(node)
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong_type(node, key)
            return None
        return self._in_range(node, key, value >= 1)

    def read_number(self, node: Node, key: Key) -> Value | None:
        if is_expression(node):
            return Value(node)
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong_type(node, key)
            return None
        return self._in_range(node, key, 0 <= value < float("inf"))

    def read_share(self, node: Node, key: Key) -> Value | None:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return Value(node)
        value = self.read_number(node, key)
        if value is None or not isinstance(node, Scalar) or isinstance(node.value, str):
            return value
        return self._in_range(node, key, node.value <= 1)

    def read_backoff(self, node: Node, key: Key) -> Value | None:
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or is_expression(node):
            return self.read_number(node, key)
        return Value(node) if self.one_of(Name(node.value, node.span), key) else None

    def _in_range(self, node: Node, key: Key, fits: bool) -> Value | None:
        if fits:
            return Value(node)
        assert isinstance(node, Scalar)
        message = f"`{key.name}` takes {_takes(key)}, not {_short(self.text_of(node))}"
        self.problems.error("out-of-range", message, node.span)
        return None


def is_expression(node: Node) -> bool:
    """Whether the value is text whose meaning shows at run time only."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and "${" in node.value


def described(node: Node) -> str:
    """What a value is, for a message."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a map"
    value = node.value if isinstance(node, Scalar) else None
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, str):
        return f"the text `{_short(value)}`"
    return "a number" if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def mended(text: str) -> str:
    """The identifier that a text could be made to; empty if nothing of it can stay."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:60]
    return f"_{name}" if name[:1].isdigit() else name


def start_of(node: Node) -> Span:
    """The place where a value starts, for problems that are about all of it."""
    span = node.span
    return Span(span.line, span.column, span.line, span.column + 1) if span.line else span


def first_in_line(first: Span) -> str:
    """The end of a sentence about something that stands twice, where there is a text."""
    return f", the first in line {first.line}" if first.line else ""


def _takes(key: Key) -> str:
    return SHAPES[key.shape].split(", see ")[0]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:40] + "…"
