"""Reading a test file: the language's own tree of places, with values of the types that a pins file can have too."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from yaml import YAMLError
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from flowlang.debugger.pin_file import error_span, is_too_intricate, sentence_of
from flowlang.debugger.pin_values import loader_of
from flowlang.language.diagnostics import NOWHERE, Problems, Span
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence

#: The largest test file, in bytes.
MAX_BYTES: Final = 10_000_000

_YAML: Final = "tag:yaml.org,2002:"


def read_tree(path: Path, problems: Problems) -> Node | None:
    """The tree of a file; None if it is empty or cannot be read, which `problems` has then."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.error("unreadable", f"{path} can't be read: {error.strerror}", NOWHERE)
        return None
    if len(content) > MAX_BYTES:
        problems.error("too-large", f"the file has more than {MAX_BYTES // 1_000_000} MB", NOWHERE)
        return None
    try:
        text = content.decode("utf-8-sig")
        if is_too_intricate(text, problems):
            return None
        loader = loader_of(text)
        root = loader.get_single_node()
        return None if root is None else _Converter(loader, problems).node(root)
    except UnicodeDecodeError:
        problems.error("invalid-utf8", "the file is no valid UTF-8; save it as UTF-8", Span(1, 1, 1, 1))
    except YAMLError as error:
        problems.error("syntax", f"this is not valid YAML: {sentence_of(error)}", error_span(error))
    return None


class _Converter:
    """Makes our tree of PyYAML's."""

    def __init__(self, loader: Any, problems: Problems) -> None:
        self._loader = loader
        self._problems = problems

    def node(self, node: Any) -> Node:
        """The node, with everything below it."""
        marks = (node.start_mark, node.end_mark)
        if isinstance(node, MappingNode) and node.tag == f"{_YAML}map":
            return Mapping(self._entries(node), *marks)
        if isinstance(node, SequenceNode) and node.tag == f"{_YAML}seq":
            return Sequence([self.node(item) for item in node.value], *marks)
        return Scalar(self._value(node), getattr(node, "style", None) or "", *marks)

    def _entries(self, node: MappingNode) -> dict[str, tuple[Scalar, Node]]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.value:
            at = Scalar(key.value if isinstance(key, ScalarNode) else "", "", key.start_mark, key.end_mark)
            if not isinstance(key, ScalarNode):
                self._problems.error("key-not-text", "a key is a single value", at.span)
            elif at.value in entries:
                first = entries[at.value][0].span
                message = f"`{at.value}` stands twice in this map"
                self._problems.error("duplicate-key", message, at.span, related=(("the first one", first),))
            else:
                entries[at.value] = (at, self.node(value))
        return entries

    def _value(self, node: Any) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except YAMLError as error:
            self._problems.error("value", sentence_of(error), error_span(error))
        except (ValueError, TypeError) as error:
            place = Scalar(None, "", node.start_mark, node.end_mark)
            self._problems.error("value", f"this value can't be read: {error}", place.span)
        return None
