"""`flowlang test`: runs the test files of a project."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from flowlang.cli.arguments import Parser
from flowlang.cli.failure import failure_text, shown_path
from flowlang.cli.junit import document, element, testcase
from flowlang.cli.problems import as_text, problems_of
from flowlang.cli.readable import duration
from flowlang.cli.target import UsageError, results_apart, write_result
from flowlang.cli.terminal import Palette, inert, one_line
from flowlang.errors import FlowLangError
from flowlang.project import Project
from flowlang.testing.cases import ENDINGS, Case, is_test_file, read_cases
from flowlang.testing.coverage import Coverage, by_file
from flowlang.testing.suites import CaseResult, CaseRunner, find_test_files
from flowlang.values import to_json

_SIGNS = {"passed": "✓", "failed": "✗", "skipped": "–"}


def main(arguments: Sequence[str]) -> int:
    """Run the test files that `arguments` name. Exit code 0: all passed, 1: some failed, 2: a file is invalid."""
    options = _parser().parse_args(arguments)
    if options.from_run is not None:
        return _write_test(options)
    for path in options.paths:
        _check_path(path)
    files = find_test_files(options.paths)
    if not files:
        where = ", ".join(options.paths)
        raise UsageError(f"no test file (*{ENDINGS[0]}) is in {where}", hint="`flowlang test --help` shows one")
    return _Session(options).perform(files)


def _check_path(path: str) -> None:
    """Refuse a file that is no test file: mostly a flow, whose tests are meant."""
    if not os.path.exists(path):
        raise UsageError(f"there is no file or folder {path}")
    if os.path.isfile(path) and not is_test_file(path):
        raise UsageError(
            f"{path} is no test file, whose name ends with {ENDINGS[0]}",
            hint=f"`flowlang test {os.path.dirname(path) or os.curdir}` runs those that are there",
        )


class _Session:
    """One call of the command."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._palette = Palette(sys.stdout)
        self._coverage = Coverage()
        self._results: list[CaseResult] = []
        self._broken: list[tuple[Path, FlowLangError]] = []
        self._began = time.time()
        self._spoken = not options.json

    def perform(self, files: Iterable[Path]) -> int:
        """Run the cases of all files, report, and give back the exit code."""
        runner = CaseRunner(record=self._options.record)
        for file in files:
            try:
                cases = [case for case in read_cases(file) if self._is_chosen(case)]
            except FlowLangError as error:
                self._broken.append((file, error))
                self._say(f"{shown_path(str(file.absolute()))}\n{self._refusal(error)}\n")
                continue
            if cases:
                self._say(self._palette.strong(shown_path(str(file.absolute()))))
                for case in cases:
                    self._run(runner, case)
        if not self._results and not self._broken:
            raise UsageError(
                f"no case, and no test file, has {self._options.k!r} in its name",
                hint="-k takes a text that is looked for, whatever the case of its letters",
            )
        self._report()
        return 2 if self._broken else int(any(one.outcome == "failed" for one in self._results))

    def _is_chosen(self, case: Case) -> bool:
        wanted: str | None = self._options.k
        return wanted is None or wanted.casefold() in f"{case.file.name} {case.name}".casefold()

    def _run(self, runner: CaseRunner, case: Case) -> None:
        with results_apart():
            result = runner.run(case)
        self._results.append(result)
        if result.run is not None and self._options.coverage:
            self._coverage.add(result.run)
        paint = {"passed": self._palette.good, "failed": self._palette.bad, "skipped": self._palette.faint}
        took = "" if result.outcome == "skipped" else self._palette.faint(f"  {duration(result.ms)}")
        why = f": {one_line(case.skip)}" if case.skip else ""
        self._say(f"  {paint[result.outcome](_SIGNS[result.outcome])} {one_line(case.name)}{why}{took}")
        for line in self._told(result):
            self._say(f"    {line}")

    def _told(self, result: CaseResult) -> list[str]:
        """What is wrong with a case, in lines."""
        file = shown_path(str(result.case.file.absolute()))
        lines = [f"{self._palette.faint(f'{file}:{failure.line}:')} {inert(failure)}" for failure in result.failures]
        if result.error is not None:
            lines += self._refusal(result.error).split("\n")
        elif result.failures and result.run is not None and result.run.result.error is not None:
            lines += failure_text(result.run.result.to_dict()["error"], self._palette).split("\n")
        return lines

    def _refusal(self, error: FlowLangError) -> str:
        problems = problems_of(error)
        if problems:
            return as_text(problems, self._palette)
        hint = f"\n{inert(error.hint)}" if error.hint else ""
        return f"{self._palette.bad(type(error).__name__)}: {inert(str(error))}{hint}"

    def _report(self) -> None:
        ms = (time.time() - self._began) * 1000
        if self._options.junit:
            write_result(self._options.junit, self._junit(ms))
        if self._options.json:
            write_result(None, to_json(self._data(ms), indent=2) + "\n")
            return
        if self._options.coverage:
            self._say("\n".join(["", *self._coverage_lines()]))
        self._say(f"\n{self._counts()} in {duration(ms)}")

    def _counts(self) -> str:
        counts = []
        for outcome, paint in (
            ("passed", self._palette.good),
            ("failed", self._palette.bad),
            ("skipped", self._palette.faint),
        ):
            number = sum(result.outcome == outcome for result in self._results)
            if number:
                counts.append(paint(f"{number} {outcome}"))
        if self._broken:
            counts.append(self._palette.bad(f"{len(self._broken)} invalid"))
        return ", ".join(counts)

    def _coverage_lines(self) -> list[str]:
        lines = [self._palette.strong("coverage of steps and branches")]
        for name, flow in by_file(self._coverage, Path.cwd()).items():
            lines.append(f"  {flow.percent:3.0f} %  {one_line(name)}")
            missed = [(line, step) for step, line in flow.missed_steps]
            missed += [(line, f"{step}: {branch}") for step, line, branch in flow.missed_branches]
            lines += [self._palette.faint(f"         line {line}: {one_line(what)}") for line, what in sorted(missed)]
        return [*lines, f"  {self._coverage.percent:3.0f} %  in all" if self._coverage.flows else "  no flow was run"]

    def _junit(self, ms: float) -> str:
        cases = []
        for result in self._results:
            verdict, body = "", []
            if result.outcome == "skipped":
                verdict, body = "skipped", [element("skipped", message=result.case.skip or "")]
            elif result.error is not None:
                text = str(result.error)
                verdict, body = "errors", [element("error", text, type=type(result.error).__name__, message=text)]
            elif result.failures:
                verdict, body = "failures", [element("failure", "\n".join(result.failures), message=result.failures[0])]
            cases.append(
                (testcase(shown_path(str(result.case.file.absolute())), result.case.name, result.ms, body), verdict)
            )
        for file, error in self._broken:
            body = [element("error", str(error), type=type(error).__name__, message=str(error))]
            cases.append((testcase(shown_path(str(file.absolute())), file.name, 0.0, body), "errors"))
        return document("flowlang test", cases, ms, self._began)

    def _data(self, ms: float) -> dict[str, object]:
        data: dict[str, object] = {
            "cases": [
                {
                    "file": str(result.case.file),
                    "line": result.case.at.line,
                    "name": result.case.name,
                    "outcome": result.outcome,
                    "ms": round(result.ms, 3),
                    "failures": [{"line": failure.line, "message": str(failure)} for failure in result.failures],
                    "error": None if result.error is None else str(result.error),
                }
                for result in self._results
            ],
            "invalid": [{"file": str(file), "error": str(error)} for file, error in self._broken],
            "ms": round(ms, 3),
        }
        if self._options.coverage:
            flows = by_file(self._coverage, Path.cwd())
            data["coverage"] = {
                "percent": round(self._coverage.percent, 1) if self._coverage.flows else None,
                "flows": {
                    name: {
                        "percent": round(flow.percent, 1),
                        "missed_steps": [{"line": line, "step": step} for step, line in flow.missed_steps],
                        "missed_branches": [
                            {"line": line, "step": step, "branch": branch}
                            for step, line, branch in flow.missed_branches
                        ],
                    }
                    for name, flow in flows.items()
                },
            }
        return data

    def _say(self, text: str) -> None:
        if self._spoken:
            print(text, flush=True)


_EXAMPLE = """\
flow: ../orders.yaml
tests:
  - name: a new user is looked up
    inputs: {user_id: 1}
    mocks:
      redis_get: {returns: {value: null, exists: false}}
      pg_query: {returns: {rows: [{name: Ada}], count: 1, columns: [name]}}
    expect:
      outputs: {name: Ada}
      calls: {pg_query: 1}"""


def _parser() -> Parser:
    parser = Parser(
        "flowlang test",
        f"Run test files: YAML files called *{ENDINGS[0]} with cases of flows.",
        "flowlang test tests -k cache --coverage",
        more=f"a test file, tests/orders{ENDINGS[0]}:\n{_EXAMPLE}",
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", default=[os.curdir], help="test files, or folders with some (default: here)"
    )
    parser.add_argument("-k", metavar="TEXT", help="only cases that have this text in the name, or their file has")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report too")
    parser.add_argument("--coverage", action="store_true", help="tell which steps and branches of the flows were run")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--record", action="store_true", help="ask real connections, and record the cases' cassettes")
    parser.add_argument("--from-run", metavar="RUN", help="make a test of a recorded run (see `flowlang runs list`)")
    parser.add_argument("--output", "-o", metavar="FILE", help="with --from-run: the test file (default: stdout)")
    parser.add_argument("--mock-all", action="store_true", help="with --from-run: mock the project's own tasks too")
    return parser


def _write_test(options: Namespace) -> int:
    """Make a test file of a recorded run."""
    from flowlang.cli.run_options import Surroundings
    from flowlang.cli.runs.common import found
    from flowlang.journal.homes import journal_of
    from flowlang.testing.recorded import written_test

    project = Project(options.paths[0])
    run = found(journal_of(Path(project.root)), options.from_run)
    if run.summary.path is None:
        raise UsageError("the flow of this run was no file")
    flow = Path(project.root, run.summary.path).absolute()
    target = None if options.output is None else Path(options.output).absolute()
    if target is not None and target.exists():
        raise UsageError(f"{options.output} is there already")
    surroundings = Surroundings(Namespace(env_file=None, env=None), Project(flow).tasks_file)
    folder = Path.cwd() if target is None else target.parent
    plan = surroundings.executor().prepare(flow)
    write_result(options.output, written_test(run, plan, folder, mock_all=options.mock_all))
    return 0
