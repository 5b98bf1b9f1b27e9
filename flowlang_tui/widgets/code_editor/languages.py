"""Which lexer a file gets, and how it is indented and commented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Final, NamedTuple

from flowlang_tui.widgets.code_editor import lexer_code
from flowlang_tui.widgets.code_editor.lexer import Lexer, PlainLexer
from flowlang_tui.widgets.code_editor.lexer_yaml import YamlLexer

#: A tab goes to the next multiple of so many cells.
TAB_WIDTH: Final = 4


class Language(NamedTuple):
    """What the editor knows about a language. `opens` are the line ends after which a line is indented more."""

    name: str
    lexer: Callable[[], Lexer]
    comment: str = ""
    indent: int = 2
    opens: tuple[str, ...] = ()


YAML: Final = Language("yaml", YamlLexer, "#", opens=(":", "|", "|-", "|+", ">", ">-", ">+"))
PYTHON: Final = Language("python", lexer_code.python, "#", 4, opens=(":", "(", "[", "{"))
JSON: Final = Language("json", lexer_code.json, opens=("[", "{"))
SQL: Final = Language("sql", lexer_code.sql, "--", opens=("(",))
ENV: Final = Language("env", lexer_code.env, "#")
TEXT: Final = Language("text", PlainLexer)

_BY_SUFFIX: Final = {
    ".yaml": YAML,
    ".yml": YAML,
    ".py": PYTHON,
    ".pyi": PYTHON,
    ".json": JSON,
    ".jsonl": JSON,
    ".sql": SQL,
    ".env": ENV,
}


def language_of(path: PurePath) -> Language:
    """The language of a file, by its name."""
    if path.name == ".env" or path.name.startswith(".env."):
        return ENV
    return _BY_SUFFIX.get(path.suffix.lower(), TEXT)
