"""The environment of a run: `.env` files, what goes before what, and what in it is secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowlang.dotenv import parse
from flowlang.environment import Environment, read_dotenv
from flowlang.errors import ConfigurationError


def values(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    parse(text, ".env").add_to(found, {})
    return found


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b ", "b"),
        ("  export A=b", "b"),
        ("A=", ""),
        ("A=b c", "b c"),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=#c", "#c"),
        ("A= # comment", ""),
        ("A='b # c' # comment", "b # c"),
        ('A="b # c"', "b # c"),
        ("A=''", ""),
        ('A="say \\"hi\\"\\n\\ttwice \\\\ \\d"', 'say "hi"\n\ttwice \\ \\d'),
        ("A='it\\'s \\n \\\\'", "it's \\n \\"),
        ('A="one\ntwo"', "one\ntwo"),
        ("A='one\n  two'", "one\n  two"),
        ('A=b"c', 'b"c'),
        ("A=postgresql://u:p=w@h:5432/db?x=1", "postgresql://u:p=w@h:5432/db?x=1"),
        ("A=$HOME", "$HOME"),
        ("A=日本", "日本"),
    ],
)
def test_a_value_is_read_as_it_is_written(line: str, value: str) -> None:
    parsed = parse(line, ".env")
    assert values(line) == {"A": value}
    assert parsed.problems == ()


def test_variables_in_values_are_expanded_except_in_single_quotes() -> None:
    text = "A=1\nB=${A}2\nC=\"<${B}>\"\nD='${A}'\nE=${NO}\nF=${NO:-x y}\nG=${A:-z}\nA=3\nH=${A}"
    assert values(text) == {
        "A": "3",
        "B": "12",
        "C": "<12>",
        "D": "${A}",
        "E": "",
        "F": "x y",
        "G": "1",
        "H": "3",
    }


def test_what_cannot_be_read_is_a_sentence_with_its_place_and_the_rest_counts() -> None:
    parsed = parse("# top\nA=1\nnonsense\nD='x' y\n=3\nE='one\ntwo'\nF G=1\nB=\"open\nC=2\n", "a/.env")
    assert [entry.name for entry in parsed.entries] == ["A", "E", "C"]
    assert [problem.split(" ")[0] for problem in parsed.problems] == [
        "a/.env:3:",
        "a/.env:4:",
        "a/.env:5:",
        "a/.env:8:",
        "a/.env:9:",
    ]
    assert "closing quote of D" in parsed.problems[1]
    assert "never closed" in parsed.problems[4]


def test_a_problem_never_shows_a_value() -> None:
    for text in ("PASSWORD='hunter2", "PASSWORD='hunter2'x", "hunter2"):
        (problem,) = parse(text, ".env").problems
        assert "hunter2" not in problem


def test_a_file_that_is_missing_or_broken_gives_what_it_can(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert read_dotenv(path) == {}
    path.write_bytes(b"\xef\xbb\xbfA=1\r\nB=${A}\r\n")
    assert read_dotenv(path) == {"A": "1", "B": "1"}
    path.write_bytes(b"A=\xff\n")
    assert read_dotenv(path) == {}
    (problem,) = Environment.load(tmp_path, base={}).problems
    assert problem == f"{path} is not UTF-8 text (byte 2), so none of it is used"


def test_the_real_environment_goes_before_the_file_given_the_flows_and_the_projects(tmp_path: Path) -> None:
    flow = tmp_path / "flow"
    flow.mkdir()
    names = ["REAL", "GIVEN", "FLOW", "PROJECT"]
    for index, path in enumerate([tmp_path / "given.env", flow / ".env", tmp_path / ".env"], start=1):
        lines = [f"{name}={path.parent.name}/{path.name}" for name in names[: index + 1]]
        path.write_text("\n".join(lines), encoding="utf-8")
    env = Environment.load(flow, tmp_path, tmp_path / "given.env", base={"REAL": "real", "ONLY": "1"})
    root = tmp_path.name
    assert dict(env) == {
        "REAL": "real",
        "ONLY": "1",
        "GIVEN": f"{root}/given.env",
        "FLOW": "flow/.env",
        "PROJECT": f"{root}/.env",
    }
    assert len(env) == 5
    assert "PROJECT" in env
    assert "OTHER" not in env
    assert env.get("OTHER", "x") == "x"


def test_a_file_may_refer_to_the_real_environment_and_to_the_projects_file(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / ".env").write_text("HOST=project\nPORT=1\n", encoding="utf-8")
    (tmp_path / "flow/.env").write_text("URL=http://${HOST}:${PORT}/${USERNAME}\n", encoding="utf-8")
    env = Environment.load(tmp_path / "flow", tmp_path, base={"HOST": "real", "USERNAME": "ada"})
    assert env["URL"] == "http://real:1/ada"
    assert Environment.load(tmp_path / "flow", tmp_path, base={})["URL"] == "http://project:1/"


def test_without_a_base_it_is_the_processs_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("FLOWLANG_A=file\nFLOWLANG_B=file\n", encoding="utf-8")
    monkeypatch.setenv("FLOWLANG_A", "real")
    env = Environment.load(tmp_path)
    assert (env["FLOWLANG_A"], env["FLOWLANG_B"], env["PATH"]) == ("real", "file", os.environ["PATH"])


def test_an_edit_of_the_same_size_is_seen(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    for number in range(10, 40):
        path.write_text(f"A={number}\n", encoding="utf-8")
        # a file system that counts time coarsely is made to tell the edits apart
        os.utime(path, ns=(number, number))
        assert Environment.load(tmp_path, base={})["A"] == str(number)
    path.unlink()
    assert "A" not in Environment.load(tmp_path, base={})


def test_a_folder_called_env_is_no_file_of_variables(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    env = Environment.load(tmp_path, base={})
    assert dict(env) == {}
    assert env.problems == ()


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no file .*prod\.env"):
        Environment.load(tmp_path, env_file=tmp_path / "prod.env", base={})


def test_secrets_are_values_by_their_names_and_passwords_in_urls(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "API_KEY=abc123\nURL=redis://:p%40ss@h/0\nPLAIN=hello\nDB_PASSWORD=\n", encoding="utf-8"
    )
    env = Environment.load(tmp_path, base={"GITHUB_TOKEN": "t0ken", "HOME": "/root", "DATABASE_URL": "pg://u:real@h/d"})
    assert sorted(env.secrets()) == sorted(["abc123", "p%40ss", "p@ss", "t0ken", "real"])


def test_the_repr_shows_no_value() -> None:
    assert repr(Environment({"API_KEY": "abc123"}, {})) == "<Environment of 1 variables>"
