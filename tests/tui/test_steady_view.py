"""A list or tree that shows others in the place of its lines paints only those that look different."""

from __future__ import annotations

from textual.app import App, ComposeResult

from flowlang_tui.widgets.row_list import Line, RowList
from flowlang_tui.widgets.value_nodes import Node
from flowlang_tui.widgets.value_tree import ValueTree


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield RowList()
        yield ValueTree()


def line(text: str) -> Line:
    return Line(((text, "plain"),))


def dirty(view: RowList | ValueTree) -> set[int]:
    """The lines of the screen that are to be painted again."""
    return {y for region in view._exchange_repaint_regions() for y in region.line_range}


def painted(view: RowList | ValueTree) -> list[str]:
    """The lines of a view as they are painted now."""
    dirty(view)
    return [strip.text.rstrip() for strip in view.render_lines(view.size.region)]


async def test_a_list_paints_the_lines_that_changed() -> None:
    async with Shown().run_test(size=(40, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show([line("one"), line("two"), line("three")])
        await pilot.pause()
        painted(view)
        view.show([line("one"), line("2"), line("three")])
        assert dirty(view) == {1}
        painted(view)
        view.move(2)
        assert dirty(view) == {0, 2}
        painted(view)
        view.show([line("one"), line("2")])
        assert dirty(view) == {1, 2}, "what was selected is gone"
        assert painted(view)[:3] == ["one", "2", ""]


async def test_a_tree_paints_the_lines_that_changed() -> None:
    async with Shown().run_test(size=(40, 24)) as pilot:
        tree = pilot.app.query_one(ValueTree)

        def roots(second: object) -> list[Node]:
            return [Node("a", 1), Node("b", second), Node("c", None)]

        tree.show(roots(2))
        await pilot.pause()
        painted(tree)
        tree.show(roots(2))
        assert dirty(tree) == set()
        tree.show(roots(3))
        assert dirty(tree) == {1}
        painted(tree)
        tree.move(1)
        assert dirty(tree) == {0, 1}
        painted(tree)
        tree.start_over()
        assert dirty(tree) == {0, 1}
