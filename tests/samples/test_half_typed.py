"""A flow is half-typed most of the time that somebody spends on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang import check
from flowlang.language.diagnostics import Diagnostic
from flowlang.tasks.loader import load_registry

ROOT = Path(__file__).parents[2]
FLOWS = sorted(
    path for path in ROOT.glob("sample_projects/**/*.yaml") if "flow:" in path.read_text(encoding="utf-8")[:2000]
)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: str(path.relative_to(ROOT / "sample_projects")))
def test_every_prefix_of_a_sample_gives_diagnostics_and_nothing_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tasks = load_registry(path.parent / "flow.py")
    broken = 0
    for end in range(len(text)):
        problems = check(text[:end] + "\n", tasks, folder=path.parent)
        assert all(isinstance(problem, Diagnostic) for problem in problems)
        broken += any(problem.severity == "error" for problem in problems)
    assert broken > len(text) // 4
