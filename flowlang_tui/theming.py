"""Themes on the screen: a theme's colours become Textual's, and those of the workbench's own widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textual.app import App
from textual.theme import Theme

from flowlang.language.diagnostics import NOWHERE, Diagnostic, nearest
from flowlang_themes import DEFAULT, ROLES, Palette, find, folder, read, themes_in
from flowlang_themes.palette import role_name
from flowlang_tui.preferences import config_folder


def _styles(widget: str, component: str, prefix: str, roles: Iterable[str]) -> str:
    rules = (f"    & .{component}--{role} {{ color: ${prefix}-{role}; }}" for role in roles)
    return "\n".join([f"{widget} {{", *rules, "}"])


#: Rules for `App.CSS`: the parts of editor and graph take the colours that a theme has for them, and the palette is no
#: wider than can be read.
STYLES = "\n".join(
    [
        _styles("CodeSurface", "code-editor", "syntax", ROLES["syntax"]),
        _styles("CodeSurface", "code-editor", "state", ("running", "succeeded", "failed", "skipped")),
        _styles("StepGraph", "step-graph", "state", ROLES["states"]),
        _styles(
            "StepGraph", "step-graph", "graph", [role for role in ROLES["graph"] if role not in ("critical", "row")]
        ),
        "StepGraph > .step-graph--row { background: $graph-row; }",
        "CommandPalette > Vertical { max-width: 100; }",
    ]
)


def variable_defaults() -> dict[str, str]:
    """For `App.get_theme_variable_defaults`: every role has some colour with any of Textual's own themes too."""
    return {role_name(group, role): "ansi_default" for group, roles in ROLES.items() for role in roles}


def theme_folders() -> list[Path]:
    """Where themes are: those of the program, then a person's own, which replace those of the same name."""
    return [folder(), config_folder() / "themes"]


def theme_files() -> dict[str, Path]:
    """Every theme's file by name, the default first."""
    files = themes_in(theme_folders())
    return {name: files[name] for name in sorted(files, key=lambda name: (name != DEFAULT, name))}


def is_theme(name: str) -> bool:
    """Whether there is a theme of this name."""
    return find(name, theme_folders()) is not None


def unknown_theme(name: str) -> Diagnostic:
    """What to say about a theme that there isn't."""
    known = list(theme_files())
    message = f"there is no theme `{name}`; there are {', '.join(known)}"
    return Diagnostic("error", "unknown-theme", message, NOWHERE, nearest(name, known))


def use_theme(app: App[Any], name: str) -> list[Diagnostic]:
    """Show the app in a theme, and give what is wrong with it; with an error in it the app stays as it was.

    For the theme that is shown already it reads the file anew.
    """
    path = find(name, theme_folders())
    if path is None:
        return [unknown_theme(name)]
    palette, problems = read(path)
    if palette is not None:
        app.register_theme(textual_theme(palette))
        if app.theme == name:
            app.mutate_reactive(App.theme)
        else:
            app.theme = name
    return problems


def textual_theme(palette: Palette) -> Theme:
    """A theme as Textual wants it, with a variable for each role: `$state-running`, `$syntax-key`, `$graph-edge`."""
    colors = palette.colors
    variables = _variables(colors)
    if palette.ansi:
        variables |= _ansi_variables(palette.dark)
    return Theme(
        name=palette.name,
        primary=colors["primary"],
        secondary=colors["secondary"],
        accent=colors["accent"],
        success=colors["success"],
        warning=colors["warning"],
        error=colors["error"],
        foreground=colors["text"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["panel"],
        boost=colors["background"] if palette.ansi else None,
        dark=palette.dark,
        ansi=palette.ansi,
        variables=variables | palette.variables,
    )


def _ansi_variables(dark: bool) -> dict[str, str]:
    """Where letters stand on a colour, the terminal's own ground is no use for them."""
    ground, letters = ("ansi_black", "ansi_bright_white") if dark else ("ansi_bright_white", "ansi_black")
    return {
        "ansi-background": ground,
        "ansi-foreground": letters,
        "block-cursor-foreground": ground,
        "block-cursor-blurred-foreground": "ansi_bright_white",
        "button-color-foreground": ground,
        "input-cursor-background": letters,
        "input-cursor-foreground": ground,
        "input-selection-foreground": "ansi_bright_white",
        "screen-selection-foreground": "ansi_bright_white",
    }


def _variables(colors: Mapping[str, str]) -> dict[str, str]:
    named = ("primary", "secondary", "accent", "success", "warning", "error", "muted")
    return {
        **{f"text-{name}": colors[name] for name in named},
        "border": colors["focus"],
        "border-blurred": colors["border"],
        "block-cursor-background": colors["primary"],
        "block-cursor-foreground": colors["background"],
        "block-cursor-blurred-background": colors["selection"],
        "block-cursor-blurred-foreground": colors["text"],
        "block-hover-background": colors["selection"],
        "input-selection-background": colors["selection"],
        "input-selection-foreground": colors["text"],
        "screen-selection-background": colors["selection"],
        "button-color-foreground": colors["background"],
        "footer-background": colors["panel"],
        "footer-foreground": colors["text"],
        "footer-key-foreground": colors["accent"],
        "footer-description-foreground": colors["text"],
        "link-color": colors["primary"],
        "scrollbar": colors["border"],
        "scrollbar-hover": colors["muted"],
        "scrollbar-active": colors["focus"],
        "scrollbar-background": colors["surface"],
        "scrollbar-background-hover": colors["surface"],
        "scrollbar-background-active": colors["surface"],
        "scrollbar-corner-color": colors["surface"],
    }
