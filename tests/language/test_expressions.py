"""Expressions in `${…}`: what they read, compute and become."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from flowlang.language.expressions import as_text, equal, evaluate, truth
from tests.language.evaluation import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(
        day=date(2024, 5, 31),
        moment=datetime(2024, 5, 31, 12, 30),
        wait=timedelta(days=2),
        key=UUID(int=5),
        price=Decimal("1.10"),
        numbers={1: "one", "2": "two"},
        text="Hello World",
        thing=object(),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${find.count}", 2),
        ("${ find.count }", 2),
        ("${find}", {"rows": [{"id": 1, "n": "x"}, {"id": 2, "n": "y"}], "count": 2, "ok": True}),
        ("${find.result.count}", 2),
        ("${one}", 7),
        ("${one.result}", 7),
        ("${one.status}", "succeeded"),
        ("${one.attempts}", 1),
        ("${find.duration_ms}", 1.5),
        ("${find.error}", None),
        ("${mine.status}", "mine"),
        ("${mine.result}", 6),
        ("${skipped}", None),
        ("${skipped.rows[0].id}", None),
        ("${skipped.status}", "skipped"),
        ("${later.status}", "pending"),
        ("${broken}", None),
        ("${broken.anything.below}", None),
        ("${broken.status}", "failed"),
        ("${broken.attempts}", 2),
        ("${broken.error.type}", "Boom"),
        ("${broken.error}", {"type": "Boom", "message": "it broke", "attempts": 2}),
        ("broken: ${broken.error}", "broken: it broke"),
        ("${inputs.limit}", 5),
        ("${inputs.items}", [1, 2]),
        ("${inputs.user.items}", "own"),
        ("${inputs['user']['name']}", "Ann"),
        ("${context.run_id}", "r1"),
        ("${context.last_error.message}", None),
        ("${HOME}", "/root"),
        ("${env.HOME}", "/root"),
        ("${env['HOME']}", "/root"),
        ("${HOME:else}", "/root"),
        ("${MISSING:else}", "else"),
        ("${MISSING:it's {a} b", "it's {a b"),
        ("${MISSING:}", ""),
        ("${MISSING:a:b 'c'}", "a:b 'c'"),
        ("${env.missing:x}", "x"),
    ],
)
def test_names_read_what_the_run_knows(run: Run, text: str, expected: Any) -> None:
    assert run.value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${order.id}", 8),
        ("${inputs.order.id}", 8),
        ("${inputs['order'].id}", 8),
        ("${inner.v}", 1),
        ("${one}", 7),
        ("${loop.index}", 1),
        ("${loop.number}", 2),
        ("${loop.first}", False),
        ("${loop.last}", False),
        ("${loop.length}", 3),
        ("${loop.index + inputs.limit}", 6),
    ],
)
def test_names_inside_a_loop(run: Run, text: str, expected: Any) -> None:
    assert run.value(text, loop=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${class.import.lambda}", 1),
        ("${class.import.lambda + 1}", 2),
        ("${mine.in + 1}", 5),
        ("${mine . from + 1}", 4),
        ("${mine.items * 2}", 10),
        ("${find.rows[-1].id}", 2),
        ("${find.rows[5]}", None),
        ("${find.rows[5].id.more}", None),
        ("${find.rows[-5].id}", None),
        ("${find.rows[0:1]}", [{"id": 1, "n": "x"}]),
        ("${inputs.items[1:]}", [2]),
        ("${inputs.items[:-1]}", [1]),
        ("${inputs.items[5:]}", []),
        ("${text[0]}", "H"),
        ("${text[-5:]}", "World"),
        ("${skipped[0]}", None),
        ("${skipped[0:2]}", None),
        ("${numbers[1]}", "one"),
        ("${numbers[2]}", "two"),
        ("${find['count']}", 2),
        ("${find['co' + 'unt']}", 2),
        ("${find.rows[inputs.limit - 4].n}", "y"),
        ("${find.rows[6 / 6].n}", "y"),
        ("${find.rows.*.id}", [1, 2]),
        ("${find.rows.*['id']}", [1, 2]),
        ("${find.rows[0:1].*.n}", ["x"]),
        ("${rows.*.tags[0]}", ["a", None]),
        ("${rows.*.tags.*}", [["a"], []]),
        ("${skipped.rows.*.id}", None),
        ("${find.rows .* .id}", [1, 2]),
        ("${day.year}", 2024),
        ("${moment.hour + moment.day}", 43),
        ("${wait.days}", 2),
        ("${key.int}", 5),
        ("${[1, [2]][1][0]}", 2),
        ("${(1, 2)}", [1, 2]),
        ("${{'a': {'b': 1}}.a.b}", 1),
        ("${{}}", {}),
        ("${'it''s'}", "its"),
        ("${'a}b'}", "a}b"),
        ('${"a\'b"}', "a'b"),
        (r"${'a\'b\n\d'}", "a'b\n\\d"),
    ],
)
def test_keys_positions_and_fields(run: Run, text: str, expected: Any) -> None:
    assert run.value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${1 + 2 * 3}", 7),
        ("${(1 + 2) * 3}", 9),
        ("${7 / 2}", 3.5),
        ("${7 // 2}", 3),
        ("${-7 % 3}", 2),
        ("${+1 - -1}", 2),
        ("${1.5e1}", 15.0),
        ("${2.*3}", 6.0),
        ("${0x1F}", 31),
        ("${1if true else 2}", 1),
        ("${'a' + 'b'}", "ab"),
        ("${[1] + [2]}", [1, 2]),
        ("${'ab' * 2}", "abab"),
        ("${2 * [1]}", [1, 1]),
        ("${price * 2}", Decimal("2.20")),
        ("${price * 1.5}", Decimal("1.650")),
        ("${price == 1.1}", True),
        ("${price > '1.05'}", True),
        ("${day + wait}", date(2024, 6, 2)),
        ("${(moment - moment).days}", 0),
        ("${1 == 1.0}", True),
        ("${1 == '1'}", True),
        ("${'1' == '1.0'}", False),
        ("${2 < '10'}", True),
        ("${'2' < '10'}", False),
        ("${null == skipped}", True),
        ("${one != null}", True),
        ("${true == 'true'}", False),
        ("${[1, 'a'] == ['1', 'a']}", True),
        ("${{'a': 1} == {'a': '1'}}", True),
        ("${{'a': 1} == {'b': 1}}", False),
        ("${1 < one <= 7 < 9}", True),
        ("${1 < one < 7}", False),
        ("${1 == 1 != 2}", True),
        ("${day < date('2024-06-01')}", True),
        ("${'el' in 'hello'}", True),
        ("${'2' in [1, 2]}", True),
        ("${3 not in inputs.items}", True),
        ("${'count' in find}", True),
        ("${1 in skipped}", False),
        ("${one and 'x'}", "x"),
        ("${skipped or 'x'}", "x"),
        ("${0 or '' or []}", []),
        ("${not 'false'}", False),
        ("${!skipped && one == 7 || false}", True),
        ("${one!=7}", False),
        ("${'yes' if one > 3 else 'no'}", "yes"),
        ("${True and not False and None == null}", True),
        ("${inputs.items | length > 1}", True),
        ("${1 + 2 | str}", "3"),
        ("${find.rows.*.n | join(', ') | upper}", "X, Y"),
        ("${find\n  .count\n  + 1}", 3),
        ("${one\xa0+ 1}", 8),
    ],
)
def test_operators(run: Run, text: str, expected: Any) -> None:
    value = run.value(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${skipped | default('n/a')}", "n/a"),
        ("${skipped.a.b | default(1)}", 1),
        ("${find.nothing | default(1)}", 1),
        ("${find.count | default(1)}", 2),
        ("${find['no']['way'] | default(1)}", 1),
        ("${find.rows.a | default(1)}", 1),
        ("${inputs.user.age | default(18)}", 18),
        ("${NOT_SET | default('x')}", "x"),
        ("${env.not_set | default('x')}", "x"),
        ("${default(find.nothing, 2) + 1}", 3),
        ("${default(otherwise=1, value=find.nothing)}", 1),
        ("${find.nothing | default(mine.nothing | default(4))}", 4),
        ("${one | default(1 / 0)}", 7),
        ("${false | default(1)}", False),
        ("${mine.none | default(3)}", 3),
        ("${rows.*.missing | default([])}", [None, None]),
    ],
)
def test_default_stands_in_for_null_and_for_what_is_missing(run: Run, text: str, expected: Any) -> None:
    assert run.value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${len}", 9),
        ("${len(inputs.items)}", 2),
        ("${length('abc')}", 3),
        ("${len(skipped)}", 0),
        ("${str(1.50)}", "1.5"),
        ("${str(null)}", ""),
        ("${str(true)}", "true"),
        ("${int('42')}", 42),
        ("${int(7.9)}", 7),
        ("${int(price)}", 1),
        ("${int(null)}", None),
        ("${float('1.5')}", 1.5),
        ("${bool('false')}", True),
        ("${bool(0)}", False),
        ("${round(2.567, 2)}", 2.57),
        ("${round(2.4)}", 2),
        ("${round(2.567, digits=1)}", 2.6),
        ("${abs(-3)}", 3),
        ("${min(3, 1, 2)}", 1),
        ("${max([3, 1])}", 3),
        ("${max([])}", None),
        ("${max(['1', 3])}", 3),
        ("${sum([1, 2.5, null])}", 3.5),
        ("${sum(skipped)}", 0),
        ("${sorted([3, 1, null, 2])}", [None, 1, 2, 3]),
        ("${sorted(['b', 'a'], reverse=true)}", ["b", "a"]),
        ("${sorted(find.rows, 'n', true).*.id}", [2, 1]),
        ("${reversed([1, 2])}", [2, 1]),
        ("${reversed('ab')}", "ba"),
        ("${unique([1, 2, 1, '1', [3], [3]])}", [1, 2, "1", [3]]),
        ("${first(inputs.items)}", 1),
        ("${last(inputs.items)}", 2),
        ("${[] | first}", None),
        ("${any([0, 1])}", True),
        ("${all([0, 1])}", False),
        ("${all(null)}", True),
        ("${keys({'a': 1})}", ["a"]),
        ("${values({'a': 1})}", [1]),
        ("${items({'a': 1})}", [{"key": "a", "value": 1}]),
        ("${lower('AbC')}", "abc"),
        ("${'AbC' | upper}", "ABC"),
        ("${trim('  x ')}", "x"),
        ("${upper(null)}", None),
        ("${split('a b  c')}", ["a", "b", "c"]),
        ("${split('a,b', ',')}", ["a", "b"]),
        ("${join([1, null, true, [2]], '-')}", "1--true-[2]"),
        ("${replace('aXbX', 'X', '--')}", "a--b--"),
        ("${startswith('abc', 'ab')}", True),
        ("${endswith('abc', 'bc')}", True),
        ("${contains('abc', 'b')}", True),
        ("${contains([1, 2], 2)}", True),
        ("${json({'a': [1, null, 'é']})}", '{"a": [1, null, "é"]}'),
        ("${parse_json('{\"a\": [1]}').a[0]}", 1),
        ("${date('2024-05-31').month}", 5),
        ("${date('2024-05-31T10:00:00').hour}", 10),
        ("${date(0).year}", 1970),
        ("${range(3)}", [0, 1, 2]),
        ("${range(1, 3)}", [1, 2]),
        ("${range(3, 0, -1)}", [3, 2, 1]),
        ("${zip([1, 2], ['a', 'b', 'c'])}", [[1, "a"], [2, "b"]]),
        ("${format_number(1234.5)}", "1,234.50"),
        ("${format_number(1234567, 0)}", "1,234,567"),
        ("${1234.5 | format_number(digits=1)}", "1,234.5"),
        ("${now_iso() > '2024'}", True),
    ],
)
def test_functions(run: Run, text: str, expected: Any) -> None:
    value = run.value(text)
    assert value == expected
    assert type(value) is type(expected)


def test_a_long_range_is_not_counted_before_it_is_read(run: Run) -> None:
    assert run.value("${range(1000000)}") == range(1_000_000)


def test_every_function_of_the_reference_has_a_signature_and_a_sentence() -> None:
    from flowlang.language.expressions import FUNCTIONS

    expected = (
        "len length str int float bool round abs min max sum sorted reversed unique first last any all keys values "
        "items lower upper trim split join replace startswith endswith contains default json parse_json now_iso date "
        "range zip format_number"
    )
    assert set(FUNCTIONS) == set(expected.split())
    for name, function in FUNCTIONS.items():
        assert function.name == name
        assert function.signature.startswith(f"{name}(")
        assert function.doc.endswith(".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a ${one} b", "a 7 b"),
        ("${one}${one}", "77"),
        ("${one} ", "7 "),
        ("[${skipped}]", "[]"),
        ("${true}!", "true!"),
        ("${1.0}!", "1.0!"),
        ("${find.rows}!", '[{"id": 1, "n": "x"}, {"id": 2, "n": "y"}]!'),
        ("${day}!", "2024-05-31!"),
        ("${price}!", "1.10!"),
        ("$${one}", "${one}"),
        ("$${one} ${one}", "${one} 7"),
        ("$one {x} $", "$one {x} $"),
        ("${ {'a': '}'} }!", '{"a": "}"}!'),
    ],
)
def test_text_with_expressions_in_it(run: Run, text: str, expected: str) -> None:
    assert run.value(text) == expected


def test_maps_and_lists_are_built_anew_at_each_evaluation(run: Run) -> None:
    data = {"a": "${one}", "b": [1, {"c": [2]}], "d": {}, "e": None, "f": [], "g": "${inputs.items}"}
    first, second = run.value(data), run.value(data)
    first["b"][1]["c"].append(3)
    first["d"]["x"] = 1
    assert second == {"a": 7, "b": [1, {"c": [2]}], "d": {}, "e": None, "f": [], "g": [1, 2]}


@pytest.mark.parametrize("data", [1, None, True, "text", {}, [], {"a": 1}, [1, 2], {"a": [{"b": "c"}]}, 1.5])
def test_data_without_expressions_is_constant(run: Run, data: Any) -> None:
    value, problems = run.translated(data)
    assert value.constant
    assert not problems
    assert value.reads == ()
    one, other = run.value(data), run.value(data)
    assert one == other == data
    assert not isinstance(data, (dict, list)) or one is not other


def test_objects_of_a_flow_given_as_python_data_are_handed_over(run: Run) -> None:
    thing = object()
    assert run.value({"a": thing, "b": ["${one}", {"c": thing, "d": 1}]}) == {
        "a": thing,
        "b": [7, {"c": thing, "d": 1}],
    }


def test_reads_are_noted_with_their_paths(run: Run) -> None:
    value, _ = run.translated(
        {
            "a": "${find.rows[0].id}",
            "b": "x ${inputs.limit} ${env.A} ${B:c} ${mine.x | default(1)} ${rows.*.id} ${one[-1]}",
        }
    )
    assert [(read.root, read.path, read.optional) for read in value.reads] == [
        ("find", ("rows", 0, "id"), False),
        ("inputs", ("limit",), False),
        ("env", ("A",), False),
        ("env", ("B",), True),
        ("mine", ("x",), True),
        ("rows", (), False),
        ("one", (-1,), False),
    ]


def test_a_prompt_evaluates_an_expression_with_or_without_braces(run: Run) -> None:
    assert evaluate("find.count + 1", run.names, run.frame) == 3
    assert evaluate("n: ${find.count}", run.names, run.frame) == "n: 2"


def test_text_of_values() -> None:
    assert as_text({"a": None}) == '{"a": null}'
    assert as_text(b"ab") == "YWI="
    assert as_text(float("nan")) == "NaN"


def test_truth_and_equality_of_values() -> None:
    assert truth("false")
    assert not truth([])
    assert equal("3", 3)
    assert not equal(True, "true")
    assert equal((1, 2), [1, 2])
