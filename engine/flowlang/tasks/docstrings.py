"""Reads docstrings in Google's style: what a task is for, its arguments, the keys of its result, an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import dedent
from typing import Final, NamedTuple

_HEADER: Final = re.compile(r"([A-Z][A-Za-z]*(?: [A-Za-z]+)?):\s*$")
_ARGUMENT: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\(.*?\))?\s*:\s*(.*)")
_KEY: Final = re.compile(r"(?:[-*]\s+)?(['\"`]?)([A-Za-z_]\w*)\1\s*(?:\([^)]*\))?\s*:\s+(\S.*)")
_QUOTED: Final = re.compile(r"(['\"`])([A-Za-z_]\w*)\1")
_MAP_WITH: Final = re.compile(
    r"(?:an? )?(?:dict(?:ionary)?|map(?:ping)?|object)\s+with\s+(?:the\s+)?(?:keys?\s+)?"
    r"(?P<keys>(?:['\"`]\w+['\"`](?:\s*,\s*and\s+|\s*,\s*|\s+and\s+)?)+)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_A_KEY: Final = frozenset(
    {"any", "array", "bool", "boolean", "bytes", "dict", "float", "int", "integer", "list", "map", "mapping"}
    | {"none", "null", "number", "object", "optional", "str", "string", "tuple", "returns", "note"}
)


class Docstring(NamedTuple):
    """What a docstring tells. `results` are the keys of the result, None unless it names them all."""

    summary: str = ""
    arguments: Mapping[str, str] = {}
    results: Mapping[str, str] | None = None
    example: str = ""


def read_docstring(text: str) -> Docstring:
    """Read a docstring that has been dedented, as `inspect.getdoc` gives it."""
    if not text:
        return Docstring()
    lead, sections = _split(text)
    return Docstring(
        " ".join(lead.split("\n\n", 1)[0].split()),
        _arguments(sections.get("Args") or sections.get("Arguments") or ""),
        _results(sections.get("Returns", "")),
        sections.get("Example YAML", ""),
    )


def _split(text: str) -> tuple[str, dict[str, str]]:
    """The text before the first section, and the dedented body of each section by its title."""
    lead: list[str] = []
    sections: dict[str, list[str]] = {}
    lines = lead
    for line in text.expandtabs().splitlines():
        header = _HEADER.match(line)
        if header is not None:
            lines = sections.setdefault(header[1], [])
        elif sections and line and not line[0].isspace():
            lines = []
        else:
            lines.append(line)
    bodies = {title: dedent("\n".join(body)).strip("\n") for title, body in sections.items()}
    return "\n".join(lead).strip(), bodies


def _entries(text: str) -> list[str]:
    """The entries of a section: a line at its margin each, with the deeper lines below joined to it."""
    entries: list[str] = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            entries.append(line.strip())
        elif entries and line.strip():
            entries[-1] += " " + line.strip()
    return entries


def _arguments(text: str) -> dict[str, str]:
    matches = (_ARGUMENT.fullmatch(entry) for entry in _entries(text))
    return {match[1]: match[2].strip() for match in matches if match is not None}


def _results(text: str) -> dict[str, str] | None:
    if not text:
        return None
    return _listed_keys(text) or _keys_in_a_sentence(" ".join(text.split()))


def _listed_keys(text: str) -> dict[str, str] | None:
    """The keys of a list of `key: what it is`, with or without a sentence that ends in a colon before it."""
    first, _, rest = text.partition("\n")
    if first.rstrip().endswith(":") and rest.strip():
        text = dedent(rest)
    matches = [_KEY.fullmatch(entry) for entry in _entries(text)]
    keys = {match[2]: match[3].strip() for match in matches if match is not None}
    if not keys or None in matches or any(key.lower() in _NOT_A_KEY for key in keys):
        return None
    return keys


def _keys_in_a_sentence(text: str) -> dict[str, str] | None:
    """The keys that "Dict with 'a' and 'b' …" names; None if the rest quotes more words, which might be keys too."""
    match = _MAP_WITH.match(text)
    if match is None or _QUOTED.search(match["rest"]):
        return None
    keys = [key for _, key in _QUOTED.findall(match["keys"])]
    rest = match["rest"].strip(" .:")
    return dict.fromkeys(keys, rest if len(keys) == 1 else "")
