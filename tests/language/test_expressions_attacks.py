"""Attacks on the expression language: none gets out, none takes long, none grows without bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import process_time
from typing import Any

import pytest

from flowlang.errors import ExpressionError
from flowlang.language.expressions import compile_values, evaluation_error
from flowlang.language.expressions.work import MAX_CHARACTERS, MAX_ITEMS
from tests.language.attacks import PAYLOADS
from tests.language.attacks_that_walk import WALKS
from tests.language.evaluation import Run

#: What is bounded takes milliseconds, what is not takes minutes: no processor is so slow that it mixes them up.
SECONDS = 2


class Task:
    """An object that a careless task gives back."""

    secret = "leaked"

    def __init__(self) -> None:
        self.token = "leaked"

    def method(self) -> str:
        return "leaked"


def nested(levels: int) -> list[Any]:
    """A list of 2 ** levels leaves that shares all its parts."""
    value: list[Any] = ["leaf"]
    for _ in range(levels):
        value = [value, value]
    return value


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


RUN = Run(
    thing=Task(),
    function=lambda: "leaked",
    module=pytest,
    kind=Task,
    bomb=nested(60),
    bomb2=nested(60),
    endless=endless(),
    long="a" * MAX_CHARACTERS,
    long2="a" * (MAX_CHARACTERS - 1) + "b",
    longs=["a" * MAX_CHARACTERS] * 1000,
    number=1 << 5_000_000,
    text="{0.__class__} %s",
)


def test_there_are_enough_attacks() -> None:
    assert len(set(PAYLOADS)) >= 300


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_attack_gets_out_or_takes_long(payload: str) -> None:
    for form, data in (
        ("value", f"${{{payload}}}"),
        ("value", f"a ${{{payload}}}"),
        ("condition", payload),
        ("expression", payload),
    ):
        outcome, seconds = timed(data, form)
        assert is_harmless(outcome), f"{type(outcome)} came out of a {form}"
        assert seconds < SECONDS, f"a {form} took {seconds * 1000:.0f} ms"


def timed(data: str, form: str) -> tuple[Any, float]:
    """What comes of an attack, and the seconds of the processor's time that it took."""
    started = process_time()
    outcome = attempt(data, form)
    return outcome, process_time() - started


def attempt(data: str, form: str) -> Any:
    """What a run makes of the attack; an error is none of its business."""
    value, problems = RUN.translated(data, form)
    if value.tree is None:
        assert any(problem.severity == "error" for problem in problems)
        return None
    compile_values([value])
    assert value.run is not None
    try:
        return value.run(RUN.frame)
    except (NameError, AttributeError, ImportError, AssertionError):
        raise
    except Exception as error:
        if not isinstance(evaluation_error(error, value), ExpressionError):
            raise
        return None


def is_harmless(outcome: Any) -> bool:
    """Whether it is plain data of bounded size, however deep, or what a step gave back as it is."""
    given = [state.result for state in RUN.frame.v.values()]
    waiting = [outcome]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            fits = "leaked" not in one and len(one) <= MAX_CHARACTERS
        elif isinstance(one, Mapping):
            fits = len(one) <= MAX_ITEMS
        elif isinstance(one, (list, tuple)):
            fits = any(one is known for known in given)
            if not fits and len(one) <= MAX_ITEMS:
                fits = True
                waiting += different(one[:20], but=one)
        else:
            plain = one is None or isinstance(one, (bool, int, float, range))
            fits = plain or type(one).__name__ in ("date", "datetime", "timedelta")
        if not fits:
            return False
    return True


def different(items: Sequence[Any], but: Any) -> Iterable[Any]:
    """The items that are objects of their own."""
    return {id(item): item for item in items if item is not but}.values()


def test_what_an_attack_may_not_change_is_unchanged() -> None:
    before = repr(RUN.frame.v["find"])
    for payload in WALKS:
        attempt(f"${{{payload}}}", "value")
    assert repr(RUN.frame.v["find"]) == before


@pytest.mark.parametrize(
    "data",
    [
        "${long}" * 1000,
        "${bomb}",
        "a${bomb}",
        "a${endless}",
        "${'a' * 1000000}" * 1000,
        "${big}" * 100,
        "${range(9999)}" * 500 + "a",
        "${'" * 5000,
        "${'}" * 5000,
        "${{}" * 5000,
        '${"' * 5000,
        "${" * 20000,
        "$" * 20000,
        "$${" * 20000,
    ],
    ids=range(14),
)
def test_a_text_of_many_expressions_is_bounded_too(data: str) -> None:
    _, seconds = timed(data, "value")
    assert seconds < SECONDS
