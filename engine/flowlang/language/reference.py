"""The tables of the language reference, made from the language's own data.

`python -m flowlang.language.reference docs/language.md` brings the file's tables up to date: whatever stands
between `<!-- table: NAME -->` and `<!-- end -->` is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from flowlang.language.codes import CODES
from flowlang.language.expressions import FUNCTIONS
from flowlang.language.vocabulary import (
    CASE_KEYS,
    CONNECTION_KEYS,
    CONTEXT_FIELDS,
    ELIF_KEYS,
    EXIT_KEYS,
    FLOW_KEYS,
    INPUT_KEYS,
    INPUT_TYPES,
    KINDS,
    LOOP_FIELDS,
    OUTPUT_KEYS,
    RESULT_FIELDS,
    RETRY_KEYS,
    ROOTS,
    SHAPES,
    STEP_KEYS,
    Key,
)

_PLACE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str) -> str:
    """A Markdown text with its tables up to date. Raises KeyError for a table that there is not."""
    return _PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}{place[3]}", text)


def keys_table(keys: Iterable[Key]) -> str:
    """The keys of a mapping, with what may stand there and what holds without it."""
    rows = [(f"`{key.name}`", _value_of(key), _default_of(key), key.doc) for key in keys]
    return _table(("key", "value", "without it", "meaning"), rows)


def kinds_text() -> str:
    """Every kind of step: what it does, its keys, an example."""
    parts = []
    for kind in KINDS:
        example = "".join(f"{line}\n" for line in kind.example.rstrip("\n").split("\n"))
        parts.append(f"### `{kind.name}`\n\n{kind.doc}\n\n{keys_table(kind.keys)}\n```yaml\n{example}```\n")
    return "\n".join(parts)


def functions_table() -> str:
    """The functions of expressions."""
    rows = [(f"`{function.signature}`", function.doc) for function in FUNCTIONS.values()]
    return _table(("function", "what it gives"), rows)


def _meanings(heading: str, meanings: Mapping[str, str]) -> str:
    return _table((heading, "meaning"), [(f"`{name}`", doc) for name, doc in meanings.items()])


def _input_types() -> str:
    names: dict[str, list[str]] = {}
    for name, type in INPUT_TYPES.items():
        names.setdefault(type, []).append(f"`{name}`")
    return _table(("type", "other names"), [(each[0], ", ".join(each[1:])) for each in names.values()])


def _value_of(key: Key) -> str:
    if key.choices and key.shape == "text":
        return ", ".join(f"`{choice}`" for choice in key.choices)
    return key.shape


def _default_of(key: Key) -> str:
    if key.required:
        return "**required**"
    if key.default is None:
        return ""
    if isinstance(key.default, bool):
        return f"`{str(key.default).lower()}`"
    return f"`{key.default}`"


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


#: Every table by the name under which a document asks for it.
TABLES: Final[dict[str, Callable[[], str]]] = {
    "flow-keys": lambda: keys_table(FLOW_KEYS),
    "input-keys": lambda: keys_table(INPUT_KEYS),
    "input-types": _input_types,
    "output-keys": lambda: keys_table(OUTPUT_KEYS),
    "connection-keys": lambda: keys_table(CONNECTION_KEYS),
    "step-keys": lambda: keys_table(STEP_KEYS),
    "retry-keys": lambda: keys_table(RETRY_KEYS),
    "elif-keys": lambda: keys_table(ELIF_KEYS),
    "case-keys": lambda: keys_table(CASE_KEYS),
    "exit-keys": lambda: keys_table(EXIT_KEYS),
    "kinds": kinds_text,
    "shapes": lambda: _meanings("value", SHAPES),
    "names": lambda: _meanings("name", ROOTS),
    "context": lambda: _meanings("name", {f"context.{name}": doc for name, doc in CONTEXT_FIELDS.items()}),
    "loop": lambda: _meanings("name", {f"loop.{name}": doc for name, doc in LOOP_FIELDS.items()}),
    "result": lambda: _meanings("name", {f"id.{name}": doc for name, doc in RESULT_FIELDS.items()}),
    "functions": functions_table,
    "codes": lambda: _meanings("code", CODES),
}


def main(paths: Iterable[str]) -> None:
    """Bring the tables of the files up to date."""
    for path in map(Path, paths):
        path.write_text(fill(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
