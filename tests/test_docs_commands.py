"""The documentation knows every option of every command, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest

from flowlang import cli
from flowlang.cli.completions import GROUPS
from flowlang_tui import cli as workbench

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "sample_projects").glob("*/*.md"))]

#: Options of other programs that the pages speak of.
OTHERS = {"--factory", "--snapshot-update", "--table", "--volumes", "--wait"}

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_CODE = re.compile(r"^```\w*[^\n]*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"(?:\$ |- run: )?(?:\S+/|python -m )?(flowlang(?:-tui)?)((?: [^|#;\n]*)?)")


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name in cli.COMMANDS:
        if name in GROUPS:
            yield from ((name, inner) for inner in import_module(f"flowlang.cli.{name}").COMMANDS)
        else:
            yield (name,)


@pytest.fixture(scope="module")
def options() -> dict[tuple[str, ...], set[str]]:
    """The options of each command, as its help tells them; those of the workbench have no words."""
    return {words: _options_of(words) for words in [(), *commands()]}


def _options_of(words: Sequence[str]) -> set[str]:
    with redirect_stdout(StringIO()) as told:
        assert (cli if words else workbench).main([*words, "--help"]) == 0
    listed = told.getvalue().split("options:\n", 1)[1].split("\n\n", 1)[0]
    return set(_OPTION.findall(listed))


def _code(page: Path) -> Iterator[str]:
    for block, span in _CODE.findall(page.read_text("utf-8")):
        yield from block.replace("\\\n", " ").splitlines() if block else [span]


@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_every_command_is_told_of(words: tuple[str, ...]) -> None:
    told = [code.removeprefix("flowlang ") for page in PAGES for code in _code(page)]
    assert any(f"{code} ".startswith((f"{' '.join(words)} ", f"{words[-1]} ")) for code in told)


@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_every_option_is_told_of(options: dict[tuple[str, ...], set[str]], words: tuple[str, ...]) -> None:
    told = {option for page in PAGES for code in _code(page) for option in _OPTION.findall(code)}
    assert options[words] - told == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_tells_of_no_option_that_there_is_not(page: Path, options: dict[tuple[str, ...], set[str]]) -> None:
    told = {option for code in _code(page) for option in _OPTION.findall(code)}
    assert told - set().union(*options.values()) - OTHERS == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_that_is_shown_takes_the_options_it_is_shown_with(
    page: Path, options: dict[tuple[str, ...], set[str]]
) -> None:
    for code in _code(page):
        call = _CALL.fullmatch(code.split(" | ")[0].split(" # ")[0].strip())
        if call is not None:
            allowed = set().union(*(options[words] for words in _meant(call[1], call[2].split())))
            assert set(_OPTION.findall(call[2])) <= allowed | set(cli.ALIASES), code


def _meant(program: str, words: Sequence[str]) -> list[tuple[str, ...]]:
    """The commands that a call may be of: several for `flowlang runs …`."""
    if program == "flowlang-tui":
        return [(), ("run",)] if "--run" in words else [()]
    known = list(commands())
    name = cli.ALIASES.get(words[0], words[0]) if words else "…"
    exact = [command for command in known if command == (name, *words[1 : len(command)])]
    found = exact or [command for command in known if command[0] == name and words[1:2] in ([], ["…"])]
    assert found or name == "…", f"there is no command {words}"
    return found
