"""Adds a task to a project's Python file: a function to be written, registered under its name.

The file is changed at places that its syntax tree tells; every other byte stays as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from textwrap import indent
from typing import Any, Final, NamedTuple

from flowlang.language.edit import Splice, spliced
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.lines import Lines
from flowlang.scaffold.naming import snake_case
from flowlang.scaffold.registered import written_in
from flowlang.tasks.loader import FACTORY
from flowlang.tasks.signatures import INJECTED

_IMPORTS: Final = (ast.Import, ast.ImportFrom)
_NEW_FILE: Final = '''"""The tasks of this project."""

from __future__ import annotations

from typing import Any

from flowlang import TaskNotImplementedError, TaskRegistry

'''
_FACTORY: Final = f'''
def {FACTORY}() -> TaskRegistry:
    """Every task of the project, by the name that flows use."""
    registry = TaskRegistry()

%s
    return registry
'''


def task_stub(
    tasks_file_text: str | None, name: str, arguments: Mapping[str, Any] | None = None, results: Iterable[str] = ()
) -> str:
    """The text of a tasks file with one more task in it, whose body is still to be written.

    `arguments` has an example or a type for each argument, None where nothing is known; `results` are the keys that
    its result is to have. Without a text the file is made. Until its body is written, the task is a stub: flows that
    call it can be checked, and a run says what to write. Raises ScaffoldError for a file that cannot be read, has a
    task of that name, or makes its registry in a way that nothing can be added to.
    """
    if not name or name != name.strip() or not name.isprintable():
        raise ScaffoldError(f"`{name}` cannot be the name of a task", hint="Give it a name without spaces around it.")
    text = tasks_file_text or ""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    stub = _Stub(name, dict(arguments or {}), list(results))
    body = text[len(mark) :]
    if not body.strip():
        return text + _NEW_FILE + _FACTORY % indent(stub.written("registry"), "    ")
    return mark + _TasksFile(body).with_stub(stub)


#: A position in the text, and what is written there.
_Addition = tuple[int, str]


class _Stub(NamedTuple):
    """The task to add."""

    name: str
    arguments: dict[str, Any]
    results: Sequence[str]

    def written(self, registry: str, taken: Iterable[str] = ()) -> str:
        """The function, as it stands at the margin, registered at a variable."""
        own = [name for name in self.arguments if name.isidentifier() and not iskeyword(name)]
        parameters = [f"{name}: {_annotation(self.arguments[name], name)}" for name in own]
        if len(own) < len(self.arguments):
            parameters.append("**arguments: Any")
        function = _function_name(self.name)
        while function in taken:
            function += "_"
        described = [name for name in own if name not in INJECTED]
        docstring = [f'"""Describe what {_in_docstring(self.name)} does.']
        if described:
            docstring += ["", "Args:", *(f"    {name}: Describe it." for name in described)]
        if self.results:
            keys = [f"'{_in_docstring(key)}'" for key in self.results]
            docstring += ["", "Returns:", f"    Dict with {_listed(keys)}"]
        if len(docstring) == 1:
            docstring[0] += '"""'
        else:
            docstring.append('"""')
        message = f"the task {self.name} is not written yet"
        lines = [
            f"@{registry}.stub({_quoted(self.name)})",
            f"async def {function}({', '.join(parameters)}) -> dict[str, Any]:",
            *(f"    {line}".rstrip() for line in docstring),
            f"    raise TaskNotImplementedError({_quoted(message)})",
        ]
        return "\n".join(lines) + "\n"


class _TasksFile:
    """A tasks file, and where something can be added to it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        try:
            self._tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line} of the tasks file: " if line else "the tasks file: "
            raise ScaffoldError(f"{where}{getattr(error, 'msg', error)}", hint="Correct the file first.") from error

    def with_stub(self, stub: _Stub) -> str:
        """The text with one more task."""
        known = written_in(self._text).tasks
        if stub.name in known:
            raise ScaffoldError(
                f"the tasks file has a task `{stub.name}` already, in line {known[stub.name]}", hint="Open it there."
            )
        functions = (node for node in self._tree.body if isinstance(node, ast.FunctionDef))
        factory = next((node for node in functions if node.name == FACTORY), None)
        if factory is not None:
            return self._with([*self._imports("TaskNotImplementedError"), self._in_factory(factory, stub)])
        self._refuse_other_factory()
        gap = "\n" if self._lines.is_ended_at(len(self._text)) else "\n\n"
        written = f"{gap}{_FACTORY % indent(stub.written('registry'), '    ')}"
        return self._with([*self._imports("TaskNotImplementedError", "TaskRegistry"), (len(self._text), written)])

    def _with(self, additions: Iterable[_Addition]) -> str:
        """The text with all of these; what is added at one place stands there in their order."""
        at: dict[int, str] = {}
        for position, written in additions:
            before = at.get(position, "")
            at[position] = before + (written.removeprefix("\n") if before.endswith("\n\n") else written)
        newline = self._lines.newline
        return spliced(self._text, [Splice(start, start, text.replace("\n", newline)) for start, text in at.items()])

    def _refuse_other_factory(self) -> None:
        """Refuse a file whose registry comes from somewhere else: a second factory would hide it."""
        for node in ast.walk(self._tree):
            line = getattr(node, "lineno", 1)
            names = [alias.asname or alias.name for alias in node.names] if isinstance(node, _IMPORTS) else []
            if FACTORY in (getattr(node, "name", None), getattr(node, "id", None), *names):
                raise ScaffoldError(
                    f"`{FACTORY}` in line {line} of the tasks file is no function that tasks can be added to",
                    hint=f"Write it as `def {FACTORY}():` that ends with `return registry`, or add the task by hand.",
                )
            called = node.value.func if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
            if "TaskRegistry" in (getattr(called, "id", None), getattr(called, "attr", None)):
                raise ScaffoldError(
                    f"the tasks file makes a registry in line {line}, which no `{FACTORY}` returns",
                    hint=f"Add `def {FACTORY}():` with `return` and the registry's name.",
                )

    def _in_factory(self, factory: ast.FunctionDef, stub: _Stub) -> _Addition:
        """The function before the last `return` of the factory, registered at what is returned there.

        Where that is a registry of the module, the function is before the factory.
        """
        last = factory.body[-1]
        if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name):
            raise ScaffoldError(
                f"`{FACTORY}` in line {factory.lineno} of the tasks file does not end with `return <name>`",
                hint="Let it end with `return registry`, or register the task by hand.",
            )
        registry = last.value.id
        if registry not in _bound_in(factory):
            return self._before(factory, stub, registry)
        names = {node.name for node in ast.walk(factory) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        before = factory.body[-2] if len(factory.body) > 1 else None
        margin = self._lines.margin(last)
        position = self._lines.start(last.lineno) if before is None else self._lines.after(before)
        if margin.strip() or not self._lines.is_ended_at(position) or (before and last.lineno == before.end_lineno):
            raise ScaffoldError(
                f"line {last.lineno} of the tasks file has several statements", hint="Put each on a line of its own."
            )
        unit = margin if margin.isspace() and factory.col_offset == 0 else "    "
        written = _indented(stub.written(registry, names | _bound_in(factory)), margin, unit)
        blank = self._text[position : self._lines.start(last.lineno)][:1] in ("\n", "\r")
        return position, f"\n{written}" if blank else f"\n{written}\n"

    def _before(self, factory: ast.FunctionDef, stub: _Stub, registry: str) -> _Addition:
        """The function at the margin, above the factory and what is written about it."""
        place = self._tree.body.index(factory)
        position = self._lines.after(self._tree.body[place - 1]) if place else 0
        names = {getattr(node, "name", "") for node in self._tree.body}
        first = "\n" if self._lines.is_ended_at(position) else "\n\n"
        return position, f"{first}\n{stub.written(registry, names | {registry})}"

    def _imports(self, *needed: str) -> list[_Addition]:
        """What a stub needs, of `flowlang` and of `typing`, imported."""
        found = {
            alias.asname or alias.name for node in self._tree.body if isinstance(node, _IMPORTS) for alias in node.names
        }
        wanted = {"typing": ["Any"], "flowlang": needed}
        lacking = {module: [name for name in names if name not in found] for module, names in wanted.items()}
        return [self._import(module, names) for module, names in lacking.items() if names]

    def _import(self, module: str, names: Sequence[str]) -> _Addition:
        """These names of a module, imported."""
        body = self._tree.body
        for node in body:
            if (
                isinstance(node, ast.ImportFrom)
                and node.module == module
                and not node.level
                and node.names[0].name != "*"
            ):
                first = node.names[0]
                position = self._lines.position(first.lineno, first.col_offset)
                gap = " " if first.lineno == node.lineno else "\n" + " " * first.col_offset
                return position, "".join(f"{name},{gap}" for name in names)
        imports = [node for node in body if isinstance(node, _IMPORTS)]
        is_doc = bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        after = imports[-1] if imports else body[0] if is_doc else None
        line = f"from {module} import {', '.join(names)}\n"
        if after is None:
            return self._lines.head(), line
        position = self._lines.after(after)
        apart = "" if imports else "\n"
        return position, ("" if self._lines.is_ended_at(position) else "\n") + apart + line


def _bound_in(factory: ast.FunctionDef) -> set[str]:
    """The names that a function binds itself."""
    names = {node.arg for node in ast.walk(factory.args) if isinstance(node, ast.arg)}
    stored = (node for node in ast.walk(factory) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return names | {node.id for node in stored}


def _indented(text: str, margin: str, unit: str) -> str:
    """Lines that are indented by four spaces, indented by `unit` instead and set at a margin."""
    lines = []
    for line in text.split("\n"):
        content = line.lstrip(" ")
        depth, rest = divmod(len(line) - len(content), 4)
        lines.append(margin + unit * depth + " " * rest + content if content else "")
    return "\n".join(lines)


def _function_name(name: str) -> str:
    """A name for the function of a task, in whatever letters the task's own is written."""
    made = snake_case(name) if any(letter.isalnum() for letter in name) and name.isascii() else ""
    made = made or re.sub(r"\W+", "_", name).strip("_").lower()
    return made if made.isidentifier() and not iskeyword(made) else f"task_{made}".rstrip("_")


def _annotation(example: Any, name: str) -> str:
    if name in INJECTED or example is None:
        return "Any"
    kind = example if isinstance(example, type) else type(example)
    for known, written in _ANNOTATIONS.items():
        if issubclass(kind, known):
            return "Any" if isinstance(example, str) and "${" in example else written
    return "Any"


_ANNOTATIONS: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    dict: "dict[str, Any]",
    list: "list[Any]",
    tuple: "list[Any]",
}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
