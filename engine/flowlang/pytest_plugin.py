"""Lets pytest collect `*.test.yaml` files: each case is a test of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flowlang.testing.cases import Case
    from flowlang.testing.suites import CaseResult

_runner = pytest.StashKey[Any]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect test files of flows."""
    if file_path.name.endswith((".test.yaml", ".test.yml")):
        collected: FlowTestFile = FlowTestFile.from_parent(parent, path=file_path)
        return collected
    return None


class FlowTestFile(pytest.File):
    """A test file with its cases."""

    def collect(self) -> Iterator[pytest.Item]:
        from flowlang.errors import FlowLangError
        from flowlang.testing.cases import read_cases

        try:
            cases = read_cases(self.path)
        except FlowLangError as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            yield FlowCase.from_parent(self, name=case.name, case=case)


class FlowCase(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case

    def runtest(self) -> None:
        from flowlang.testing.suites import CaseRunner

        if self.case.skip is not None:
            pytest.skip(self.case.skip)
        runner = self.config.stash.setdefault(_runner, CaseRunner())
        result = runner.run(self.case)
        if result.outcome == "failed":
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was not as expected, without a traceback."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, max(0, self.case.at.line - 1), self.name


class CaseFailed(Exception):
    """A case that did not end as it expects."""

    def __init__(self, result: CaseResult) -> None:
        file = result.case.file
        lines = [f"{file}:{failure.line}: {failure}" for failure in result.failures]
        if result.error is not None:
            lines.append(f"{type(result.error).__name__}: {result.error}")
        elif result.run is not None and result.run.result.error is not None:
            from flowlang.cli.failure import failure_text
            from flowlang.cli.terminal import Palette

            lines += ["", failure_text(result.run.result.to_dict()["error"], Palette(None))]
        super().__init__("\n".join(lines))
