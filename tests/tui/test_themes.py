"""Themes can be read, say what is wrong with them, are readable on the screen, and are shown while one chooses."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Input, OptionList, Static

from flowlang_themes import DEFAULT, Palette, folder, read, themes_in
from flowlang_themes.palette import COLORS, ROLES
from flowlang_tui.screens.theme_picker import ThemePicker
from flowlang_tui.theming import STYLES, textual_theme, theme_files, use_theme, variable_defaults

FILES = themes_in([folder()])
GROUNDS = ("background", "surface", "panel")
LETTERS = [color for color in COLORS if color not in (*GROUNDS, "border", "selection")]


def palette_of(name: str) -> Palette:
    palette, problems = read(FILES[name])
    assert problems == []
    assert palette is not None
    return palette


def luminance(color: str) -> float:
    """As WCAG 2 has it."""
    channels = [channel / 255 for channel in Color.parse(color).rgb]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_there_are_themes_for_every_need() -> None:
    assert len(FILES) >= 8
    assert {DEFAULT, "daylight", "contrast-dark", "contrast-light", "safe-dark", "safe-light", "terminal"} <= set(FILES)
    assert {palette_of(name).dark for name in FILES} == {True, False}


@pytest.mark.parametrize("name", sorted(set(FILES) - {"terminal"}))
def test_text_stands_out_from_what_is_behind_it(name: str) -> None:
    palette = palette_of(name)
    least = 7 if name.startswith("contrast") else 4.5
    letters = {**{color: palette.colors[color] for color in LETTERS}, **palette.variables}
    row = letters.pop("graph-row")
    low = {
        f"{letter} on {ground}": round(contrast(color, palette.colors[ground]), 2)
        for (letter, color), ground in product(letters.items(), GROUNDS)
        if contrast(color, palette.colors[ground]) < least
    }
    assert low == {}
    assert contrast(palette.colors["text"], palette.colors["selection"]) >= least
    assert contrast(palette.colors["text"], row) >= least
    assert contrast(palette.colors["background"], palette.colors["primary"]) >= least


@pytest.mark.parametrize("name", ["safe-dark", "safe-light"])
def test_states_that_matter_differ_in_lightness_or_blue_too(name: str) -> None:
    states = palette_of(name).variables
    ok, bad, busy = (Color.parse(states[f"state-{state}"]) for state in ("succeeded", "failed", "running"))
    for one, other in ((ok, bad), (ok, busy), (bad, busy)):
        # red and green are what may look the same: a difference in blue, or yellow, is seen by nearly all
        assert abs(one.b - other.b) > 40 or contrast(one.hex, other.hex) > 1.5


def test_the_terminal_theme_uses_only_the_terminals_colours() -> None:
    palette = palette_of("terminal")
    assert palette.ansi
    assert {color[:5] for color in (*palette.colors.values(), *palette.roles.values())} == {"ansi_"}


def written(path: Path, change: str = "", old: str = "") -> Path:
    path.write_text(FILES[DEFAULT].read_text().replace(old, change, 1) if old else FILES[DEFAULT].read_text() + change)
    return path


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('text: "#d7dde8"', "text: pink", '12:error: the colour `text` must be "#rrggbb", in quotes'),
        ('text: "#d7dde8"', "text: #d7dde8", '8:error: the colour `text` must be "#rrggbb", in quotes'),
        ("  border:", "  borders:", "9:warning: `colors` has no `borders`; did you mean `border`?"),
        ("  border:", "  borders:", "3:error: `colors` lacks `border`"),
        ("dark: true", "dark: maybe", "2:error: `dark` must be true or false"),
        ("syntax:", "sintax:", "did you mean `syntax`?"),
        ("colors:", "colors: [", "error"),
    ],
)
def test_a_mistake_in_a_theme_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    _, problems = read(written(tmp_path / "mine.yaml", new, old))
    lines = [f"{problem.line}:{problem.severity}: {problem.sentence}" for problem in problems]
    assert any(line.endswith(told.partition(":")[2]) or told in line for line in lines), lines


@pytest.mark.parametrize("text", ["", "[]", "colors: {}", "midnight", "\x00", "colors: 3"])
def test_what_is_no_theme_is_told_and_not_raised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    palette, problems = read(path)
    assert palette is None
    assert problems


def test_a_warning_does_not_keep_a_theme_from_being_used(tmp_path: Path) -> None:
    palette, problems = read(written(tmp_path / "mine.yaml", "graf: {}\n"))
    assert palette is not None
    assert [problem.severity for problem in problems] == ["warning"]


def test_reading_a_theme_needs_no_screen() -> None:
    code = "import sys, flowlang_themes as t; t.read(t.folder() / 'moss.yaml'); print('textual' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_the_styles_name_parts_that_the_widgets_have() -> None:
    from flowlang_tui.widgets.code_editor.editor import CodeEditor
    from flowlang_tui.widgets.step_graph import StepGraph

    parts = {part for widget in (CodeEditor, StepGraph) for base in widget.mro() for part in _components(base)}
    assert set(re.findall(r"\.([a-z-]+) ", STYLES)) <= parts


def _components(widget: type) -> set[str]:
    return set(vars(widget).get("COMPONENT_CLASSES", ()))


class ThemedApp(App[None]):
    CSS = STYLES + "\nStatic { color: $state-failed; background: $background; }"
    shown: Any = "nothing yet"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()

    def compose(self) -> ComposeResult:
        yield Static("failed")
        yield Input()

    def choose(self) -> None:
        def chosen(name: str | None) -> None:
            self.shown = name

        self.push_screen(ThemePicker(), chosen)


@pytest.fixture
def own_themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    themes = tmp_path / "flowlang-tui" / "themes"
    themes.mkdir(parents=True)
    return themes


@pytest.mark.parametrize("name", FILES)
async def test_every_theme_can_be_shown(name: str) -> None:
    app = ThemedApp()
    async with app.run_test() as pilot:
        assert use_theme(app, name) == []
        await pilot.pause()
        palette = palette_of(name)
        assert app.theme == name
        assert app.query_one(Static).styles.color == Color.parse(palette.variables["state-failed"])
        variables = app.get_css_variables()
        assert set(variables) >= {f"syntax-{role}" for role in ROLES["syntax"]}
        assert textual_theme(palette).ansi is (name == "terminal")


async def test_a_theme_that_is_not_there_is_told_and_changes_nothing(own_themes: Path) -> None:
    app = ThemedApp()
    async with app.run_test():
        use_theme(app, "moss")
        (problem,) = use_theme(app, "midnigt")
        assert problem.suggestion == "midnight"
        assert app.theme == "moss"


async def test_a_persons_own_theme_replaces_one_of_that_name_and_is_read_again_when_it_changed(
    own_themes: Path,
) -> None:
    path = written(own_themes / "midnight.yaml", "states: {failed: '#ff0000'}\n")
    assert theme_files()["midnight"] == path
    app = ThemedApp()
    async with app.run_test() as pilot:
        for color in ("#ff0000", "#00ff00"):
            path.write_text(path.read_text().replace("#ff0000", color))
            assert use_theme(app, "midnight") == []
            await pilot.pause()
            assert app.query_one(Static).styles.color == Color.parse(color)
        path.write_text("colors: [")
        assert use_theme(app, "midnight") != []
        assert app.query_one(Static).styles.color == Color.parse("#00ff00")


async def test_going_through_the_list_shows_each_theme_and_escape_brings_the_old_one_back(own_themes: Path) -> None:
    app = ThemedApp()
    async with app.run_test() as pilot:
        use_theme(app, "ember")
        app.choose()
        await pilot.pause()
        themes = app.screen.query_one(OptionList)
        assert themes.highlighted_option is not None
        assert themes.highlighted_option.id == "ember"
        await pilot.press("down", "j")
        assert app.theme == themes.highlighted_option.id != "ember"
        await pilot.press("escape")
        await pilot.pause()
        assert (app.theme, app.shown) == ("ember", None)


async def test_enter_takes_the_theme(own_themes: Path) -> None:
    app = ThemedApp()
    async with app.run_test() as pilot:
        use_theme(app, "ember")
        app.choose()
        await pilot.pause()
        await pilot.press("home", "enter")
        await pilot.pause()
        assert (app.theme, app.shown) == (DEFAULT, DEFAULT)


async def test_a_broken_theme_in_the_list_says_what_is_wrong_and_cannot_be_taken(own_themes: Path) -> None:
    (own_themes / "zz.yaml").write_text("colors: {text: pink}\n")
    app = ThemedApp()
    async with app.run_test() as pilot:
        use_theme(app, "ember")
        app.choose()
        await pilot.pause()
        await pilot.press("end", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ThemePicker)
        assert "line 1: the colour `text` must be" in str(app.screen.query_one(Static).content)
        assert app.theme != "zz"


def test_the_page_of_themes_tells_of_each_theme_colour_and_role(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "themes.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\S+)` \|", page, re.MULTILINE))
    assert rows == {*FILES, *COLORS, *(role for roles in ROLES.values() for role in roles)}
    shown = tmp_path / "dawn.yaml"
    shown.write_text(page.partition("```yaml theme\n")[2].partition("```")[0])
    palette, problems = read(shown)
    assert problems == []
    assert palette is not None
    assert (
        min(
            contrast(color, palette.colors["panel"]) for role, color in palette.variables.items() if role != "graph-row"
        )
        >= 4.5
    )
