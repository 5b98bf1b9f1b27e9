"""Texts made to do harm are refused at once, in little memory, with a place."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.parse import parse_flow
from flowlang.language.source import MAX_BYTES, read_text


def problems_of(text: str | bytes) -> list[Diagnostic]:
    problems = Problems()
    parse_flow(read_text(text, problems), problems)
    return problems.found


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)
STAIRS = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 300))

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "nested lists": ("[" * 100_000, "too-deep"),
    "nested maps": ("{" * 100_000, "too-deep"),
    "nested lists inside a flow": ("flow: a\nsteps: " + "[" * 100_000, "too-deep"),
    "nested block lists": ("- " * 100_000, "too-deep"),
    "nested maps with keys": ("{a: " * 100_000, "too-deep"),
    "nested keys": ("? " * 100_000, "too-deep"),
    "billion laughs": (LAUGHS, "too-many-aliases"),
    "aliases that nest": (STAIRS, "too-deep"),
    "an alias of itself": ("a: &a\n  b: *a\n", "recursive-anchor"),
    "merges without end": (
        "a: &a {" + ",".join(f"k{number}: 1" for number in range(1000)) + "}\nb:\n" + "  - <<: *a\n" * 1000,
        "too-many-aliases",
    ),
    "too much text": ("a: " + "x" * MAX_BYTES, "too-large"),
    "too much text beyond ASCII": ("ä" * (MAX_BYTES // 2 + 1), "too-large"),
    "too many bytes": (b"a" * (MAX_BYTES + 1), "too-large"),
    "a bad byte at the end": (b"a: " + b"x" * 1_000_000 + b"\xff", "invalid-utf8"),
    "a tag": ("a: !!python/object/apply:os.system [x]", "tag"),
    "duplicate keys": ("a: 1\n" * 100_000, "too-many-problems"),
    "tabs": ("\ta: 1\n" * 10_000, "tab"),
    "quotes": ('a: "' + "x\n" * 20_000, "unclosed-quote"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_at_once_and_within_20_mb(name: str) -> None:
    text, code = HOSTILE[name]
    problems_of("a: '")
    started = time.process_time()
    found = problems_of(text)
    assert time.process_time() - started < 1  # it takes some hundredths; what expands takes minutes
    assert code in [problem.code for problem in found]
    assert all(problem.line > 0 for problem in found)
    tracemalloc.start()
    try:
        problems_of(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("piece", ["${", "${'", '${"', "${ {", '${\\"', "${ {} ", "${' ' ", "${'\\'", "${'\"${\"'"])
def test_expressions_that_never_end_take_time_in_proportion_to_the_text(piece: str) -> None:
    started = time.perf_counter()
    problems_of("a: " + piece * 50_000)
    assert time.perf_counter() - started < 2


def test_a_hundred_levels_are_read_and_one_more_is_refused() -> None:
    for levels, codes in ((100, []), (101, ["too-deep"])):
        problems = Problems()
        read_text("[" * levels + "]" * levels, problems)
        assert [problem.code for problem in problems.found] == codes


def test_thousands_of_unknown_keys_are_told_in_a_short_time() -> None:
    started = time.perf_counter()
    found = problems_of("flow: A\n" + "".join(f"stepz{number}: 1\n" for number in range(5_000)))
    assert len(found) == 5_001
    assert time.perf_counter() - started < 5


_INSIDE = st.text(alphabet="abz019 .,:#[]{}|+-*?!&%@<>=~()", max_size=20)
_QUOTED = st.text(alphabet="ab {}[],:#", max_size=8).map(lambda text: f"'{text}'")


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """`${…}` with balanced braces and quoted texts inside, of one line, without trailing backslashes."""
    parts = draw(st.lists(st.one_of(_INSIDE, _QUOTED), max_size=4))
    text = "".join(part if part.startswith("'") else part.replace("{", "").replace("}", "") for part in parts)
    return "${x" + draw(st.sampled_from([text, "{" + text + "}", "{{" + text + "} }"])) + "y}"


CONTEXTS = {
    "plain": "key: {}\nafter: 1\n",
    "plain in a list": "key:\n  - {}\nafter: 1\n",
    "flow list": "key: [1, {}, 2]\nafter: 1\n",
    "flow map": "key: {{a: {}, b: 2}}\nafter: 1\n",
    "double quotes": 'key: "{}"\nafter: 1\n',
    "block": "key: |\n  {}\nafter: 1\n",
}


@pytest.mark.parametrize("context", CONTEXTS)
@settings(max_examples=60, deadline=None)
@given(expression=expressions())
def test_any_expression_reads_back_as_it_is_written(context: str, expression: str) -> None:
    problems = Problems()
    source = read_text(CONTEXTS[context].format(expression), problems)
    assert problems.found == []
    assert source.root is not None
    value = source.root.data["key"]
    found = value["a"] if isinstance(value, dict) else value[len(value) // 2] if isinstance(value, list) else value
    assert found.removesuffix("\n") == expression
    assert source.root.data["after"] == 1
