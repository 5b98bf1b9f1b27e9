"""Reading a text: values, exact places, and one plain sentence for whatever cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlang.errors import FlowValidationError
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.nodes import Mapping, Scalar
from flowlang.language.source import Source, from_data, read_file, read_text


def read(text: str | bytes) -> tuple[Source, list[Diagnostic]]:
    problems = Problems()
    return read_text(text, problems), problems.found


def data(text: str) -> Any:
    source, found = read(text)
    assert not found
    assert source.root is not None
    return source.root.data


def scalar(source: Source, *path: str) -> Scalar:
    node: Any = source.root
    for key in path:
        node = node.get(key)
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("2024-01-31", "2024-01-31"),
        ("12:30:00", "12:30:00"),
        ("'7'", "7"),
        ('"true"', "true"),
    ],
)
def test_plain_scalars_follow_the_core_of_yaml_1_2(written: str, value: Any) -> None:
    found = data(f"a: {written}\n")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_text() -> None:
    assert data("1: a\ntrue: b\nnull: c\n") == {"1": "a", "true": "b", "null": "c"}


def test_anchors_aliases_and_merge_keys_work_and_own_keys_win() -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {c: 3, a: 9}\nuse:\n  <<: [*base, *more]\n  b: 4\nsame: *base\n"
    assert data(text)["use"] == {"b": 4, "a": 1, "c": 3}
    assert data(text)["same"] == {"a": 1, "b": 2}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert data("a:\n  '<<': 1\n") == {"a": {"<<": 1}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("params: [${inputs.user_id}, 5]", {"params": ["${inputs.user_id}", 5]}),
        ("filter: {_id: ${inputs.id}}", {"filter": {"_id": "${inputs.id}"}}),
        ("x: ${a # b}", {"x": "${a # b}"}),
        ("x: ${ {'a': 1}['a'] }", {"x": "${ {'a': 1}['a'] }"}),
        ('- ${m["k: v"]}', ['${m["k: v"]}']),
        ("- ${m['}']}: x", [{"${m['}']}": "x"}]),
        ("x: [${a[0]}, ${b ? c}]", {"x": ["${a[0]}", "${b ? c}"]}),
        ('x: "${x | default(\\"n\\")}"', {"x": '${x | default("n")}'}),
        ("x: '${m[''k'']}, {y}'", {"x": "${m['k']}, {y}"}),
        ("x: |\n  {a: ${b}}\n  # no comment\n", {"x": "{a: ${b}}\n# no comment\n"}),
        ("x: >\n  ${a,\n  b}\n", {"x": "${a, b}\n"}),
        ("x: ${a\ny: 1", {"x": "${a", "y": 1}),
        ("# ${a: [}\nx: 1", {"x": 1}),
        ("x: ${NAME:default}", {"x": "${NAME:default}"}),
    ],
)
def test_expressions_stand_unquoted_wherever_a_value_may_stand(text: str, value: Any) -> None:
    assert data(text) == value


def test_the_shield_moves_no_line_and_no_column() -> None:
    source, _ = read("a: [${x.y}, 5]\nb: ${ {'k': 1} } tail\nc: d\n")
    assert isinstance(source.root, Mapping)
    first, second = source.root.get("a").items  # type: ignore[union-attr]
    assert first.span == (1, 5, 1, 11)
    assert second.span == (1, 13, 1, 14)
    assert scalar(source, "b").span == (2, 4, 2, 22)
    assert scalar(source, "c").span == (3, 4, 3, 5)


def test_line_separators_of_yaml_1_1_are_plain_characters() -> None:
    source, found = read("a: x\u2028y\u0085z\nb: 1\n")
    assert not found
    assert scalar(source, "a").value == "x\u2028y\u0085z"
    assert scalar(source, "b").span[:2] == (2, 4)


def test_private_use_characters_of_the_text_survive() -> None:
    text = "a: " + "".join(chr(code) for code in range(0xE000, 0xE020)) + "${x[0]}"
    assert data(text)["a"] == text[3:]


def test_a_byte_order_mark_and_windows_line_ends_are_read_past() -> None:
    source, found = read(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n")
    assert not found
    assert source.root is not None
    assert source.root.data == {"a": 1, "b": "x\ny\n"}
    assert scalar(source, "b").span[:2] == (2, 4)


def test_columns_count_characters_not_bytes() -> None:
    source, _ = read("größe: {ключ: 🎉, x: 1}\n")
    assert scalar(source, "größe", "x").span == (1, 21, 1, 22)


def test_a_block_ends_where_its_last_value_ends() -> None:
    source, _ = read("a:\n  b: 1\n  c: [2]\n\n# remark\nd: 3\n")
    assert isinstance(source.root, Mapping)
    assert source.root.get("a").span == (2, 3, 3, 9)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("a: one ${x} two", "${x}", (1, 8, 1, 12)),
        ("a: 'it''s ${x}'", "${x}", (1, 11, 1, 15)),
        ('a: "say \\"${x}\\" \\u00e9 ${y}"', "${y}", (1, 25, 1, 29)),
        ('a: "${x | default(\\"n\\")} ${y}"', "${y}", (1, 27, 1, 31)),
        ('a: "one\\\n    two ${y}"', "${y}", (2, 9, 2, 13)),
        ("a: |\n  first\n    second ${x}\n  ${y}\n", "${y}", (4, 3, 4, 7)),
        ("a: >- # folded\n  first\n  ${x}\n\n  ${y}\n", "${y}", (5, 3, 5, 7)),
        ("a: first\n  second  ${y}\n", "${y}", (2, 11, 2, 15)),
        ("a: &anchor ${y}", "${y}", (1, 12, 1, 16)),
        ("a: [1, 'x ${y}']", "${y}", (1, 11, 1, 15)),
    ],
)
def test_a_part_of_a_scalar_has_its_exact_place(text: str, part: str, place: tuple[int, ...]) -> None:
    source, found = read(text)
    assert not found
    node = source.root.get("a")  # type: ignore[union-attr]
    target = node if isinstance(node, Scalar) else node.items[-1]
    start = target.value.index(part)
    assert source.span_of(target, start, start + len(part)) == place


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "unclosed-bracket", (2, 4)),
        ("a: {x: 1, y: 2", "unclosed-bracket", (1, 4)),
        ("a: [1 2] 3]\n", "syntax", (1, 10)),
        ("a: 1\nb: 'x\nc: 3\n", "unclosed-quote", (2, 4)),
        ('a: "x\\q"', "invalid-escape", (1, 6)),
        ("a:\n\tb: 1\n", "tab", (2, 1)),
        ("a:b\nc: d\n", "missing-space", (1, 2)),
        ("a: 1\nb:2\nc: 3\n", "missing-space", (2, 2)),
        ("a: b: c\n", "syntax", (1, 5)),
        ("a: 1\n  b: 2\n", "indentation", (2, 3)),
        ("- a\nb: 1\n", "indentation", (2, 1)),
        ("a: @x\n", "syntax", (1, 4)),
        ("a: `x`\n", "syntax", (1, 4)),
        ("a: - b\n", "syntax", (1, 4)),
        ("a: 'x' y\n", "syntax", (1, 8)),
        ("a: 1\ntas\nb: 2\n", "syntax", (2, 1)),
        ("a: *\n", "syntax", (1, 4)),
        ("a: *nowhere\n", "unknown-anchor", (1, 4)),
        ("a: !x.ok and y\n", "tag", (1, 4)),
        ("a: !${x.ok}\n", "tag", (1, 4)),
        ("a: !!python/name:os.system\n", "tag", (1, 4)),
        ("a: 1\n---\nb: 2\n", "several-documents", (2, 1)),
        ("a: {{ x }}\n", "invalid-key", (1, 5)),
        ("? [a]\n: b\n", "invalid-key", (1, 3)),
        (": b\n", "invalid-key", (1, 1)),
        ("{: b}\n", "invalid-key", (1, 2)),
        ("a: x\x00y\n", "control-character", (1, 5)),
        ("a: \ud800\n", "invalid-utf8", (1, 4)),
        ("<<: 1\n", "invalid-merge", (1, 1)),
        (f"a: {'9' * 5000}\n", "invalid-number", (1, 4)),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, code: str, place: tuple[int, int]) -> None:
    _, found = read(text)
    assert [(problem.code, (problem.line, problem.column)) for problem in found] == [(code, place)]


def test_invalid_utf8_is_told_with_the_place_of_the_first_bad_byte() -> None:
    _, (problem,) = read("a: 1\nbü: ".encode() + b"\xff")
    assert (problem.code, problem.line, problem.column) == ("invalid-utf8", 2, 5)


def test_a_duplicate_key_names_both_places_and_the_first_value_stays() -> None:
    source, (problem,) = read("x:\n  key: 1\n  b: 2\n  key: 3\n")
    assert (problem.code, problem.line, problem.column) == ("duplicate-key", 4, 3)
    assert problem.related[0][1][:2] == (2, 3)
    assert source.root is not None
    assert source.root.data == {"x": {"key": 1, "b": 2}}


def test_several_syntax_errors_are_all_found_and_the_rest_is_read() -> None:
    source, found = read("a: [1\nb: 'x\nc: @\nd: 1\nd: 2\ne: {f: 1}\n")
    assert [problem.code for problem in found] == ["unclosed-bracket", "unclosed-quote", "syntax", "duplicate-key"]
    assert source.root is not None
    assert source.root.data == {"a": None, "b": None, "c": None, "d": 1, "e": {"f": 1}}
    assert not source.complete
    assert source.broken_lines == {1, 2, 3}


def test_a_refused_tag_leaves_the_text_as_it_is_written() -> None:
    source, _ = read("if: !a.ok and b\n")
    assert scalar(source, "if").value == "!a.ok and b"


def test_a_file_is_read_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_bytes(b"a: 1\n")
    problems = Problems(str(file))
    source = read_file(file, problems)
    assert (source.path, problems.found) == (str(file), [])
    assert source.text == "a: 1\n"


def test_a_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path, "/dev/zero", "a\0b"):
        problems = Problems()
        assert read_file(path, problems).root is None
        assert [problem.code for problem in problems.found] == ["unreadable"]


def test_python_data_becomes_nodes_without_places() -> None:
    node = from_data({"a": [1, ("x", None)], True: {"b": 1.5}})
    assert node.data == {"a": [1, ["x", None]], "true": {"b": 1.5}}
    assert node.span.line == 0


def test_python_data_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(FlowValidationError, match="too-deep"):
        from_data(loop)
