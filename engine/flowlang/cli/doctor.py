"""`flowlang doctor`: looks whether everything is there that a project needs, and says what to do about what isn't."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import flowlang
from flowlang.cli.arguments import Parser
from flowlang.cli.target import write_result
from flowlang.cli.terminal import Palette, inert
from flowlang.errors import FlowLangError
from flowlang.project import FlowFile, Project
from flowlang.values import to_json

if TYPE_CHECKING:
    from flowlang.runtime.executor import FlowExecutor

State = Literal["good", "note", "bad"]

#: What is asked about beside the plugins: distributions by the extra that brings them.
_EXTRAS: Final = {"server": ("fastapi", "uvicorn"), "serve": ("textual-serve",)}
_SIGNS: Final[dict[State, str]] = {"good": "✓", "note": "·", "bad": "✗"}


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` is what to do about it."""

    about: str
    state: State
    said: str
    remedy: str | None = None


def main(arguments: Sequence[str]) -> int:
    """Look at everything. Exit code 1 if something is bad."""
    parser = Parser("flowlang doctor", "Look whether everything is there that a project needs.", "flowlang doctor shop")
    parser.add_argument(
        "path", metavar="PROJECT", nargs="?", default=os.curdir, help="a folder or a flow (default: here)"
    )
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    options = parser.parse_args(arguments)
    findings = [*_machine(), *_plugins(Project(options.path)), *_project(Project(options.path))]
    if options.json:
        write_result(None, to_json([finding._asdict() for finding in findings], indent=2) + "\n")
    else:
        palette = Palette(sys.stdout)
        write_result(None, "\n".join(_lines(findings, palette)) + "\n")
    return int(any(finding.state == "bad" for finding in findings))


def _lines(findings: Sequence[Finding], palette: Palette) -> Iterator[str]:
    paint = {"good": palette.good, "note": palette.faint, "bad": palette.bad}
    room = max(len(finding.about) for finding in findings)
    for finding in findings:
        yield f"{paint[finding.state](_SIGNS[finding.state])} {finding.about:{room}}  {inert(finding.said)}"
        if finding.remedy is not None:
            yield f"  {' ' * room}  {palette.faint(inert(finding.remedy))}"


def _machine() -> Iterator[Finding]:
    yield Finding("flowlang", "good", f"{flowlang.__version__} in {Path(flowlang.__file__).parent}")
    yield Finding("Python", "good", f"{sys.version.split()[0]}, {sys.executable}")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield Finding("terminal", "good", f"{os.environ.get('TERM', 'none')}, UTF-8")
    else:
        remedy = "set LANG=C.UTF-8, or PYTHONUTF8=1"
        yield Finding(
            "terminal", "bad", f"its encoding is {sys.stdout.encoding}, so not every sign can be shown", remedy
        )
    for extra, distributions in _EXTRAS.items():
        missing = [name for name in distributions if _version(name) is None]
        if missing:
            said = f"not installed: {', '.join(missing)}"
            yield Finding(extra, "note", said, f"if it is wanted: pip install 'flowlang-tui[{extra}]'")
        else:
            yield Finding(extra, "good", ", ".join(f"{name} {_version(name)}" for name in distributions))


def _plugins(project: Project) -> Iterator[Finding]:
    from flowlang.connections.discovery import Plugins

    for entry in Plugins(Path(project.root)).all():
        if entry.error is not None:
            yield Finding(f"plugin {entry.name}", "bad", entry.error, f"it is at {entry.place}")
            continue
        assert entry.plugin is not None, "an entry has a plugin or an error"
        installed, missing = entry.plugin().check_dependencies()
        if installed:
            yield Finding(f"plugin {entry.name}", "good", entry.source)
        else:
            remedy = f"if it is wanted: flowlang connection install {entry.name}"
            yield Finding(f"plugin {entry.name}", "note", f"needs {', '.join(missing)}", remedy)


def _project(project: Project) -> Iterator[Finding]:
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.prepare import Preparer
    from flowlang.tasks.loader import TaskModules
    from flowlang.tasks.registry import TaskRegistry

    yield Finding("project", "good", os.path.abspath(project.root))
    yield from _settings(project)
    executors: dict[str, FlowExecutor | None] = {}
    for flow in project.flows:
        folder = os.path.dirname(os.path.abspath(flow.path))
        if folder not in executors:
            tasks_file = Project(folder).tasks_file
            try:
                registry = TaskRegistry() if tasks_file is None else TaskModules(Path(tasks_file)).load().registry
                executors[folder] = FlowExecutor(registry)
                if tasks_file is not None:
                    stubs = [name for name in registry if (task := registry.get(name)) is not None and task.stub]
                    said = f"{len(registry)} tasks" + (f", {len(stubs)} of them not written" if stubs else "")
                    yield Finding(_short(tasks_file, project), "note" if stubs else "good", said)
            except FlowLangError as error:
                executors[folder] = None
                yield Finding(_short(str(tasks_file), project), "bad", str(error), error.hint)
        executor = executors[folder]
        preparer = Preparer(TaskRegistry(), tasks_known=False) if executor is None else executor.preparer
        problems = preparer.load(Path(flow.path), Path(folder)).problems
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            remedy = f"flowlang check {flow.path}"
            yield Finding(_short(flow.path, project), "bad", f"{errors[0].line}: {errors[0].sentence}", remedy)
        else:
            lacking = [] if executor is None else _variables(executor, flow)
            remedy = f"set it, or write it into {os.path.join(folder, '.env')}"
            said = f"a run needs {', '.join(lacking)} in the environment" if lacking else flow.name
            name = _short(flow.path, project)
            yield Finding(name, "note", said, remedy) if lacking else Finding(name, "good", said)
    yield from _dotenv(project)
    yield from _secrets(project)


def _variables(executor: FlowExecutor, flow: FlowFile) -> list[str]:
    """The variables that a flow without mistakes reads, without a default, and that nobody has set."""
    plans = executor.prepare(Path(flow.path)).with_subplans()
    reads = ((read.name, executor.environment(plan)) for plan in plans for read in plan.environment)
    return list(dict.fromkeys(name for name, environment in reads if name not in environment))


def _settings(project: Project) -> Iterator[Finding]:
    from flowlang.journal.settings import FILE, read_settings

    try:
        read_settings(Path(project.root))
    except FlowLangError as error:
        yield Finding(FILE, "bad", str(error), error.hint)


def _dotenv(project: Project) -> Iterator[Finding]:
    from flowlang.dotenv import read_file

    for folder in dict.fromkeys([project.root, *(os.path.dirname(os.path.abspath(one.path)) for one in project.flows)]):
        path = os.path.join(folder, ".env")
        for problem in read_file(path).problems:
            yield Finding(_short(path, project), "bad", problem)


def _secrets(project: Project) -> Iterator[Finding]:
    for name in (".env", os.path.join(".flowlang", "connections.enc")):
        path = Path(project.root, name)
        if path.exists() and os.name == "posix" and path.stat().st_mode & 0o077:
            yield Finding(name, "note", "others on this machine can read it", f"chmod 600 {path}")


def _short(path: str, project: Project) -> str:
    return os.path.relpath(path, project.root)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
