"""Which of a plugin's required distributions are missing, or too old."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?")
_CLAUSE = re.compile(r"\s*(~=|===?|!=|<=|>=|<|>)\s*([^\s,]+)\s*")
_VERSION = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)"
    r"(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?"
    r"(?:(?:[-_.]?(?:post|rev|r)[-_.]?|-)(\d*))?"
    r"(?:[-_.]?dev[-_.]?(\d*))?(?:\+.*)?$",
    re.IGNORECASE,
)
_STAGES: Final = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_FINAL: Final = 3

Version = tuple[int, tuple[int, ...], tuple[int, int], int, float]


def missing_dependencies(requirements: Iterable[str]) -> list[str]:
    """Those of the requirements (`httpx>=0.24`) that no installed distribution meets, in their order."""
    return [requirement for requirement in requirements if not is_met(requirement)]


def is_met(requirement: str) -> bool:
    """Whether an installed distribution meets a requirement; the version rules are those of PEP 440."""
    parsed = _REQUIREMENT.match(requirement)
    installed = installed_version(requirement)
    if parsed is None or installed is None:
        return False
    return all(_holds(installed, operator, wanted) for operator, wanted in _CLAUSE.findall(parsed[2]))


def is_requirement(text: str) -> bool:
    """Whether a text names a distribution, with or without versions, as `pip install` takes it."""
    parsed = _REQUIREMENT.match(text)
    if parsed is None or not re.fullmatch(r"\s*(?:;.*)?", text[parsed.end() :]):
        return False
    clauses = [clause for clause in parsed[2].split(",") if clause.strip()]
    return all(_CLAUSE.fullmatch(clause) for clause in clauses)


def installed_version(requirement: str) -> str | None:
    """The version of the distribution that a requirement names, None if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    parsed = _REQUIREMENT.match(requirement)
    try:
        return None if parsed is None else version(parsed[1])
    except PackageNotFoundError:
        return None


def parse_version(text: str) -> Version | None:
    """A version as a tuple that compares as versions do (epoch, release, pre-release, post, dev), or None."""
    parsed = _VERSION.match(text.strip())
    if parsed is None:
        return None
    epoch, release, stage, stage_number, post, dev = parsed.groups()
    numbers = tuple(int(part) for part in release.split("."))
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers = numbers[:-1]
    if stage is not None:
        pre = (_STAGES[stage.lower()], int(stage_number or 0))
    else:
        pre = (-1, 0) if dev is not None and post is None else (_FINAL, 0)
    return (
        int(epoch or 0),
        numbers,
        pre,
        -1 if post is None else int(post or 0),
        float("inf") if dev is None else int(dev or 0),
    )


def _holds(installed: str, operator: str, wanted: str) -> bool:
    if operator == "===":
        return installed == wanted
    if wanted.endswith(".*"):
        same = _starts_with(installed, wanted[:-2])
        return same if operator == "==" else not same
    have, want = parse_version(installed), parse_version(wanted)
    if have is None or want is None:
        return False
    if operator == "~=":
        return have >= want and _starts_with(installed, wanted.rsplit(".", 1)[0])
    return {
        "==": have == want,
        "!=": have != want,
        "<=": have <= want,
        ">=": have >= want,
        "<": have < want,
        ">": have > want,
    }[operator]


def _starts_with(installed: str, prefix: str) -> bool:
    have = [int(part) for part in re.findall(r"\d+", installed.split("+")[0])]
    want = [int(part) for part in re.findall(r"\d+", prefix)]
    have += [0] * (len(want) - len(have))
    return have[: len(want)] == want
