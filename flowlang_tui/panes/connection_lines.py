"""How connections look in their list."""

from __future__ import annotations

from textual.content import Content

from flowlang_tui.inert import inert
from flowlang_tui.session.connection_rows import BrokenPlugin, ConnectionRow

EMPTY = """\
No connections yet.

a  adds one by a form
x  writes an example flow

The project keeps it, encrypted, for all its flows, or it is written into the open flow."""

#: How many lines a problem may take.
_LINES = 2

_STATES = {
    "locked": ("⊘", "$text-warning"),
    "damaged": ("✗", "bold $text-error"),
    "unusable": ("!", "$text-warning"),
}


def connection_text(row: ConnectionRow, width: int, *, testing: bool = False) -> Content:
    """A connection in two lines: sign, name and type; then where it leads, or what is wrong."""
    sign, style = _sign(row, testing)
    parts = [(f"{sign} ", style), (inert(row.name), "bold"), (f" {inert(row.type)}", "$text-muted")]
    if row.uses:
        parts.append((f" ·{row.uses}", "$text-muted"))
    if row.environments:
        parts.append((f" [{' '.join(row.environments)}]", "$text-muted"))
    first = Content.assemble(*parts).truncate(width, ellipsis=True)
    lines = 1 if row.problem is None else _LINES
    second = _second(row).truncate(lines * (width - 2), ellipsis=True)
    return Content.assemble(first, "\n  ", second)


def plugin_text(plugin: BrokenPlugin) -> Content:
    """A plugin that cannot be used, with the reason in full."""
    return Content.assemble(
        ("✗ ", "bold $text-error"), (inert(plugin.name), "bold"), (f" {inert(plugin.error)}", "$text-muted")
    )


def heading(words: str) -> Content:
    """What the connections below have in common."""
    return Content.styled(inert(words), "$text-muted underline")


def _sign(row: ConnectionRow, testing: bool) -> tuple[str, str]:
    if testing:
        return "…", "$state-running"
    if row.state != "ready":
        return _STATES[row.state]
    if row.health is None:
        return "○", "$text-muted"
    return ("✓", "$text-success") if row.health.ok else ("✗", "bold $text-error")


def _second(row: ConnectionRow) -> Content:
    if row.state == "locked":
        return Content.styled("locked: enter says what to do", "$text-warning")
    if row.problem is not None:
        return Content.styled(inert(row.problem), "$text-error")
    if row.health is not None and not row.health.ok:
        return Content.styled(f"{row.health.stage} failed: {inert(row.health.message or '')}", "$text-error")
    where = f"= {row.use}" if row.use is not None else row.target
    return Content.styled(inert(where), "$text-muted")
