"""Whoever catches every exception passes it on, or says in the line above why nothing narrower would do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("engine", "flowlang_tui", "plugins", "themes")
BROAD = {"Exception", "BaseException"}


def _names(expression: ast.expr | None) -> set[str]:
    if expression is None:
        return BROAD
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _passes_on(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def _is_broad(node: ast.ExceptHandler | ast.Call) -> bool:
    if isinstance(node, ast.ExceptHandler):
        return bool(_names(node.type) & BROAD) and not _passes_on(node)
    return "suppress" in _names(node.func) and any(_names(argument) & BROAD for argument in node.args)


def _unexplained(path: Path) -> Iterator[int]:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.ExceptHandler, ast.Call)) or not _is_broad(node):
            continue
        if not lines[node.lineno - 2].lstrip().startswith("#"):
            yield node.lineno


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_handler_of_everything_passes_it_on_or_says_why(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in _unexplained(path)
    ]
    assert not found
