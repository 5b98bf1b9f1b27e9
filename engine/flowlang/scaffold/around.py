"""What a flow's folder needs around the flow: tasks, tests, a server, and how to begin. Nothing is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Final, Literal

from flowlang.connections.discovery import BUILTINS
from flowlang.project import TASKS_FILE
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.files import template_files
from flowlang.scaffold.stubs import task_stub
from flowlang.scaffold.wanted import Wanted, Written, wanted_by, written_in

Mode = Literal["scaffold", "update", "auto"]

#: Connection types that need nothing to be installed.
_IN_THE_BOX: Final = frozenset({"sqlite"})
#: Files that can be run.
_PROGRAMS: Final = frozenset({"tools/start_server.sh"})


@dataclass(slots=True)
class Scaffold:
    """What is to be written, by path below `folder`, and what was found.

    `kept` are files that are there already; `added` and `vanished` are tasks that the tasks file lacked, and that no
    flow calls any more; `implemented` of all `tasks` are written.
    """

    folder: Path
    flow: str
    files: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    implemented: int = 0

    def diff(self) -> str:
        """What would change, as a unified diff."""
        lines: list[str] = []
        for name, text in self.files.items():
            path = self.folder / name
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            old = f"a/{name}" if path.exists() else "/dev/null"
            lines += unified_diff(before.splitlines(True), text.splitlines(True), old, f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Write the files; each appears, or changes, at once. Raises ScaffoldError for one that cannot be written."""
        for name, text in self.files.items():
            path = self.folder / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = path.with_name(f".{path.name}.new")
                with draft.open("w", encoding="utf-8", newline="") as file:
                    file.write(text)
                if path.exists():
                    draft.chmod(path.stat().st_mode)
                elif name in _PROGRAMS:
                    draft.chmod(0o755)
                os.replace(draft, path)
            except OSError as error:
                raise ScaffoldError(f"{path} cannot be written: {error.strerror}") from error


def scaffold(flow: str | os.PathLike[str], folder: str | os.PathLike[str], mode: Mode = "auto") -> Scaffold:
    """What the folder of a flow lacks.

    `scaffold` adds the files that are missing and leaves the others as they are; `update` adds the tasks that the
    tasks file lacks and touches no other file; `auto` is the latter where there is a tasks file, and otherwise the
    former. Nothing is written: that is `Scaffold.write`. Raises FlowValidationError for a flow with mistakes, and
    ScaffoldError for a tasks file that cannot be read or added to.
    """
    wanted = wanted_by(Path(flow))
    home = Path(os.path.abspath(folder))
    made = Scaffold(home, wanted.flow.name)
    tasks_file = home / TASKS_FILE
    text = _read(tasks_file)
    if mode == "auto":
        mode = "scaffold" if text is None else "update"
    if mode == "update" and text is None:
        raise ScaffoldError(f"there is no {tasks_file}", hint="`scaffold` makes one.")
    if text is None or mode == "update":
        _add_tasks(made, wanted, text)
    else:
        made.kept.append(TASKS_FILE)
    _count(made, wanted, made.files.get(TASKS_FILE, text or ""), tasks_file)
    if mode == "scaffold":
        for name, content in _surroundings(wanted, Path(flow), home).items():
            if (home / name).exists():
                made.kept.append(name)
            else:
                made.files[name] = content
    return made


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ScaffoldError(f"{path} cannot be read: {error}") from error


def _add_tasks(made: Scaffold, wanted: Wanted, text: str | None) -> None:
    known = _written(text or "", made.folder / TASKS_FILE).tasks
    before = text
    for task in wanted.tasks.values():
        if task.name not in known:
            text = task_stub(text, task.name, task.arguments, task.results)
            made.added.append(task.name)
    if text is not None and text != before:
        made.files[TASKS_FILE] = text


def _count(made: Scaffold, wanted: Wanted, text: str, path: Path) -> None:
    written = _written(text, path)
    made.tasks = list(wanted.tasks)
    made.implemented = sum(name in written.tasks and name not in written.stubs for name in made.tasks)
    made.vanished = [name for name in written.tasks if name not in wanted.tasks]


def _written(text: str, path: Path) -> Written:
    try:
        return written_in(text)
    except SyntaxError as error:
        raise ScaffoldError(f"{path}:{error.lineno}: {error.msg}", hint="Correct the file first.") from error


def _surroundings(wanted: Wanted, flow: Path, home: Path) -> dict[str, str]:
    """The files around flow and tasks, filled in."""
    drivers = sorted(name for name, one in BUILTINS.items() if {name, *one.aliases} & {*wanted.connection_types})
    relative = os.path.relpath(flow.absolute(), home)
    filled = {
        "FLOW_NAME": wanted.flow.name,
        "FLOW_FILE": relative,
        "FLOW_PATH": ", ".join(repr(part) for part in Path(relative).parts),
        "DESCRIPTION": wanted.flow.description or "What it does.",
        "EXTRAS": ",".join(["server", *(name for name in drivers if name not in _IN_THE_BOX)]),
        "TASKS": "\n".join(f"- `{name}`" for name in wanted.tasks) or "None: the flow calls tasks of plugins only.",
        "INPUTS": _inputs_table(wanted),
        "EXAMPLE": _example_inputs(wanted),
    }
    files = {}
    for name, text in template_files("around").items():
        for key, value in filled.items():
            text = text.replace(f"@{key}@", value)
        files[name.replace("dot_", ".")] = text
    variables = "".join(f"{name}=\n" for name in wanted.environment)
    files[".env.example"] = variables or "# The flow reads no variables.\n"
    return files


def _inputs_table(wanted: Wanted) -> str:
    rows = ["| input | type | |", "| --- | --- | --- |"]
    for one in wanted.flow.inputs or ():
        need = "" if one.required and not one.has_default else "optional. "
        rows.append(f"| `{one.name}` | {one.type or 'any'} | {need}{one.description or ''} |")
    return "\n".join(rows) if len(rows) > 2 else "None."


def _example_inputs(wanted: Wanted) -> str:
    from flowlang.values import to_json

    examples = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "array": []}
    needed = [one for one in wanted.flow.inputs or () if one.required and not one.has_default]
    return to_json({one.name: examples.get(one.type or "string", "text") for one in needed})
