"""Whatever a task gives back can be printed."""

from __future__ import annotations

import json

from flowlang.cli.spelling import json_of


def test_a_number_with_more_digits_than_python_writes_is_a_text_of_all_of_them() -> None:
    assert json.loads(json_of({"n": [7, 10**5000, -(10**5000)]})) == {"n": [7, f"1{'0' * 5000}", f"-1{'0' * 5000}"]}


def test_of_one_that_would_take_long_the_length_is_told() -> None:
    assert json.loads(json_of(1 << 4_000_000)) == "… a number of 1,204,120 digits"


def test_numbers_of_usual_length_stay_numbers() -> None:
    assert json_of([10**600, 0.5, None, "ä"]) == f'[1{"0" * 600}, 0.5, null, "ä"]'
