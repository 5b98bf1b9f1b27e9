"""Searching in the lines of a text. Matches don't go over lines."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from flowlang_tui.widgets.code_editor import regex_process
from flowlang_tui.widgets.code_editor.buffer import Match

#: So many matches are found at most.
MAX_MATCHES: Final = 10_000

#: A regular expression may take so many seconds.
TIME_LIMIT: Final = 2.0

#: So many lines are searched before others get a turn.
_AT_ONCE: Final = 2000


class Query(NamedTuple):
    """What is searched for, and what it would be replaced with."""

    text: str
    regex: bool = False
    case: bool = False
    word: bool = False
    replacement: str = ""


class Found(NamedTuple):
    """The matches, each with its replacement; or why there can't be any."""

    matches: list[Match]
    replacements: list[str]
    error: str = ""


async def find(lines: Sequence[str], query: Query) -> Found:
    """Every match in the lines, up to `MAX_MATCHES`. A bad or endless pattern is an error in the result."""
    if not query.text:
        return Found([], [])
    if query.regex:
        return await _find_pattern(lines, query)
    return await _find_text(lines, query)


async def _find_text(lines: Sequence[str], query: Query) -> Found:
    word = re.escape(query.text)
    if query.word:
        word = rf"(?<!\w){word}(?!\w)"
    pattern = re.compile(word, 0 if query.case else re.IGNORECASE)
    matches: list[Match] = []
    for row, line in enumerate(lines):
        matches += [Match(row, *found.span()) for found in pattern.finditer(line)]
        if len(matches) > MAX_MATCHES:
            break
        if row % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    del matches[MAX_MATCHES:]
    return Found(matches, [query.replacement] * len(matches))


async def _find_pattern(lines: Sequence[str], query: Query) -> Found:
    asked = {
        "pattern": rf"\b(?:{query.text})\b" if query.word else query.text,
        "case": query.case,
        "replacement": query.replacement,
        "limit": MAX_MATCHES,
        "lines": list(lines),
    }
    try:
        answer = await _ask(json.dumps(asked).encode())
    except TimeoutError:
        return Found([], [], f"the pattern takes longer than {TIME_LIMIT:g} s; make it simpler")
    if "error" in answer:
        return Found([], [], f"not a valid pattern: {answer['error']}")
    return Found(
        [Match(row, start, end) for row, start, end, _ in answer["matches"]],
        [replacement for *_, replacement in answer["matches"]],
    )


async def _ask(asked: bytes) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(Path(regex_process.__file__)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIME_LIMIT):
            answer, _ = await process.communicate(asked)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: dict[str, Any] = json.loads(answer)
    return found
