"""Reads themes. Whatever is wrong with one is told with its line, and nothing is raised for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from flowlang.language.diagnostics import NOWHERE, Diagnostic, Problems, Span, nearest
from flowlang.language.nodes import Mapping, Node, Scalar
from flowlang.language.source import read_file
from flowlang_themes.palette import COLORS, ROLES, Palette, role_name

#: The theme of somebody who has chosen none.
DEFAULT: Final = "midnight"

_ENDINGS: Final = (".yaml", ".yml")
_KEYS: Final = ("title", "dark", "ansi", "colors", *ROLES)
_RGB: Final = r"#[0-9a-fA-F]{6}"
_ANSI: Final = r"ansi_(default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white))"


def folder() -> Path:
    """The folder with the themes that come with the program."""
    return Path(__file__).parent


def themes_in(folders: Iterable[Path]) -> dict[str, Path]:
    """The files of all themes in these folders by name, in order; a later folder replaces those of an earlier one.

    A theme is called as its file is. A folder that isn't there has none.
    """
    found: dict[str, Path] = {}
    for place in folders:
        found.update({path.stem: path for path in sorted(place.glob("*.*")) if path.suffix in _ENDINGS})
    return found


def find(name: str, folders: Iterable[Path]) -> Path | None:
    """The file of one theme, or None."""
    return themes_in(folders).get(name)


def read(path: Path) -> tuple[Palette | None, list[Diagnostic]]:
    """The theme in a file, and what is wrong with it. No theme if any of that is an error."""
    problems = Problems(str(path))
    root = read_file(path, problems).root
    reader = _Reader(problems)
    palette = None
    if isinstance(root, Mapping):
        palette = reader.palette(path.stem, root)
    elif not problems.fatal:
        problems.error("no-theme", "a theme is a mapping with `colors:`", NOWHERE if root is None else root.span)
    return None if problems.fatal else palette, problems.in_order()


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._form = _RGB

    def palette(self, name: str, root: Mapping) -> Palette | None:
        self._known(root, _KEYS, "a theme")
        ansi = self._flag(root.get("ansi"), "ansi", False)
        self._form = _ANSI if ansi else _RGB
        colors = self._colors(root.get("colors"), "colors", COLORS)
        missing = [color for color in COLORS if color not in colors]
        if missing and not self._problems.fatal:
            place = root.entries["colors"][0].span if "colors" in root.entries else Span(1, 1, 1, 1)
            self._problems.error("missing-color", f"`colors` lacks {', '.join(f'`{one}`' for one in missing)}", place)
        roles = {
            role_name(group, role): color
            for group, known in ROLES.items()
            for role, color in self._colors(root.get(group), group, known).items()
        }
        title = root.get("title")
        dark = self._flag(root.get("dark"), "dark", True)
        words = title.value if isinstance(title, Scalar) and isinstance(title.value, str) else name.capitalize()
        return None if self._problems.fatal else Palette(name, words, dark, ansi, colors, roles)

    def _colors(self, node: Node | None, group: str, known: Iterable[str]) -> dict[str, str]:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return {}
        if not isinstance(node, Mapping):
            self._problems.error("invalid-color", f"`{group}` must be a mapping of colours by name", node.span)
            return {}
        self._known(node, tuple(known), f"`{group}`")
        return {name: color for name, _, value in node.items() if (color := self._color(name, value)) is not None}

    def _color(self, name: str, node: Node) -> str | None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str) and re.fullmatch(self._form, value):
            return value
        wanted = '"#rrggbb", in quotes' if self._form == _RGB else "one of the terminal's, such as ansi_bright_red"
        self._problems.error("invalid-color", f"the colour `{name}` must be {wanted}", node.span)
        return None

    def _flag(self, node: Node | None, name: str, otherwise: bool) -> bool:
        if node is None:
            return otherwise
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self._problems.error("invalid-value", f"`{name}` must be true or false", node.span)
        return otherwise

    def _known(self, node: Mapping, known: tuple[str, ...], place: str) -> None:
        for key, key_node, _ in node.items():
            if key not in known:
                message = f"{place} has no `{key}`"
                self._problems.warning("unknown-key", message, key_node.span, suggestion=nearest(key, known))
