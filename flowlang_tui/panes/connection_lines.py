"""How connections look in their list."""

from __future__ import annotations

from rich.text import Text

from flowlang_tui.inert import inert
from flowlang_tui.session.connection_rows import BrokenPlugin, ConnectionRow

EMPTY = """\
No connections yet.

a  adds one by a form
x  writes an example flow

The project keeps it, encrypted, for all its flows, or it is written into the open flow."""

#: How many lines a problem may take.
_LINES = 2

_STATES = {"locked": ("⊘", "yellow"), "damaged": ("✗", "bold red"), "unusable": ("!", "yellow")}


def connection_text(row: ConnectionRow, width: int, *, testing: bool = False) -> Text:
    """A connection in two lines: sign, name and type; then where it leads, or what is wrong."""
    sign, style = _sign(row, testing)
    text = Text.assemble((f"{sign} ", style), (inert(row.name), "bold"), (f" {inert(row.type)}", "dim"))
    if row.uses:
        text.append(f" ·{row.uses}", "dim")
    if row.environments:
        text.append(f" [{' '.join(row.environments)}]", "dim")
    text.truncate(width, overflow="ellipsis")
    second = _second(row)
    lines = 1 if row.problem is None else _LINES
    second.truncate(lines * (width - 2), overflow="ellipsis")
    return text.append("\n  ").append_text(second)


def plugin_text(plugin: BrokenPlugin) -> Text:
    """A plugin that cannot be used, with the reason in full."""
    return Text.assemble(("✗ ", "bold red"), (inert(plugin.name), "bold"), (f" {inert(plugin.error)}", "dim"))


def heading(words: str) -> Text:
    """What the connections below have in common."""
    return Text(inert(words), style="dim underline")


def _sign(row: ConnectionRow, testing: bool) -> tuple[str, str]:
    if testing:
        return "…", "cyan"
    if row.state != "ready":
        return _STATES[row.state]
    if row.health is None:
        return "○", "dim"
    return ("✓", "green") if row.health.ok else ("✗", "bold red")


def _second(row: ConnectionRow) -> Text:
    if row.state == "locked":
        return Text("locked: enter says what to do", "yellow")
    if row.problem is not None:
        return Text(inert(row.problem), "red")
    if row.health is not None and not row.health.ok:
        return Text(f"{row.health.stage} failed: {inert(row.health.message or '')}", "red")
    where = f"= {row.use}" if row.use is not None else row.target
    return Text(inert(where), "dim")
