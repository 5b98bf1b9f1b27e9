"""Finds a regular expression in lines, in a process of its own: a pattern that takes for ever can only be ended there.

Reads a JSON object from standard input and writes one to standard output; imports nothing of the application.
"""

import json
import re
import sys


def search(asked: dict) -> dict:  # type: ignore[type-arg]
    """Where the pattern matches; each match is its row, start, end and what it would be replaced with."""
    try:
        pattern = re.compile(asked["pattern"], 0 if asked["case"] else re.IGNORECASE)
        matches: list[tuple[int, int, int, str]] = []
        for row, line in enumerate(asked["lines"]):
            for found in pattern.finditer(line):
                if found.end() > found.start():
                    matches.append((row, found.start(), found.end(), found.expand(asked["replacement"])))
            if len(matches) > asked["limit"]:
                break
    except (re.error, RecursionError, OverflowError, IndexError) as error:
        return {"error": str(error) or "the pattern is too deep"}
    return {"matches": matches[: asked["limit"]]}


if __name__ == "__main__":
    json.dump(search(json.load(sys.stdin)), sys.stdout)
