"""Adds a task to a project's Python file: a function to be written, registered under its name.

The file is changed at places that its syntax tree tells; every other byte stays as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from textwrap import indent
from typing import Any, Final, NamedTuple

from flowlang.language.edit import Splice, spliced
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.naming import snake_case
from flowlang.tasks.loader import FACTORY
from flowlang.tasks.signatures import INJECTED

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
    body = text[len(mark) :].replace("\r\n", "\n")
    changed = _added(body, _Stub(name, dict(arguments or {}), list(results)))
    return mark + (changed.replace("\n", "\r\n") if "\r\n" in text else changed)


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
        function = snake_case(self.name)
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


def _added(text: str, stub: _Stub) -> str:
    if not text.strip():
        return text + _NEW_FILE + _FACTORY % indent(stub.written("registry"), "    ")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line} of the tasks file: " if line else "the tasks file: "
        raise ScaffoldError(f"{where}{getattr(error, 'msg', error)}", hint="Correct the file first.") from error
    _refuse_twice(tree, stub.name)
    factory = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == FACTORY), None)
    if factory is None:
        gap = "\n" if text.endswith("\n") else "\n\n"
        end = Splice(len(text), len(text), f"{gap}{_FACTORY % indent(stub.written('registry'), '    ')}")
        return spliced(text, [*_imports(text, tree, "TaskNotImplementedError", "TaskRegistry"), end])
    return spliced(text, [*_imports(text, tree, "TaskNotImplementedError"), _in_factory(text, factory, stub)])


def _refuse_twice(tree: ast.Module, name: str) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in ("register", "stub") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and first.value == name:
                raise ScaffoldError(
                    f"the tasks file has a task `{name}` already, in line {node.lineno}", hint="Open it there."
                )


def _in_factory(text: str, factory: ast.FunctionDef, stub: _Stub) -> Splice:
    """The function before the last `return` of the factory, registered at what is returned there."""
    last = factory.body[-1]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name) or len(factory.body) < 2:
        raise ScaffoldError(
            f"`{FACTORY}` in line {factory.lineno} of the tasks file does not end with `return <name>`",
            hint="Let it end with `return registry`, or register the task by hand.",
        )
    names = {node.name for node in ast.walk(factory) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {node.arg for node in factory.args.args}
    margin = " " * last.col_offset
    before = factory.body[-2]
    assert before.end_lineno is not None
    position = _line_start(text, before.end_lineno + 1)
    written = indent(stub.written(last.value.id, names | {last.value.id}), margin)
    if last.lineno == before.lineno or not text[:position].endswith("\n"):
        raise ScaffoldError(
            f"line {last.lineno} of the tasks file has several statements", hint="Put each on a line of its own."
        )
    return Splice(position, position, f"\n{written}" if text[position:].startswith("\n") else f"\n{written}\n")


def _imports(text: str, tree: ast.Module, *needed: str) -> list[Splice]:
    """The edits that import what a stub needs, of `flowlang` and of `typing`."""
    found = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    splices = []
    for module, names in (("typing", ["Any"]), ("flowlang", [name for name in needed if name not in found])):
        missing = [name for name in names if name not in found]
        if missing:
            splices.append(_import(text, tree, module, missing))
    lines = [splice for splice in splices if splice.replacement.endswith("\n")]
    if len(lines) == 2 and lines[0].start == lines[1].start:
        both = Splice(lines[0].start, lines[0].start, lines[0].replacement + lines[1].replacement)
        return [splice for splice in splices if splice not in lines] + [both]
    return splices


def _import(text: str, tree: ast.Module, module: str, names: Sequence[str]) -> Splice:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level and node.names[0].name != "*":
            first = node.names[0]
            position = _position(text, first.lineno, first.col_offset)
            gap = " " if first.lineno == node.lineno else "\n" + " " * first.col_offset
            return Splice(position, position, "".join(f"{name},{gap}" for name in names))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    body = tree.body
    is_doc = bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    after = imports[-1] if imports else body[0] if is_doc else None
    line = f"from {module} import {', '.join(names)}\n"
    if after is None or after.end_lineno is None:
        return Splice(0, 0, line)
    position = _line_start(text, after.end_lineno + 1)
    apart = "\n" if not imports else ""
    if not text[:position].endswith("\n"):
        apart += "\n"
    return Splice(position, position, apart + line)


def _line_start(text: str, line: int) -> int:
    position = 0
    for _ in range(line - 1):
        found = text.find("\n", position)
        if found < 0:
            return len(text)
        position = found + 1
    return position


def _position(text: str, line: int, column: int) -> int:
    """A position from a line, and a column that the syntax tree counts in bytes."""
    start = _line_start(text, line)
    end = text.find("\n", start)
    whole = text[start : len(text) if end < 0 else end]
    return start + len(whole.encode()[:column].decode())


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
