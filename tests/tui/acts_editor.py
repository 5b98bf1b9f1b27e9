"""What one sees of the editor's actions."""

from __future__ import annotations

from typing import Final

from flowlang_tui.widgets.find_bar import FindBar
from tests.tui.acting import ANYTHING, FLOW, Act, cursor, dialog, focused_pane, text, told
from tests.tui.opening import Opened

#: Lines of the flow in which the actions are tried.
FETCH, CHECK = 7, 14


def _line(line: int, column: int = 1) -> object:
    def go(one: Opened) -> None:
        one.screen.editor.go(line, column)

    return go


def _at(words: str, *, after: str = "") -> object:
    """Put the cursor into words of the text."""

    async def go(one: Opened) -> None:
        await one.checked()
        where = text(one).index(words, text(one).index(after)) + 1
        before = text(one)[:where]
        one.screen.editor.go(before.count("\n") + 1, where - before.rfind("\n"))

    return go


def _bar(one: Opened) -> tuple[bool, bool]:
    # the bar is made when it is asked for first
    return next(((bar.display, bar.has_class("-replace")) for bar in one.screen.query(FindBar)), (False, False))


async def _searched(one: Opened) -> None:
    one.screen.editor.go(1)
    await one.pilot.press("ctrl+f", *"check")
    await one.pilot.press("escape")


async def _broken(one: Opened) -> None:
    one.screen.editor.code.replace_text(text(one).replace("task: Check", "task: Chek").replace("subflow:", "subflw:"))
    await one.checked()
    one.screen.editor.go(1)


async def _at_problem(one: Opened) -> None:
    one.screen.editor.code.replace_text(text(one).replace("task: Check", "task: Chek"))
    await one.checked()
    one.screen.editor.go(CHECK, 12)


def _folds(one: Opened) -> int:
    return len(one.screen.editor.code.buffer.view.folds.blocks)


def _unfolded(one: Opened) -> None:
    one.screen.editor.code.fold_all()
    one.screen.editor.go(2)


def _folded_step(one: Opened) -> None:
    one.screen.editor.go(FETCH)
    one.screen.editor.code.fold(FETCH)


def _selected_step(one: Opened) -> tuple[str | None, str]:
    return one.screen.graph.drawing.selected, focused_pane(one)


def _here(one: Opened) -> tuple[int, int]:
    row, column = one.screen.editor.code.cursor_location
    return row, column


def _selected_text(one: Opened) -> str:
    return one.screen.editor.code.selected_text


def _first_lines(one: Opened) -> list[str]:
    return text(one).split("\n")[:3]


NAME, INPUTS = "flow: Acting", "inputs:"

EDITOR: Final[dict[str, Act]] = {
    "editor.find": Act(_bar, (True, False)),
    "editor.replace": Act(_bar, (True, True)),
    "editor.find-next": Act(cursor, ANYTHING, _searched),
    "editor.find-previous": Act(cursor, ANYTHING, _searched),
    "editor.complete": Act(lambda one: one.screen.editor.code.completing, True, _at("Fetch", after="task")),
    "editor.docs": Act(dialog, "Explanation task (step)", _at("task: Fetch")),
    "editor.definition": Act(cursor, ("flow.yaml", FETCH + 1), _at("fetch.rows", after="for_each")),
    "editor.references": Act(dialog, "Pick Used here", _at("fetch", after="id: fetch")),
    "editor.rename": Act(dialog, "Ask New name of fetch", _at("fetch", after="id: fetch")),
    "editor.fix": Act(lambda one: (dialog(one), text(one)), ANYTHING, _at_problem),
    "editor.next-problem": Act(cursor, ANYTHING, _broken),
    "editor.previous-problem": Act(cursor, ANYTHING, _broken),
    "editor.outline": Act(dialog, "Pick Outline", _at("task: Fetch")),
    "editor.comment": Act(lambda one: text(one).startswith("# flow: Acting"), True),
    "editor.fold": Act(_folds, 1, _line(FETCH)),
    "editor.unfold": Act(_folds, 0, _folded_step),
    "editor.fold-all": Act(_folds),
    "editor.unfold-all": Act(_folds, 0, _unfolded),
    "editor.start": Act(_here, (0, 0), _line(FETCH)),
    "editor.end": Act(_here, ANYTHING, _line(FETCH)),
    "editor.select-word": Act(_selected_text, "Acting", _line(1, 8)),
    "editor.indent": Act(_first_lines, [f"  {NAME}", INPUTS, FLOW.split("\n")[2]]),
    "editor.outdent": Act(text, ANYTHING, _line(FETCH)),
    "editor.duplicate": Act(_first_lines, [NAME, NAME, INPUTS]),
    "editor.move-up": Act(lambda one: _first_lines(one)[:2], [INPUTS, NAME], _line(2)),
    "editor.move-down": Act(lambda one: _first_lines(one)[:2], [INPUTS, NAME]),
    "editor.delete-line": Act(lambda one: _first_lines(one)[0], INPUTS),
    "editor.external": Act(told, ["Another editor needs a terminal, and this screen is in none."]),
    "editor.show-step": Act(_selected_step, ("each", "graph"), _at("for_each")),
}
