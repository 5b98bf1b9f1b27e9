"""What the SQL plugins read from the text of a statement."""

from __future__ import annotations

import pytest

from flowlang_plugins.sql.text import MYSQL, POSTGRES, STANDARD, Dialect, code, command, traceless


@pytest.mark.parametrize(
    ("dialect", "text", "seen"),
    [
        (STANDARD, "SELECT 'it''s -- no' -- yes", "SELECT ''  "),
        (STANDARD, 'SELECT [a b], `c`, "d""e"', 'SELECT  "_" ,  "_" ,  "_" '),
        (STANDARD, "SELECT 1 /* open", "SELECT 1  "),
        (POSTGRES, "a /* b /* c */ d */ e", "a   e"),
        (POSTGRES, "E'a\\'b' 'a\\' $$ it's $$ $x$ $$ $x$ $1", "'' '' '' '' $1"),
        (MYSQL, "'a\\'b' \"c\\\"d\" `e``f` # g\nh -- i\nj--k", '\'\' "_"   "_"   \nh  \nj--k'),
        (MYSQL, "a /* b /* c */ d /*! e */ /*!50000 f */ /*M!100000 g */", "a   d   e      f      g  "),
    ],
)
def test_code_is_what_is_left_without_comments_and_literals(dialect: Dialect, text: str, seen: str) -> None:
    assert code(text, dialect).split() == seen.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select a", ["SELECT", "A"]),
        (" ;\n(( Select 1", ["SELECT", "1"]),
        ("-- x\nDELETE FROM t", ["DELETE", "FROM", "T"]),
        ("", []),
        ("?", []),
    ],
)
def test_the_command_is_what_a_statement_starts_with(text: str, words: list[str]) -> None:
    assert command(text, STANDARD) == words


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*) FROM t WHERE a IN (1, 2)",
        "INSERT INTO t (a, b) VALUES ($1, lower($2))",
        'INSERT INTO a . "T x" (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2',
        "UPDATE t SET a = 'f(1)' WHERE id = $1",
        "select replace(a, 'x', 'y') from t",
    ],
)
def test_a_plain_statement_leaves_no_trace(text: str) -> None:
    assert traceless(text, POSTGRES)


@pytest.mark.parametrize(
    "text",
    [
        "SET x = 1",
        "SELECT f(1)",
        'SELECT "count"(1)',
        "SELECT mine.count(1)",
        "SELECT set_config('a', 'b', false)",
        "INSERT INTO t SELECT f(1)",
        "INSERT INTO t (a) SELECT f (1)",
        "SELECT * INTO x FROM t",
        "SELECT @a := 1",
        "LISTEN x",
        "CALL p()",
    ],
)
def test_what_may_leave_a_trace_is_told(text: str) -> None:
    assert not traceless(text, POSTGRES)
