"""What a step reads of others: as checking found it out, or by a look at the text where nothing was checked yet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from flowlang.language.model import ForEachStep, Read, Step, Value
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence

_PLACEHOLDER = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_PATH = re.compile(r"(?<![\w.$])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[-?\d+\])*)")


def reads_of(step: Step, ids: Collection[str]) -> Iterator[tuple[str, str]]:
    """Every step id that `step` reads, with the path below it as text (`rows[0].id`)."""
    for value in _values_of(step):
        if value.reads or value.constant or value.tree is not None:
            for read in value.reads:
                if read.root in ids:
                    yield read.root, _path_of(read)
        else:
            yield from _named_in(value.node, value.form != "value", ids)


def _values_of(step: Step) -> Iterator[Value]:
    yield from step.values()
    if isinstance(step, ForEachStep) and step.collect is not None:
        yield step.collect


def _path_of(read: Read) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in read.path)
    return text.removeprefix(".")


def _named_in(node: Node, is_code: bool, ids: Collection[str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            for code in [node.value] if is_code else _PLACEHOLDER.findall(node.value):
                for root, path in _PATH.findall(_QUOTED.sub("''", code)):
                    if root in ids:
                        yield root, path.removeprefix(".")
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _named_in(item, is_code, ids)
    elif isinstance(node, Mapping):
        for _, _, item in node.items():
            yield from _named_in(item, is_code, ids)
