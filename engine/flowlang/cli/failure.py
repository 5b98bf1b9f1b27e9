"""An error of a run, told in full."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flowlang.cli.excerpt import excerpt, lines_of
from flowlang.cli.readable import readable
from flowlang.cli.terminal import Palette, inert, one_line
from flowlang.language.diagnostics import Span


def failure_text(error: Mapping[str, Any], palette: Palette) -> str:
    """Everything that is known of `error`, the masked map of a result: what, where, with what, why, what to do."""
    lines = [_headline(error, palette)]
    place = _place(error)
    if place:
        lines.append(f"  {palette.faint('at')} {place}")
    lines += _excerpt(error, palette)
    if error.get("raised_at"):
        lines.append(f"  {palette.faint('raised at')} {shown_path(error['raised_at'])}")
    for title, key in (("inputs", "inputs"), ("statement", "statement")):
        if error.get(key):
            lines += _section(title, readable(error[key], 4), palette)
    if error.get("attempt_errors"):
        told = [
            inert(f"    {failed['attempt']}. {failed['type']}: {failed['message']}")
            for failed in error["attempt_errors"]
        ]
        lines += _section("attempts", told, palette)
    elif (error.get("attempts") or 0) > 1:
        lines += _section("attempts", [f"    {error['attempts']}"], palette)
    if error.get("cause"):
        lines += _section("caused by", readable(error["cause"], 4), palette)
    if error.get("others"):
        told = [one_line(f"    step {other['step']}: {other['type']}: {other['message']}") for other in error["others"]]
        lines += _section("failed too", told, palette)
    if error.get("hint"):
        lines += _section("what to do", readable(error["hint"], 4), palette)
    return "\n".join(lines)


def _headline(error: Mapping[str, Any], palette: Palette) -> str:
    first, *rest = inert(str(error["message"])).split("\n")
    return "\n".join([f"{palette.bad(one_line(str(error['type'])))}: {first}", *(f"  {line}" for line in rest)])


def _place(error: Mapping[str, Any]) -> str:
    place = ""
    if error.get("line"):
        place = f"{shown_path(error.get('file'))}:{error['line']}:{error.get('column') or 1}"
    if error.get("step"):
        place += f"{', ' if place else ''}step `{one_line(str(error['step']))}`"
    return place


def _excerpt(error: Mapping[str, Any], palette: Palette) -> list[str]:
    if not error.get("line") or not error.get("file"):
        return []
    line, column = error["line"], error.get("column") or 1
    return excerpt(lines_of(error["file"]), Span(line, column, line + 1, 1), palette)


def _section(title: str, lines: list[str], palette: Palette) -> list[str]:
    return [f"  {palette.strong(title)}", *lines]


def shown_path(path: str | None) -> str:
    """`path` as somebody in the current folder would write it, made inert."""
    return one_line(from_here(path))


def from_here(path: str | None) -> str:
    """`path` as somebody in the current folder would write it."""
    return "<flow>" if path is None else path.removeprefix(os.path.join(os.getcwd(), ""))
