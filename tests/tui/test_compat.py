"""What is used of Textual's private names is there, and does what it is used for."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import TextArea

from flowlang_tui.compat import OpenTextArea, styled_once
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.completion_list import CompletionList, CompletionPanel
from flowlang_tui.widgets.find_bar import FindBar, Toggle


class Recorder(OpenTextArea):
    """Writes down which of the public hooks are called."""

    def __init__(self, text: str = "") -> None:
        self.called: list[str] = []
        super().__init__(text)

    def open_text(self, text: str) -> None:
        self.called.append(f"open_text {text!r}")
        super().open_text(text)

    def text_edited(self) -> None:
        self.called.append("text_edited")

    def text_size(self) -> Size:
        self.called.append("text_size")
        return super().text_size()


class RecorderApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Recorder("a")


@styled_once
class Marked(Widget, can_focus=True):
    COMPONENT_CLASSES = {"marked--here"}  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    Marked { .marked--here { color: $primary; } &:focus .marked--here { color: $text-error; } }
    """


class MarkedApp(App[None]):
    AUTO_FOCUS = ""

    def compose(self) -> ComposeResult:
        yield Marked(id="one")
        yield Marked(id="other")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_set_document", ["self", "text", "language"]),
        ("_refresh_size", ["self"]),
        ("_build_highlight_map", ["self"]),
    ],
)
def test_a_text_area_has_the_method(name: str, parameters: list[str]) -> None:
    assert name in vars(TextArea), f"Textual's TextArea has no {name} any more: look at flowlang_tui/compat.py"
    assert list(inspect.signature(vars(TextArea)[name]).parameters) == parameters


def test_a_widget_can_be_told_that_what_it_scrolls_over_has_another_size() -> None:
    assert list(inspect.signature(Widget._scroll_update).parameters) == ["self", "virtual_size"]
    assert "virtual_size" in vars(Widget)


def test_a_widget_is_asked_which_of_its_component_classes_are_to_be_styled() -> None:
    assert "_get_component_classes" in vars(DOMNode), "look at `styled_once` in flowlang_tui/compat.py"


async def test_component_classes_are_styled_once_with_the_focus_once_without_and_again_for_another_theme(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, styled, apply = MarkedApp(), [], Stylesheet.apply

    def noted(stylesheet: Stylesheet, node: DOMNode, **options: Any) -> None:
        styled.extend([node.parent.id] if "marked--here" in node.classes and node.parent is not None else [])
        apply(stylesheet, node, **options)

    async with app.run_test() as pilot:
        one, other = app.query_one("#one", Marked), app.query_one("#other", Marked)
        monkeypatch.setattr(Stylesheet, "apply", noted)

        async def looks(focused: Marked) -> list[Color]:
            focused.focus()
            await pilot.pause()
            return [widget.get_component_styles("marked--here").color for widget in (one, other)]

        first = await looks(one)
        assert first[0] != first[1]
        assert await looks(other) == first[::-1]
        assert styled == ["one", "other"]
        assert await looks(one) == first
        assert styled == ["one", "other"]
        app.theme = "textual-light"
        await pilot.pause()
        light = await looks(one)
        assert not set(light) & set(first)
        assert await looks(other) == light[::-1]


def test_the_first_text_and_a_loaded_one_are_opened_through_the_hook() -> None:
    area = Recorder("a")
    assert area.called[0] == "open_text 'a'"
    area.called.clear()
    area.load_text("b")
    assert area.called[0] == "open_text 'b'"
    assert area.text == "b"


async def test_every_edit_is_told_and_measured() -> None:
    app = RecorderApp()
    async with app.run_test():
        area = app.query_one(Recorder)
        for change in (lambda: area.insert("x"), area.undo, area.redo):
            area.called.clear()
            change()
            assert area.called.count("text_edited") == 1
            assert "text_size" in area.called


async def test_the_scroll_bar_follows_the_size_without_a_layout() -> None:
    app = RecorderApp()
    async with app.run_test(size=(40, 10)) as pilot:
        area = app.query_one(Recorder)
        area.insert("\n" * 50)
        await pilot.pause()
        assert area.show_vertical_scrollbar
        assert area.vertical_scrollbar.window_virtual_size == 51
        area.insert("\n" * 49)
        assert area.vertical_scrollbar.window_virtual_size == 100


@pytest.mark.parametrize("widget", [CodeEditor, CompletionList, CompletionPanel, FindBar, Toggle])
def test_no_private_name_of_ours_is_one_of_textual(widget: type[Widget]) -> None:
    ours = [base for base in widget.__mro__ if base.__module__.startswith("flowlang_tui.") and base is not OpenTextArea]
    theirs = [base for base in widget.__mro__ if base.__module__.startswith("textual.")]
    used = {name for base in ours for name in names_of(base)}
    assert used & {name for base in theirs for name in names_of(base)} == set()


def names_of(kind: type) -> set[str]:
    """The private methods of a class, and the private attributes that its code sets."""
    code = inspect.getsource(kind)
    methods = {name for name in vars(kind) if callable(vars(kind)[name])}
    return {name for name in {*methods, *re.findall(r"self\.(\w+)(?:: [^=\n]+)? = ", code)} if re.match("_[a-z]", name)}
