"""The text of a flow as it may be given to somebody else: without the passwords that were written into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowlang.connections.config import is_secret_key
from flowlang.connections.discovery import BuiltinPlugins, Plugins
from flowlang.language.diagnostics import Problems
from flowlang.language.nodes import Mapping as MapNode
from flowlang.language.nodes import Node, Scalar, Sequence
from flowlang.language.source import read_text
from flowlang.redaction import MASK, url_passwords


def shareable(text: str) -> str:
    """A flow's text with `••••` for what is secret in it: of connections, of inputs, and inside URLs."""
    source = read_text(text, Problems())
    shown = text
    for scalar in sorted(_secret(source.root), key=_begin, reverse=True) if source.text == text else ():
        if scalar.start is not None and scalar.end is not None:
            shown = f'{shown[: scalar.start.index]}"{MASK}"{shown[scalar.end.index :]}'
    for password in {found for found in url_passwords(shown) if not found.startswith("${")}:
        shown = shown.replace(f":{password}@", f":{MASK}@")
    return shown


def _secret(root: Node | None) -> Iterator[Scalar]:
    """The values that stand in the text and that nobody is to see."""
    if not isinstance(root, MapNode):
        return
    plugins = BuiltinPlugins()
    connections, inputs = root.get("connections"), root.get("inputs")
    for _, _, config in connections.items() if isinstance(connections, MapNode) else ():
        if isinstance(config, MapNode):
            yield from _marked(config, _schema(plugins, config))
    for declared in inputs.items if isinstance(inputs, Sequence) else ():
        if isinstance(declared, MapNode) and isinstance(secret := declared.get("secret"), Scalar):
            default = declared.get("default")
            if secret.value is True and default is not None:
                yield from _literals(default)


def _schema(plugins: Plugins, config: MapNode) -> Mapping[str, Any]:
    kind = config.get("type")
    entry = plugins.get(kind.value) if isinstance(kind, Scalar) and isinstance(kind.value, str) else None
    return {} if entry is None or entry.plugin is None else entry.plugin().get_config_schema()


def _marked(config: MapNode, schema: Mapping[str, Any]) -> Iterator[Scalar]:
    properties = schema.get("properties", {})
    for key, _, value in config.items():
        declared = properties.get(key, {})
        if is_secret_key(key, declared):
            yield from _literals(value)
        elif isinstance(value, MapNode):
            yield from _marked(value, declared)


def _literals(node: Node) -> Iterator[Scalar]:
    """The values in a node that are no expressions: those say where a secret is, and not what it is."""
    if isinstance(node, Scalar):
        if node.value not in (None, "") and "${" not in str(node.value):
            yield node
    elif isinstance(node, MapNode):
        for _, _, value in node.items():
            yield from _literals(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _literals(item)


def _begin(scalar: Scalar) -> int:
    return 0 if scalar.start is None else scalar.start.index
