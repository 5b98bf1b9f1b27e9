"""What a flow's folder needs around the flow: tasks, tests, a server, and how to begin. Nothing is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from difflib import unified_diff
from io import BytesIO
from pathlib import Path
from shlex import quote
from tokenize import detect_encoding
from typing import Any, Final, Literal

from flowlang.connections.discovery import BUILTINS
from flowlang.errors import FlowLangError
from flowlang.language.vocabulary import INPUT_TYPES
from flowlang.project import TASKS_FILE
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.files import template_files
from flowlang.scaffold.registered import Written, written_in
from flowlang.scaffold.stubs import task_stub
from flowlang.scaffold.wanted import Wanted, wanted_by
from flowlang.tasks.loader import load_registry
from flowlang.values import to_json

Mode = Literal["scaffold", "update", "auto"]

#: Connection types that need nothing to be installed.
_IN_THE_BOX: Final = frozenset({"sqlite"})
#: Files that can be run.
_PROGRAMS: Final = frozenset({"tools/start_server.sh"})


@dataclass(slots=True)
class Scaffold:
    """What is to be written, by path below `folder`, and what was found.

    `kept` are files that are there already; `added` and `vanished` are tasks that the tasks file lacked, and that no
    flow calls any more; `implemented` of all `tasks` are written. `encoding` is that of the tasks file.
    """

    folder: Path
    flow: str
    files: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    implemented: int = 0
    encoding: str = "utf-8"

    def diff(self) -> str:
        """What would change, as a unified diff."""
        lines: list[str] = []
        for name, text in self.files.items():
            path = self.folder / name
            before = (_read(path) or ("", ""))[0]
            old = f"a/{name}" if path.exists() else "/dev/null"
            lines += unified_diff(before.splitlines(True), text.splitlines(True), old, f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Write the files; each appears, or changes, at once. Raises ScaffoldError for one that cannot be written."""
        for name, text in self.files.items():
            # a link stays one: what it leads to is changed
            path = Path(os.path.realpath(self.folder / name))
            encoding = self.encoding if name == TASKS_FILE else "utf-8"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = path.with_name(f".{path.name}.new")
                draft.write_bytes(text.encode(encoding))
                if path.exists():
                    draft.chmod(path.stat().st_mode)
                elif name in _PROGRAMS:
                    draft.chmod(0o755)
                os.replace(draft, path)
            except UnicodeEncodeError as error:
                raise ScaffoldError(
                    f"{path} is {encoding}, which has no {text[error.start]!r}", hint="Save it as UTF-8 first."
                ) from error
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
    text, made.encoding = _read(tasks_file) or (None, made.encoding)
    if mode == "auto":
        mode = "scaffold" if text is None else "update"
    if mode == "update" and text is None:
        raise ScaffoldError(f"there is no {tasks_file}", hint="`scaffold` makes one.")
    known = _written(text or "", tasks_file)
    if text is None or mode == "update":
        _add_tasks(made, wanted, text, known)
    else:
        made.kept.append(TASKS_FILE)
    _count(made, wanted, known)
    if mode == "scaffold":
        for name, content in _surroundings(wanted, Path(flow), home).items():
            if (home / name).exists():
                made.kept.append(name)
            else:
                made.files[name] = content
    return made


def _read(path: Path) -> tuple[str, str] | None:
    """A file's text with its line ends as they are, and its encoding as it says; None for a file that isn't there."""
    try:
        content = path.read_bytes()
        encoding = "utf-8" if path.suffix != ".py" else detect_encoding(BytesIO(content).readline)[0]
        # the mark at the beginning is a part of the text
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        return content.decode(encoding), encoding
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise ScaffoldError(f"{path} cannot be read: {error}") from error


def _add_tasks(made: Scaffold, wanted: Wanted, text: str | None, known: Written) -> None:
    before = text
    for task in wanted.tasks.values():
        if task.name not in known.tasks:
            text = task_stub(text, task.name, task.arguments, task.results)
            made.added.append(task.name)
    if text is not None and text != before:
        made.files[TASKS_FILE] = text


def _count(made: Scaffold, wanted: Wanted, written: Written) -> None:
    made.tasks = list(wanted.tasks)
    made.implemented = sum(name in written.tasks and name not in written.stubs for name in made.tasks)
    made.vanished = [name for name in written.tasks if name not in wanted.tasks]


def _written(text: str, path: Path) -> Written:
    """The tasks that a tasks file has; the file is loaded only if its text doesn't tell them all."""
    try:
        written = written_in(text)
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ScaffoldError(f"{path}{line}: {said}", hint="Correct the file first.") from error
    return written if written.unclear is None else _loaded(path, written.unclear)


def _loaded(path: Path, unclear: int) -> Written:
    try:
        registry = load_registry(path)
    except FlowLangError as error:
        raise ScaffoldError(
            f"{path}:{unclear}: which task this is can only be told by loading the file, and that fails: {error}"
        ) from error
    tasks = {name: registry.get(name) for name in registry.names()}
    stubs = frozenset(name for name, task in tasks.items() if task is not None and task.stub)
    return Written(dict.fromkeys(tasks, unclear), stubs)


def _surroundings(wanted: Wanted, flow: Path, home: Path) -> dict[str, str]:
    """The files around flow and tasks, filled in."""
    drivers = sorted(name for name, one in BUILTINS.items() if {name, *one.aliases} & {*wanted.connection_types})
    relative = os.path.relpath(flow.absolute(), home)
    examples = _example_inputs(wanted)
    filled = {
        "FLOW_NAME": wanted.flow.name,
        "FLOW_FILE": relative,
        "FLOW_PATH": ", ".join(repr(part) for part in Path(relative).parts),
        "DESCRIPTION": wanted.flow.description or "What it does.",
        "EXTRAS": ",".join(["server", *(name for name in drivers if name not in _IN_THE_BOX)]),
        "TASKS": "\n".join(f"- `{name}`" for name in wanted.tasks) or "None: the flow calls tasks of plugins only.",
        "INPUTS": _inputs_table(wanted),
        "EXAMPLE": to_json(examples),
        "OPTIONS": "".join(f" --input {_option(name, value)}" for name, value in examples.items()),
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


def _option(name: str, value: Any) -> str:
    """An input as it is given on the command line."""
    return quote(f"{name}={value if isinstance(value, str) else to_json(value)}")


def _example_inputs(wanted: Wanted) -> dict[str, Any]:
    """Something for each input that a run needs."""
    examples = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "array": []}
    needed = [one for one in wanted.flow.inputs or () if one.required and not one.has_default]
    return {one.name: one.enum[0] if one.enum else examples[INPUT_TYPES[one.type or "string"]] for one in needed}
