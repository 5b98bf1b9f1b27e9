"""Files of inputs: JSON and YAML, and every way in which they can be wrong is told with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.language.input_files import InputFileError, read_inputs


@pytest.mark.parametrize(
    ("name", "text", "inputs"),
    [
        ("in.json", '{"n": 1}', {"n": 1}),
        ("in.yaml", "n: 1\nwhat: [a, b]\n", {"n": 1, "what": ["a", "b"]}),
        ("in.yml", "", {}),
        ("without-ending", "n: 1", {"n": 1}),
    ],
)
def test_the_name_tells_what_the_file_holds(tmp_path: Path, name: str, text: str, inputs: dict[str, object]) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_inputs(path) == inputs


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("in.json", b"[1]", "in.json must hold a map of input names to values"),
        ("in.yaml", b"- 1", "in.yaml must hold a map of input names to values"),
        ("in.json", b'{"n": }', "in.json:1:7: this is not JSON"),
        ("in.json", b'{"n": "\xff"}', "in.json is not UTF-8 text"),
        ("in.json", b'{"n": %s}' % (b"1" * 5000), "in.json cannot be read: Exceeds the limit"),
        ("in.json", b'{"n": %s}' % (b"[" * 100_000), "in.json is nested too deep"),
        ("in.yaml", b"n: " + b"[" * 100_000, "nest"),
        ("in.yaml", b"n: {", "in.yaml"),
    ],
    ids=["list", "yaml-list", "json", "utf8", "digits", "deep-json", "deep-yaml", "yaml"],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputFileError) as refused:
        read_inputs(path)
    assert told in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"gone\.yaml cannot be read: No such file"):
        read_inputs(tmp_path / "gone.yaml")
