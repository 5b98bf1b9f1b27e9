"""Tokens of the languages that are edited, and that lexing line by line stays true while the text changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlang_tui.widgets.code_editor.languages import ENV, JSON, PYTHON, SQL, TEXT, YAML, Language, language_of
from flowlang_tui.widgets.code_editor.lexer import Highlighter, Token

ROOT = Path(__file__).parents[2]


def tokens(text: str, language: Language = YAML) -> list[tuple[str, str]]:
    lines = text.split("\n")
    highlighter = Highlighter(language.lexer(), lines)
    return [(lines[row][start:end], kind) for row in range(len(lines)) for start, end, kind in highlighter.tokens(row)]


def words(text: str, language: Language = YAML) -> list[tuple[str, str]]:
    return [token for token in tokens(text, language) if token[1] != "punctuation"]


def test_keys_of_the_language_kinds_of_steps_and_other_keys_differ() -> None:
    assert words("steps:\n  - for_each: 1\n    concurrency: 2\n    mine: 3") == [
        ("steps", "keyword"),
        ("for_each", "kind"),
        ("1", "number"),
        ("concurrency", "keyword"),
        ("2", "number"),
        ("mine", "key"),
        ("3", "number"),
    ]


def test_if_is_a_kind_where_a_step_starts_and_a_condition_elsewhere() -> None:
    assert words("- if: a\n- task: b\n  if: c")[0] == ("if", "kind")
    assert ("if", "keyword") in words("- if: a\n- task: b\n  if: c")


def test_a_task_as_a_key_is_a_function() -> None:
    assert ("pg_query", "function") in tokens("- pg_query:\n    id: a")
    assert ("pg_query", "function") in tokens("- pg_query: # reads\n    id: a")


def test_the_inside_of_an_expression_is_lexed() -> None:
    assert words("a: ${len(inputs.rows) > 3 and x.y | default('n')}") == [
        ("a", "key"),
        ("${", "brace"),
        ("len", "function"),
        ("inputs", "variable"),
        ("rows", "name"),
        (">", "operator"),
        ("3", "number"),
        ("and", "operator"),
        ("x", "name"),
        ("y", "name"),
        ("|", "operator"),
        ("default", "function"),
        ("'n'", "string"),
        ("}", "brace"),
    ]


def test_an_expression_may_hold_what_ends_a_plain_scalar() -> None:
    assert words("a: ${b # c}, d")[-1] == ("}", "brace")
    assert ("}", "brace") in words("a: [${b[1, 2]}, 5]")
    assert words("a: [${b[1, 2]}, 5]")[-1] == ("5", "number")


def test_an_expression_without_an_end_goes_to_the_end_of_the_line() -> None:
    assert words("a: ${b.c\nd: e") == [("a", "key"), ("${", "brace"), ("b", "name"), ("c", "name"), ("d", "key")]


def test_an_escaped_dollar_starts_no_expression() -> None:
    assert words('a: "$${b}"') == [("a", "key"), ('"', "string"), ("$${b}", "string"), ('"', "string")]


def test_a_condition_is_an_expression_without_braces_too() -> None:
    assert words("if: not a.ok") == [("if", "keyword"), ("not", "operator"), ("a", "name"), ("ok", "name")]


def test_ids_and_names_of_tasks_stand_out() -> None:
    assert ("mail", "definition") in words("- task: Send\n  id: mail")
    assert ("Send", "function") in words("- task: Send\n  id: mail")


def test_a_query_is_sql_in_a_line_in_quotes_and_in_a_block() -> None:
    for text in ("query: SELECT 1", 'query: "SELECT 1"', "query: |\n  SELECT 1", "- query: >-\n    SELECT 1"):
        assert ("SELECT", "keyword") in words(text), text


def test_a_block_scalar_lasts_as_long_as_its_indentation() -> None:
    assert words("- a: |\n    b: c\n\n   d\n  e: f") == [
        ("a", "key"),
        ("|", "operator"),
        ("b: c", "string"),
        ("d", "string"),
        ("e", "key"),
    ]


def test_quotes_go_over_lines() -> None:
    assert words('a: "b\n  c ${d}\n  e"\nf: g') == [
        ("a", "key"),
        ('"', "string"),
        ("b", "string"),
        ("  c ", "string"),
        ("${", "brace"),
        ("d", "name"),
        ("}", "brace"),
        ("  e", "string"),
        ('"', "string"),
        ("f", "key"),
    ]


def test_quotes_end_where_yaml_ends_them() -> None:
    assert words(r'a: "b\"c" # d')[-1] == ("# d", "comment")
    assert words("a: 'b''c' # d")[-1] == ("# d", "comment")
    assert ("#c", "comment") not in words("a: b#c")


def test_flow_collections_go_over_lines() -> None:
    assert words("a: {b: [1,\n  2], c: true}\nd: x") == [
        ("a", "key"),
        ("b", "key"),
        ("1", "number"),
        ("2", "number"),
        ("c", "key"),
        ("true", "constant"),
        ("d", "key"),
    ]


def test_durations_are_numbers_and_words_are_not() -> None:
    assert ("500ms", "number") in words("timeout: 500ms")
    assert words("a: 5 apples") == [("a", "key")]


def test_python_is_lexed_with_strings_over_lines() -> None:
    assert words('@task\nasync def f(x):\n    """a\n    b"""\n    return f"{x}" # c', PYTHON) == [
        ("@task", "decorator"),
        ("async", "keyword"),
        ("def", "keyword"),
        ("f", "definition"),
        ('"""a', "string"),
        ('    b"""', "string"),
        ("return", "keyword"),
        ('f"{x}"', "string"),
        ("# c", "comment"),
    ]


def test_json_sql_and_env_are_lexed() -> None:
    assert words('{"a": [1, "b", null]}', JSON) == [
        ('"a"', "key"),
        ("1", "number"),
        ('"b"', "string"),
        ("null", "constant"),
    ]
    assert words("select 'a' -- b", SQL) == [("select", "keyword"), ("'a'", "string"), ("-- b", "comment")]
    assert words("export A=b # c\n# d", ENV) == [
        ("export", "keyword"),
        ("A", "key"),
        ("=", "operator"),
        ("# c", "comment"),
        ("# d", "comment"),
    ]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("flow.yaml", YAML),
        ("a.YML", YAML),
        ("flow.py", PYTHON),
        ("in.json", JSON),
        (".env", ENV),
        (".env.dev", ENV),
        ("x", TEXT),
    ],
)
def test_the_name_of_a_file_tells_its_language(name: str, language: Language) -> None:
    assert language_of(Path(name)) is language


LINES = st.sampled_from(
    [
        "",
        "a: b",
        "steps:",
        "- task: x",
        "  query: |",
        "    SELECT ${a} 'b",
        "  if: ${a > 'b",
        'a: "open',
        "b'",
        'closed" # c',
        "{a: [1,",
        "]}, 'x",
        "a: 'it''s",
        "  # comment",
        '"""',
        "def f(): '''",
        "x = f'a' # b",
        "${",
        "---",
        "| - > ? * & ! %",
        "\t{",
    ]
)
LANGUAGES = st.sampled_from([YAML, PYTHON, JSON, SQL, ENV])
EDITS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.lists(LINES, max_size=4)), max_size=6)


@given(LANGUAGES, st.lists(LINES, min_size=1, max_size=30), EDITS)
def test_after_any_edits_the_tokens_are_those_of_a_fresh_text(
    language: Language, lines: list[str], edits: list[tuple[int, int, list[str]]]
) -> None:
    highlighter = Highlighter(language.lexer(), lines)
    for at, count, new in edits:
        highlighter.state(at % len(lines))
        first = at % len(lines)
        last = min(len(lines) - 1, first + count)
        lines[first : last + 1] = new or [""]
        highlighter.edited(first, last, first + len(new or [""]) - 1)
    fresh = Highlighter(language.lexer(), lines)
    for row in range(len(lines)):
        assert highlighter.state(row) == fresh.state(row)
        assert highlighter.tokens(row) == fresh.tokens(row)


@given(LANGUAGES, st.lists(LINES | st.text(st.sampled_from(" \t#'\"{}[]:,$|>-&*!ab1\\.()é"), max_size=20), max_size=8))
def test_any_text_gives_tokens_in_order_and_the_quick_state_is_the_state(language: Language, lines: list[str]) -> None:
    lexer = language.lexer()
    state = lexer.start
    for line in lines:
        found, after = lexer.lex(line, state)
        assert lexer.after(line, state) == after
        assert_in_order(found, len(line))
        state = after


def assert_in_order(found: list[Token], length: int) -> None:
    position = 0
    for start, end, _ in found:
        assert position <= start < end <= length
        position = end


@given(st.lists(LINES, min_size=1, max_size=20), st.integers(0, 19), LINES)
def test_lines_that_are_not_told_to_differ_have_the_tokens_they_had(lines: list[str], at: int, new: str) -> None:
    row = at % len(lines)
    highlighter = Highlighter(YAML.lexer(), lines)
    before = [highlighter.tokens(index) for index in range(len(lines))]
    lines[row] = new
    last = highlighter.edited(row, row, row)
    for index in range(row + 1 if last is None else last + 1, len(lines)):
        if last is not None:
            assert highlighter.tokens(index) == before[index]


def test_the_lexers_and_folding_load_no_screen() -> None:
    modules = ("languages", "lexer_yaml", "lexer_code", "folding", "line_edits", "brackets")
    code = ";".join(f"import flowlang_tui.widgets.code_editor.{name}" for name in modules)
    code += ";import sys;print([name for name in ('textual', 'rich') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"
