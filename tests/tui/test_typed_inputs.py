"""What is typed into the field of an input, and what becomes of it."""

from __future__ import annotations

import pytest

from flowlang.language.diagnostics import NOWHERE
from flowlang.language.model import Input
from flowlang_tui.session.again import read_output
from flowlang_tui.session.inputs import InputsError, as_typed, from_typed


def declared(type: str | None) -> Input:
    return Input("value", NOWHERE, type)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("string", "3", "3"),
        ("integer", "3", 3),
        ("number", "2.5", 2.5),
        ("array", "[1, 2]", [1, 2]),
        (None, '{"a": 1}', {"a": 1}),
        (None, "as it is", "as it is"),
        (None, "1" * 5000, "1" * 5000),
    ],
    ids=["string", "integer", "number", "array", "json", "text", "digits"],
)
def test_a_value_is_typed_as_its_type_is_written(type: str | None, text: str, value: object) -> None:
    assert from_typed(text, declared(type)) == value
    assert as_typed(value, declared(type)) == text


@pytest.mark.parametrize("text", ["1" * 5000, "three", "[" * 100_000], ids=["digits", "words", "deep"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(InputsError, match="a whole number, such as 3"):
        from_typed(text, declared("integer"))


@pytest.mark.parametrize("text", ["1" * 5000, "three", "[" * 100_000], ids=["digits", "words", "deep"])
def test_an_output_that_is_no_json_is_told(text: str) -> None:
    with pytest.raises(InputsError, match=r"^this "):
        read_output(text)
