"""Values of a flow in a few words, safe to show anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from flowlang.language.model import Value
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence

LONGEST: Final = 48

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_GROUPS: Final = frozenset({"any", "all", "none"})


def inert(text: str) -> str:
    """`text` on one line, without anything that a terminal would obey."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else "·" for c in line)


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text` cut to `longest` characters, with `…` for the rest."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def in_short(value: Value | None) -> str:
    """A value as a reader would say it: `${a.ok}` as `a.ok`, a long list by its first items."""
    if value is None:
        return ""
    return shortened(inert(_say(value.node, value.form != "value", top=True)))


def _say(node: Node, is_code: bool, top: bool = False) -> str:
    if isinstance(node, Scalar):
        return _say_scalar(node, is_code, top)
    if isinstance(node, Sequence):
        return "[" + ", ".join(_first(_say(item, is_code) for item in node.items[:LONGEST])) + "]"
    if isinstance(node, Mapping):
        if len(node.entries) == 1:
            name, _, items = next(node.items())
            if name in _GROUPS and isinstance(items, Sequence):
                return f"{name}({', '.join(_first(_say(item, is_code) for item in items.items[:LONGEST]))})"
        entries = list(node.items())[:LONGEST]
        return "{" + ", ".join(_first(f"{key}: {_say(value, is_code)}" for key, _, value in entries)) + "}"
    return ""


def _first(items: Iterable[str]) -> list[str]:
    """As many items as can be shown; there is no use in spelling out ten thousand."""
    shown: list[str] = []
    length = 0
    for item in items:
        shown.append(item)
        length += len(item)
        if length > LONGEST:
            break
    return shown


def _say_scalar(node: Scalar, is_code: bool, top: bool) -> str:
    value = node.value
    if isinstance(value, str):
        text = value[: 8 * LONGEST].strip()
        alone = _PLACEHOLDER.fullmatch(text)
        if alone is not None:
            return alone[1].strip()
        if is_code:
            return _PLACEHOLDER.sub(lambda found: found[1].strip(), text)
        return text if top else repr(text)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
