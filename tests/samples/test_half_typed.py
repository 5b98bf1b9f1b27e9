"""A flow is half-typed most of the time that somebody spends on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang import TaskRegistry, check
from flowlang.language.diagnostics import Diagnostic
from flowlang.tasks.loader import load_registry

ROOT = Path(__file__).parents[2]
FLOWS = sorted(
    path for path in ROOT.glob("sample_projects/**/*.yaml") if "flow:" in path.read_text(encoding="utf-8")[:2000]
)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: str(path.relative_to(ROOT / "sample_projects")))
def test_a_prefix_of_a_sample_gives_diagnostics_and_nothing_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # no step divides the length of a line's beginning: over several lines every place of a line is come to
    ends = range(0, len(text), 5 if path.parent.name == "quickstart" else 11)
    own = path.with_name("flow.py")
    tasks = load_registry(own) if own.exists() else TaskRegistry()
    broken = 0
    for end in ends:
        problems = check(text[:end] + "\n", tasks, folder=path.parent)
        assert all(isinstance(problem, Diagnostic) for problem in problems)
        broken += any(problem.severity == "error" for problem in problems)
    assert broken > len(ends) // 4
