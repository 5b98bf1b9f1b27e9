"""Lines as they are painted: characters, and the names of the styles over them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.style import Style

from flowlang.language.diagnostics import Diagnostic, Span
from flowlang_tui.widgets.code_editor.buffer import Match
from flowlang_tui.widgets.code_editor.languages import JSON, PYTHON, YAML, Language
from flowlang_tui.widgets.code_editor.styles import COMPONENTS, styles_of
from tests.tui.editing import Driver, editing

pytestmark = pytest.mark.usefixtures("seen")

GOLDENS = Path(__file__).parent / "goldens" / "editor"

FLOW = """\
flow: Mail # why
inputs: [{name: to, type: string}]
steps:
  - sqlite_query:
      id: find
      query: SELECT name FROM people WHERE id = ?
      params: ["${inputs.to}", 5]
  - if: ${len(find.rows) > 0}
    then:
      - task: Send
        inputs:
          text: |
            Dear ${find.rows[0].name | upper},
            100 % \x1b[31mred
          漢字: 'it''s'
"""
CODE = '''\
"""Two
lines."""
@task
async def send(to: str, *, n=1.5) -> dict[str, int]:
    return {"a": len(f"{to}")} if True else None  # end
'''
DATA = '{"to": ["a\\n", 1, true], "n": null}\n'


def named(driver: Driver) -> str:
    """Each line of the editor as it is painted, below it its pieces with the names of their styles."""
    editor = driver.editor
    editor._strips.clear()
    editor._styles = {name: Style.from_meta({name: True}) for name in styles_of(editor)}
    editor._styles_are_old = False
    lines = []
    for y in range(editor.buffer.view.height):
        strip = editor.render_line(y)
        lines.append(strip.text.rstrip())
        for segment in strip:
            names = [name for name in (segment.style.meta if segment.style else ()) if name not in ("base", "gutter")]
            if names:
                lines.append(f"        {segment.text.rstrip() or '␠'}  <{' '.join(names)}>")
    return "\n".join(lines) + "\n"


def expect(name: str, found: str) -> None:
    """Compare with a golden file; `UPDATE_GOLDENS=1` writes it."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "language"), [("flow", FLOW, YAML), ("tasks", CODE, PYTHON), ("data", DATA, JSON)]
)
async def test_a_file_is_painted_in_the_colours_of_its_language(name: str, text: str, language: Language) -> None:
    async with editing(text, language, size=(60, 30)) as driver:
        expect(name, named(driver))


async def test_problems_matches_selection_and_folds_lie_over_the_text() -> None:
    async with editing(FLOW, size=(60, 30)) as driver:
        driver.editor.show_problems(
            [
                Diagnostic("error", "a", "b", Span(1, 7, 1, 11)),
                Diagnostic("warning", "a", "b", Span(2, 12, 2, 16)),
                Diagnostic("error", "a", "b", Span(5, 11, 7, 3)),
                Diagnostic("warning", "a", "b", Span(3, 7, 3, 7)),
            ]
        )
        driver.editor.fold(8)
        driver.editor.go_to(4, 5)
        await driver.press("shift+down")
        matches = [Match(1, 10, 14), Match(1, 18, 22)]
        driver.editor.show_matches(matches, matches[1])
        expect("overlays", named(driver))


async def test_every_style_that_painting_asks_for_has_a_component() -> None:
    async with editing("") as driver:
        assert components(driver) >= COMPONENTS
        styles = styles_of(driver.editor)
        assert styles["string"].color != styles["keyword"].color


def components(driver: Driver) -> set[str]:
    return {name for base in type(driver.editor).__mro__ for name in vars(base).get("COMPONENT_CLASSES", ())}


@pytest.mark.parametrize("theme", ["ansi-dark", "textual-light", "solarized-light"])
async def test_another_theme_changes_the_colours_at_once(theme: str) -> None:
    async with editing("steps: 1") as driver:
        before = driver.editor.render_line(0)
        driver.app.theme = theme
        await driver.pilot.pause()
        assert driver.editor.render_line(0) != before
