"""The tasks that the plugin brings."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import Any

from flowlang.connections.contract.catalog import PluginCatalog, problems_of, sentences
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import Subject
from flowlang.language.catalog import TaskInfo
from flowlang.language.diagnostics import Problems
from flowlang.language.source import read_text
from flowlang.language.vocabulary import STEP_KEYS
from flowlang.values import plain


def _infos(subject: Subject) -> Mapping[str, TaskInfo]:
    infos = PluginCatalog(subject).infos
    if not infos:
        raise NotApplicable("the plugin brings no tasks")
    return infos


@check("the tasks are functions by name, the same for every instance")
def tasks_are_functions(subject: Subject) -> None:
    first, second = subject.plugin().get_builtin_tasks(), subject.plugin().get_builtin_tasks()
    require(isinstance(first, Mapping), "get_builtin_tasks must give a map")
    for name, function in first.items():
        require(isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name), f"{name!r} is no name of a task")
        require(callable(function), f"`{name}` is no function")
    require(list(first) == list(second), "two instances bring different tasks")


@check("the names of the tasks begin alike")
def task_names_share_a_prefix(subject: Subject) -> None:
    prefixes = {name.partition("_")[0] for name in _infos(subject)}
    require(
        len(prefixes) == 1 and next(iter(prefixes))[:1] == subject.name[:1],
        f"begin every task with the plugin's name or a short form of it, as in `{subject.name}_get`",
    )


@check("every task is async")
def tasks_are_async(subject: Subject) -> None:
    for name, function in subject.plugin().get_builtin_tasks().items():
        called = function if inspect.iscoroutinefunction(function) else type(function).__call__
        require(
            inspect.iscoroutinefunction(called),
            f"`{name}` is a plain function: it would run in a thread, away from the event loop of its connection",
        )


@check("every task takes the connection")
def tasks_take_the_connection(subject: Subject) -> None:
    without = [name for name, info in _infos(subject).items() if not info.wants_connection]
    require(not without, f"no parameter `connection`: {', '.join(without)}")


@check("every task says what it does")
def tasks_are_described(subject: Subject) -> None:
    silent = [name for name, info in _infos(subject).items() if not info.description]
    require(not silent, f"no docstring: {', '.join(silent)}")


@check("every argument is described")
def arguments_are_described(subject: Subject) -> None:
    silent = [f"{task}({name})" for task, name, about in _arguments(subject) if not about.description]
    require(not silent, f"not under `Args:`: {', '.join(silent)}")


@check("every argument has a type")
def arguments_have_types(subject: Subject) -> None:
    untyped = [
        f"{task}({name})"
        for task, name, about in _arguments(subject)
        if about.type is None and not _says_any(subject, task, name)
    ]
    require(not untyped, f"no annotation: {', '.join(untyped)}")


@check("the defaults of arguments are plain data")
def defaults_are_plain(subject: Subject) -> None:
    for task, name, about in _arguments(subject):
        try:
            same = json.loads(json.dumps(about.default)) == plain(about.default)
        except (TypeError, ValueError):
            same = False
        require(same, f"{task}({name}) has the default {about.default!r}, which no flow can write")


@check("no argument has the name of a key that every step has")
def arguments_shadow_nothing(subject: Subject) -> None:
    taken = {key.name for key in STEP_KEYS}
    shadowed = [f"{task}({name})" for task, name, _ in _arguments(subject) if name in taken]
    require(not shadowed, f"a step takes these keys for itself: {', '.join(shadowed)}")


@check("every task names the keys of its result")
def results_are_named(subject: Subject) -> None:
    silent = [name for name, info in _infos(subject).items() if not info.results]
    require(not silent, f"nothing under `Returns:` that names keys: {', '.join(silent)}")


@check("every task shows how it is used")
def tasks_have_examples(subject: Subject) -> None:
    for name, info in _infos(subject).items():
        require(info.example, f"`{name}` has no `Example YAML:`")
        steps = _steps(info.example)
        require(any(name in step or step.get("task") == name for step in steps), f"the example of `{name}` is no step")


@check("the examples of the tasks check clean")
def examples_check_clean(subject: Subject) -> None:
    catalog = PluginCatalog(subject, configs=False)
    for name, info in catalog.infos.items():
        if not info.example:
            continue
        found = problems_of(_flow(subject, info.example), catalog)
        # an example may go on from a step that it doesn't show
        problems = [one for one in found if one.severity == "error" and one.code != "unknown-name"]
        require(not problems, f"the example of `{name}`: {sentences(problems)}")


def _arguments(subject: Subject) -> Iterator[tuple[str, str, Any]]:
    for task, info in _infos(subject).items():
        for parameter in info.parameters:
            yield task, parameter.name, parameter


def _says_any(subject: Subject, task: str, name: str) -> bool:
    """Whether the annotation is there and says that anything may come."""
    parameters = inspect.signature(subject.plugin().get_builtin_tasks()[task]).parameters
    return name in parameters and parameters[name].annotation is not inspect.Parameter.empty


def _steps(example: str) -> list[dict[str, Any]]:
    problems = Problems()
    root = read_text(example, problems).root
    if problems.fatal or root is None or not isinstance(root.data, list):
        raise Violation(f"an example is no list of steps: {sentences(problems.in_order()) or example}")
    return [step for step in root.data if isinstance(step, dict)]


def _flow(subject: Subject, example: str) -> str:
    """A flow of the steps, with the connections that they name."""
    named = {"sample": None}
    for step in _steps(example):
        inner = next((value for value in step.values() if isinstance(value, dict) and "connection" in value), step)
        if isinstance(inner.get("connection"), str):
            named = {inner["connection"]: None}
    connections = "".join(f"  {json.dumps(name)}: {{type: {subject.name}}}\n" for name in named)
    return f"flow: Example\nconnections:\n{connections}steps:\n{indent(example, '  ')}\n"
