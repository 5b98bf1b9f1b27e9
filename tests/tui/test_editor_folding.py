"""What can be folded, and where lines are while some of them are hidden."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowlang_tui.widgets.code_editor.folding import Block, Folds, block_around, block_at, blocks_of, is_head

FLOW = ["flow: a", "steps:", "  - task: b", "    inputs:", "      c: 1", ""]
FLOW += ["  - task: d", "outputs:", "- e", "", "# end"]


def test_a_block_is_what_is_indented_below_a_line() -> None:
    assert block_at(FLOW, 1) == Block(1, 6)
    assert block_at(FLOW, 2) == Block(2, 4)
    assert block_at(FLOW, 3) == Block(3, 4)
    assert block_at(FLOW, 0) is None


def test_items_right_below_their_key_belong_to_it() -> None:
    assert block_at(FLOW, 7) == Block(7, 8)


def test_empty_lines_at_the_end_do_not_belong_to_a_block() -> None:
    assert block_at(["a:", "  b", "", ""], 0) == Block(0, 1)


def test_all_blocks_are_those_that_start_at_a_head() -> None:
    assert blocks_of(FLOW) == [block for row in range(len(FLOW)) if (block := block_at(FLOW, row))]
    assert [row for row in range(len(FLOW)) if is_head(FLOW, row)] == [1, 2, 3, 7]


def test_the_block_around_a_line_is_the_smallest_one() -> None:
    assert block_around(FLOW, 4) == Block(3, 4)
    assert block_around(FLOW, 3) == Block(2, 4)
    assert block_around(FLOW, 5) == Block(3, 4)
    assert block_around(FLOW, 0) is None


def test_a_fold_inside_of_a_fold_is_kept_while_it_is_hidden() -> None:
    folds = Folds()
    folds.fold(Block(2, 4))
    folds.fold(Block(1, 6))
    assert folds.hidden_count == 5
    folds.unfold(1)
    assert folds.hidden_count == 2
    assert folds.folded(2) == Block(2, 4)


def test_revealing_a_line_opens_all_that_hides_it_and_nothing_else() -> None:
    folds = Folds()
    folds.set([Block(1, 6), Block(2, 4), Block(7, 8)])
    assert folds.reveal(4)
    assert folds.blocks == [Block(7, 8)]
    assert not folds.reveal(4)


def test_lines_that_come_or_go_above_move_a_fold_and_inside_open_it() -> None:
    folds = Folds()
    folds.set([Block(3, 5), Block(8, 9)])
    folds.edited(1, 1, 2)
    assert folds.blocks == [Block(4, 6), Block(9, 10)]
    folds.edited(5, 5, 6)
    assert folds.blocks == [Block(10, 11)]
    folds.edited(10, 10, 10)
    assert folds.blocks == [Block(10, 11)]


LINES = st.lists(st.sampled_from(["", "a:", "  b:", "  - c", "    d", "- e", "    "]), min_size=1, max_size=40)


@given(LINES)
def test_blocks_are_inside_each_other_or_apart(lines: list[str]) -> None:
    blocks = blocks_of(lines)
    assert blocks == [block for row in range(len(lines)) if (block := block_at(lines, row))]
    for head, last in blocks:
        assert head < last
        assert lines[last].strip()
        assert all(other.last <= last for other in blocks if head < other.head <= last)


@given(LINES, st.data())
def test_what_is_shown_is_every_line_that_no_fold_hides(lines: list[str], data: st.DataObject) -> None:
    folds = Folds()
    chosen = data.draw(st.lists(st.sampled_from(blocks_of(lines)), unique=True)) if blocks_of(lines) else []
    folds.set(chosen)
    shown = [row for row in range(len(lines)) if not any(head < row <= last for head, last in chosen)]
    assert [folds.row_at(y) for y in range(len(lines) - folds.hidden_count)] == shown
    for row in range(len(lines)):
        assert folds.is_hidden(row) == (row not in shown)
        assert folds.shown_head(row) == max(each for each in shown if each <= row)
        assert folds.y_of(row) == shown.index(folds.shown_head(row))
