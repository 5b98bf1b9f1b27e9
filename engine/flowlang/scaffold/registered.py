"""The tasks that a tasks file registers, told by its syntax tree: the file is not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_METHODS: Final = ("register", "stub")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Written:
    """The tasks of a tasks file, by name, with the line of each; `stubs` are not written yet.

    `unclear` is the line of a task whose name only a run of the file tells.
    """

    tasks: dict[str, int]
    stubs: frozenset[str]
    unclear: int | None = None


def written_in(text: str) -> Written:
    """The tasks of a tasks file. Raises SyntaxError."""
    tree = ast.parse(text.removeprefix("\ufeff"))
    tasks: dict[str, int] = {}
    stubs: set[str] = set()
    unclear: int | None = None
    for one in sorted(_Reader(tree).registered(), key=lambda one: one.line):
        if one.name is None:
            unclear = unclear or one.line
            continue
        tasks[one.name] = one.line
        if one.is_stub:
            stubs.add(one.name)
    return Written(tasks, frozenset(stubs), unclear)


@dataclass(frozen=True, slots=True)
class _Registered:
    name: str | None
    line: int
    is_stub: bool


class _Reader:
    """Finds registrations in every form that the registry has: as decorators, with and without a name, and as calls."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._functions = {node.name: node for node in self._nodes if isinstance(node, _Function)}
        self._modules = {
            alias.asname or alias.name.partition(".")[0]
            for node in self._nodes
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        self._aliases: dict[str, str] = {}
        self._texts: dict[str, str | None] = {}
        for node in self._nodes:
            self._note(node)

    def registered(self) -> Iterator[_Registered]:
        """Every task, in no order."""
        decorators: set[int] = set()
        for function, decorator in self._decorated():
            decorators.add(id(decorator))
            call = decorator if isinstance(decorator, ast.Call) else None
            method = self._method(decorator if call is None else call.func)
            if method is not None:
                given = None if call is None else _given(call)
                name = function.name if given is None else self._text(given)
                yield _Registered(name, decorator.lineno, method == "stub" or _is_unwritten(function))
        for node in self._nodes:
            if isinstance(node, ast.Call) and id(node) not in decorators:
                method = self._method(node.func)
                if method is not None:
                    yield self._called(node, method)

    def _decorated(self) -> Iterator[tuple[_Function, ast.expr]]:
        for node in self._nodes:
            if isinstance(node, _Function):
                yield from ((node, decorator) for decorator in node.decorator_list)

    def _called(self, call: ast.Call, method: str) -> _Registered:
        """A task that is registered by a call: of a function, of a name and a function, or of a name alone."""
        given = _given(call)
        name = None if given is None else self._text(given)
        function = given if name is None else call.args[1] if len(call.args) > 1 else None
        found = self._functions.get(function.id) if isinstance(function, ast.Name) else None
        if name is None and found is not None:
            name = found.name
        return _Registered(name, call.lineno, method == "stub" or (found is not None and _is_unwritten(found)))

    def _note(self, node: ast.AST) -> None:
        """Take note of a name that stands for a text, or for a method of the registry."""
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            return
        name, text, method = node.targets[0].id, self._text(node.value), self._method(node.value)
        if text is not None:
            self._texts[name] = text if self._texts.get(name, text) == text else None
        if method is not None:
            self._aliases[name] = method

    def _method(self, node: ast.expr) -> str | None:
        """Which of the registry's methods this is; what modules, functions and new objects have is another."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id)
        if not isinstance(node, ast.Attribute) or node.attr not in _METHODS or isinstance(node.value, ast.Call):
            return None
        owner = node.value.id if isinstance(node.value, ast.Name) else None
        return None if owner in self._modules or owner in self._functions else node.attr

    def _text(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._texts.get(node.id)
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            return None if None in parts else "".join(map(str, parts))
        return None


def _given(call: ast.Call) -> ast.expr | None:
    """What a task is named by in a call, if by anything."""
    if call.args:
        return call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg in ("name", None)), None)


def _is_unwritten(function: _Function) -> bool:
    """Whether a function does nothing but say that it is not written."""
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    name = raised.attr if isinstance(raised, ast.Attribute) else getattr(raised, "id", "")
    return name in ("NotImplementedError", "TaskNotImplementedError")
