"""What is wrong with an expression: told before the run with its exact place, or during the run with its text."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang.errors import ExpressionError
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.expressions import compile_values, evaluate, evaluation_error, translate
from flowlang.language.model import Value
from flowlang.language.nodes import Mapping
from flowlang.language.source import read_text
from tests.language.evaluation import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(text="Hello", big_map={f"key{number}": 1 for number in range(20)})


def in_file(run: Run, text: str, form: Any = "value") -> list[Diagnostic]:
    """The problems of the value of `x` in a file."""
    problems = Problems()
    source = read_text(text, problems)
    assert isinstance(source.root, Mapping)
    node = source.root.get("x")
    assert node is not None
    translate(Value(node, form), run.names, problems, source)
    return problems.found


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("${}", "empty-expression", "empty"),
        ("${  }", "empty-expression", "empty"),
        ("${one", "expression-syntax", "no closing `}`"),
        ("a ${one + ", "expression-syntax", "no closing `}`"),
        ("${one + }", "expression-syntax", "ends too early"),
        ("${one = 7}", "expression-syntax", "use `==`"),
        ("${(one}", "expression-syntax", "`(` is never closed"),
        ("${one)}", "expression-syntax", "`)` closes nothing"),
        ("${'one}", "expression-syntax", "no closing quote"),
        ("${one two}", "expression-syntax", "from `two` on"),
        ("${one ? 1 : 2}", "expression-syntax", "`?` means nothing"),
        ("${one # two}", "expression-syntax", "`#` means nothing"),
        ("${one is null}", "not-allowed", "use `==`"),
        ("${one is not null}", "not-allowed", "use `!=`"),
        ("${one == !two}", "expression-syntax", "parentheses around `!…`"),
        ("${one ** 2}", "not-allowed", "`**`"),
        ("${one & 2}", "not-allowed", "use `and`"),
        ("${~one}", "expression-syntax", "`~`"),
        ("${one ${find}}", "nested-expression", "inside"),
        ("${MISSING:${HOME}}", "nested-expression", "inside"),
        ("${onee}", "unknown-name", "nothing here is called `onee`"),
        ("${upper}", "unknown-name", "`upper(text)`"),
        ("${loop.index}", "unknown-name", "only inside a `for_each`"),
        ("${uper(text)}", "unknown-function", "no function `uper`"),
        ("${text | uper}", "unknown-function", "no function `uper`"),
        ("${text | 'upper'}", "not-allowed", "hands a value to a function"),
        ("${text.upper()}", "not-allowed", "write `upper(…)`"),
        ("${text.hex()}", "not-allowed", "no function `hex` of its own"),
        ("${one()}", "unknown-function", "no function `one`"),
        ("${upper()}", "wrong-arguments", "without `text`: `upper(text)`"),
        ("${upper(text, 1)}", "wrong-arguments", "fewer arguments"),
        ("${round(1, places=2)}", "wrong-arguments", "no argument `places`"),
        ("${round(1, number=2)}", "wrong-arguments", "twice"),
        ("${min()}", "wrong-arguments", "without arguments"),
        ("${round(**find)}", "not-allowed", "`**`"),
        ("${min(*inputs.items)}", "not-allowed", "`*`"),
        ("${inputs.limt}", "unknown-input", "declares no input `limt`"),
        ("${context.runid}", "unknown-field", "`context` has no `runid`"),
        ("${env}", "unknown-field", "with its name written out"),
        ("${env[text]}", "unknown-field", "with its name written out"),
        ("${[x for x in rows]}", "expression-syntax", "can't loop"),
        ("${lambda: 1}", "expression-syntax", "can't define functions"),
        ("${(one := 1)}", "not-allowed", "can't assign"),
        ("${{one}}", "not-allowed", "a map has keys and values"),
        ("${f'{one}'}", "expression-syntax", "no letters before it"),
        ("${b'one'}", "expression-syntax", "no letters before it"),
        ("${one[1:2:3]}", "not-allowed", "two positions"),
        ("${" + "1" * 2000 + "}", "expression-limit", "more than 4,096 bits"),
        ("${" + "1" * 5000 + "}", "expression-limit", "too large"),
        ("${'" + "1" * 10_000 + "'}", "expression-limit", "at most 10,000 characters"),
        ("${" + "(" * 60 + "1" + ")" * 60 + "}", "expression-limit", "deeper than 50"),
        ("${" + "not " * 60 + "1}", "expression-limit", "deeper than 50"),
        ("${one" + ".a" * 60 + "}", "expression-limit", "deeper than 50"),
        ("${one" + " + 1" * 60 + "}", "expression-limit", "deeper than 50"),
    ],
)
def test_what_cannot_be_translated_is_one_problem(run: Run, text: str, code: str, says: str) -> None:
    problem = run.problem(text)
    assert problem.code == code
    assert says in problem.message


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("${fnd.rows}", "find"),
        ("${inputs.limt}", "limit"),
        ("${context.runid}", "run_id"),
        ("${uper(text)}", "upper"),
    ],
)
def test_a_misspelt_name_comes_with_the_near_one(run: Run, text: str, suggestion: str) -> None:
    assert run.problem(text).suggestion == suggestion


def test_an_input_that_may_be_missing_is_only_a_warning(run: Run) -> None:
    assert run.problem("${inputs.limt | default(1)}").severity == "warning"


def test_inputs_of_a_flow_that_declares_none_are_a_warning() -> None:
    run = Run("flow: f\nsteps:\n  - {task: One, id: one}\n  - {task: Two, id: inner}\n")
    problem = run.problem("${inputs.anything}")
    assert (problem.severity, problem.code) == ("warning", "undeclared-input")


def test_all_unknown_names_of_a_value_are_told_at_once(run: Run) -> None:
    _, problems = run.translated({"a": "${onee + twoo}", "b": ["x ${threee} ${fourr.a.b}"]})
    assert [problem.message.split("`")[1] for problem in problems] == ["onee", "twoo", "threee", "fourr"]


def test_metadata_of_a_trigger_needs_no_declaration(run: Run) -> None:
    assert not run.translated("${inputs._trigger | default(1)}")[1]


@pytest.mark.parametrize(
    ("file", "marked"),
    [
        ("x: ${onee.rows}", "onee"),
        ("x:   ${ onee.rows }", "onee"),
        ("x: a ${one} b ${onee} c", "onee"),
        ('x: "a ${one} ${onee}"', "onee"),
        ("x: 'a ${one} ${onee}'", "onee"),
        ("x: 'it''s ${onee}'", "onee"),
        ('x: "\\t\\u00e9 ${onee}"', "onee"),
        ("x: é${one}ü ${'é' + onee}", "onee"),
        ("x: ${1 + onee * 2}", "onee"),
        ("x: ${one && one || onee}", "onee"),
        ("x: ${!onee}", "onee"),
        ("x: ${1if one else onee}", "onee"),
        ("x: ${class.import + onee}", "onee"),
        ("x: ${rows.*.a + onee}", "onee"),
        ("x: ${'\\q' + onee}", "onee"),
        ("x: ${inputs.limt}", "limt"),
        ("x: ${1 + inputs.limt.a}", "limt"),
        ("x: ${1 + inputs['limt'].a}", "limt"),
        ("x: ${context.context.a}", "context"),
        ("x: ${one == (one ** 2)}", "one ** 2"),
        ("x: ${uper(one)}", "uper"),
        ("x: ${one = 7}", "="),
        ("x: ${one == (one]}", "]"),
        ("x: ${one + 'a}", "'a"),
        ("x: ${one two}", "two"),
        ("x: ${one ${find}}", "${"),
        ("x: a ${one", "${one"),
        ("y: 1\nx: |\n  first\n  second ${onee}\n", "onee"),
        ("x: >\n  first\n  ${one\n   + onee}\n", "onee"),
    ],
)
def test_a_problem_stands_at_its_exact_place(run: Run, file: str, marked: str) -> None:
    (problem,) = in_file(run, file)
    lines = file.split("\n")
    assert problem.line == problem.end_line
    assert lines[problem.line - 1][problem.column - 1 : problem.end_column - 1] == marked


@pytest.mark.parametrize(
    ("file", "marked"),
    [
        ("x: ${one} == 7 and onee.a", "onee"),
        ("x: not ${onee.ok} or ${one}", "onee"),
        ("x: \"'a ${onee}' == 'b'\"", "onee"),
        ("x: ${one} = 7", "="),
        ("x: a${one}", "${"),
    ],
)
def test_a_problem_of_a_condition_stands_at_its_exact_place(run: Run, file: str, marked: str) -> None:
    problem = in_file(run, file, "condition")[0]
    line = file.split("\n")[problem.line - 1]
    start = problem.column - 1
    assert line[start : problem.end_column - 1] == marked or line[start:].startswith(marked)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("${find.row}", "there is no key `row`; it has `rows`, `count`, `ok`", "did you mean `rows`?"),
        ("${big_map.other}", "and 10 more", None),
        ("${find.rows[0].z}", "there is no key `z`; it has `id`, `n`", None),
        ("${find.rows.id}", "a list has no fields", "read one item with `[0].id`"),
        ("${rows.id}", "a list has no fields", "`.*.id`"),
        ("${text.upper}", "read from text, which has no fields", None),
        ("${one.real}", "a number, which has no fields", None),
        ("${find.rows['a']}", "a list has no fields", None),
        ("${find.rows[1.5]}", "no position `1.5`", None),
        ("${find[[1]]}", "there is no key", None),
        ("${{[1]: 2}}", "the key of a map is text or a number", None),
        ("${'a' + 1}", "these are text and a number", "`${…}`"),
        ("${1 + null}", "these are a number and null", None),
        ("${'a' - 'b'}", "`-` takes numbers or dates", None),
        ("${'%d' % 1}", "`%` takes numbers", None),
        ("${1 / 0}", "by zero", None),
        ("${1 % 0.0}", "by zero", None),
        ("${-text}", "`-` negates numbers", None),
        ("${1 < null}", "`<` can't put a number and null in order", None),
        ("${1 < 'a'}", "a number and text", None),
        ("${[1] < [2]}", "a list and a list", None),
        ("${1 in 'abc'}", "only text can be in text", None),
        ("${1 in 2}", "`in` looks into lists, maps and texts", None),
        ("${one[0:1]}", "`[a:b]` cuts lists and texts", None),
        ("${text['a':]}", "`[a:b]` takes whole numbers", None),
        ("${one.*.a}", "`.*` reads the items of a list", None),
        ("${rows.*.a}", "there is no key `a`", None),
        ("${MISSING_ONE}", "the environment has no variable `MISSING_ONE`", "`${MISSING_ONE:…}`"),
        ("${int('x')}", "`int` takes a number", None),
        ("${upper(1)}", "`upper` takes text; this is a number", None),
        ("${sum(['a'])}", "`sum` adds numbers", None),
        ("${sorted([1, 'a'])}", "can't put a number and text in order", None),
        ("${len(1)}", "`len` takes text, a list or a map", None),
        ("${keys([])}", "`keys` takes a map", None),
        ("${split('a', '')}", "not empty", None),
        ("${parse_json('{')}", "this text is no JSON", None),
        ("${date('soon')}", "`date` takes text such as", None),
        ("${range(0, 1, 0)}", "a step that is not 0", None),
        ("${round(1.5, 'a')}", "whole number of digits", None),
        ("${date('2024-01-01') + date('2024-01-01')}", "unsupported operand", None),
    ],
)
def test_what_fails_in_a_run_says_which_expression_and_why(run: Run, text: str, says: str, hint: str | None) -> None:
    error = run.failure(text)
    assert str(error).startswith(f"`{text}`: ")
    assert says in str(error)
    if hint is not None:
        assert hint in str(error.hint)


def test_the_error_names_the_one_expression_of_a_value_that_failed(run: Run) -> None:
    data = {"a": "${one}", "b": ["x", "${one} ${find.count} ${find.cont}"], "c": "${one}"}
    assert str(run.failure(data)).startswith("`${find.cont}`: ")
    assert str(run.failure("${one} and ${find.cont} == 1", "condition")).startswith("`${find.cont}`: ")
    assert str(run.failure("${one} > null", "condition")).startswith("`${one} > null`: ")


def test_the_error_has_the_place_of_the_expression(run: Run) -> None:
    problems = Problems()
    source = read_text("x:\n  - a ${one} ${find.cont}\n", problems)
    assert isinstance(source.root, Mapping)
    node = source.root.get("x")
    assert node is not None
    value = Value(node)
    translate(value, run.names, problems, source)
    compile_values([value])
    assert value.run is not None
    with pytest.raises(ExpressionError) as raised:
        value.run(run.frame)
    assert evaluation_error(raised.value, value).span == (2, 14, 2, 26)


@pytest.mark.parametrize("text", ["", "1 +", "onee", "lambda: 1", "${one", "find.cont", "1 / 0"])
def test_a_prompt_tells_what_is_wrong(run: Run, text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, run.names, run.frame)


def test_a_value_that_nests_too_deep_for_the_compiler_fails_alone(run: Run) -> None:
    deep: Any = "${one}"
    for _ in range(100):
        deep = [deep]
    values = [run.translated(data)[0] for data in (deep, "${one}", "${find.count}")]
    compile_values(values)
    assert [value.run(run.frame) for value in values[1:] if value.run is not None] == [7, 2]


WORDS = (
    "${ } $${ one find rows .*. [ ] ( ) { } : , ' \" + - * / // % ** == = != < <= ! && || | & ~ @ # \\ ? ; ` in "
    "not and or if else is lambda for true null 1 2.5 0x 1e9 .5 len upper default(1) env. ENV ENV:x inputs. items loop "
    "context. __class__ _ é ｌ"
)
PARTS = st.sampled_from([*WORDS.split(), " ", "\n", "\t", "\0", "\ud800"])


@settings(max_examples=400, deadline=None)
@given(st.lists(PARTS, max_size=12).map("".join) | st.text(max_size=30).map(lambda text: f"${{{text}}}"))
def test_no_text_makes_translation_raise(text: str) -> None:
    run = RUN
    for form in ("value", "condition", "expression"):
        value, problems = run.translated(text, form)
        assert (value.tree is None) == any(problem.severity == "error" for problem in problems)
        if value.tree is not None:
            with suppress(ExpressionError):
                run.value(text, form)


RUN = Run()
