"""The styles of the editor: component classes that a theme can set, and what they are without one."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.widget import Widget

from flowlang_tui.widgets.code_editor.lexer import TOKEN_KINDS

#: Colours of letters only; the background is that of the line.
_LETTERS: Final = (
    *TOKEN_KINDS,
    "fold",
    "breakpoint",
    "stopped",
    "succeeded",
    "failed",
    "running",
    "skipped",
    "error",
    "warning",
    "info",
)

#: Backgrounds only; the letters keep their colours.
_GROUNDS: Final = {
    "selection": "text-area--selection",
    "bracket": "text-area--matching-bracket",
    "match": "code-editor--match",
}

_WHOLE: Final = {
    "cursor": "text-area--cursor",
    "current-match": "code-editor--current-match",
    "cursor-line": "text-area--cursor-line",
    "gutter": "text-area--gutter",
    "cursor-gutter": "text-area--cursor-gutter",
    "stopped-line": "code-editor--stopped-line",
    "stopped-gutter": "code-editor--stopped-line",
}

COMPONENTS: Final = {f"code-editor--{name}" for name in (*_LETTERS, "match", "current-match", "stopped-line")}

CSS: Final = """
CodeSurface {
    padding: 0;
    scrollbar-size-vertical: 1;
    border: none;
    &:focus { border: none; }
    & .code-editor--brace { color: $text-accent; text-style: bold; }
    & .code-editor--comment { color: $foreground 50%; text-style: italic; }
    & .code-editor--constant { color: $text-warning; }
    & .code-editor--decorator { color: $text-secondary; }
    & .code-editor--definition { color: $foreground; text-style: bold; }
    & .code-editor--function { color: $text-warning; }
    & .code-editor--key { color: $text-secondary; }
    & .code-editor--keyword { color: $text-primary; }
    & .code-editor--kind { color: $text-accent; text-style: bold; }
    & .code-editor--name { color: $foreground; }
    & .code-editor--number { color: $text-warning; }
    & .code-editor--operator { color: $text-accent; }
    & .code-editor--punctuation { color: $foreground 60%; }
    & .code-editor--string { color: $text-success; }
    & .code-editor--variable { color: $text-primary; }
    & .code-editor--fold { color: $foreground 40%; }
    & .code-editor--breakpoint { color: $text-error; }
    & .code-editor--stopped { color: $text-warning; text-style: bold; }
    & .code-editor--stopped-line { background: $warning 25%; }
    & .code-editor--succeeded { color: $text-success; }
    & .code-editor--failed { color: $text-error; text-style: bold; }
    & .code-editor--running { color: $text-accent; text-style: bold; }
    & .code-editor--skipped { color: $foreground 50%; }
    & .code-editor--error { color: $text-error; text-style: underline; }
    & .code-editor--warning { color: $text-warning; text-style: underline; }
    & .code-editor--info { color: $text-primary; text-style: underline; }
    & .code-editor--match { background: $warning 35%; }
    & .code-editor--current-match { background: $warning; color: $background; }
    &:ansi {
        .code-editor--comment, .code-editor--punctuation, .code-editor--fold, .code-editor--skipped { text-style: dim; }
        .code-editor--match { background: ansi_yellow; }
        .code-editor--stopped-line { text-style: reverse; }
        .code-editor--current-match { text-style: reverse; }
    }
}
"""


def styles_of(widget: Widget) -> dict[str, Style]:
    """The styles that painting asks for, by name."""
    styles = {"base": widget.rich_style}
    for name, component in _WHOLE.items():
        styles[name] = widget.get_component_rich_style(component)
    for name, component in _GROUNDS.items():
        style = widget.get_component_rich_style(component)
        styles[name] = Style(bgcolor=style.bgcolor, reverse=style.reverse)
    for name in _LETTERS:
        style = widget.get_component_rich_style(f"code-editor--{name}")
        styles[name] = style.without_color + Style(color=style.color)
    for name in ("error", "warning", "info"):
        styles[f"{name}-sign"] = Style(color=styles[name].color, bold=True)
    return styles
