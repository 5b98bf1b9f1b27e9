"""Values as JSON: whatever a task gives back can be written down."""

from __future__ import annotations

import json

from flowlang.values import to_json


def test_a_number_with_more_digits_than_python_writes_is_a_text_of_all_of_them() -> None:
    assert json.loads(to_json({"n": [7, 10**5000, -(10**5000)]})) == {"n": [7, f"1{'0' * 5000}", f"-1{'0' * 5000}"]}


def test_numbers_of_usual_length_stay_numbers() -> None:
    assert to_json([10**600, 0.5, None, "ä"]) == f'[1{"0" * 600}, 0.5, null, "ä"]'
