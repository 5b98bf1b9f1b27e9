"""Who the plugin says it is."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from typing import Final

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.contract.core import Violation, check, require
from flowlang.connections.contract.subject import Subject
from flowlang.connections.contract.traces import Traces
from flowlang.connections.dependencies import is_requirement, parse_version
from flowlang.values import plain

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@check("the name is one word in lower case")
def name_is_a_word(subject: Subject) -> None:
    require(
        _NAME.fullmatch(subject.name),
        f"`name` is {subject.name!r}; flows write it as `type`: letters, digits and `_`",
    )


@check("the aliases are other words")
def aliases_are_words(subject: Subject) -> None:
    aliases = subject.plugin.aliases
    require(isinstance(aliases, tuple), "`aliases` must be a tuple of texts")
    for alias in aliases:
        require(isinstance(alias, str) and _NAME.fullmatch(alias), f"the alias {alias!r} is no word")
        require(alias != subject.name, f"the alias `{alias}` is the name itself")


@check("the description is one line")
def description_is_a_line(subject: Subject) -> None:
    description = subject.plugin.description
    require(isinstance(description, str) and description.strip(), "`description` is empty: say what it connects to")
    require("\n" not in description and len(description) <= 120, "`description` is longer than one line")


@check("the version is a version")
def version_is_one(subject: Subject) -> None:
    require(parse_version(str(subject.plugin.version)), f"`version` is {subject.plugin.version!r}; write 1.0.0")


@check("the category is one word")
def category_is_a_word(subject: Subject) -> None:
    category = subject.plugin.category
    require(isinstance(category, str) and re.fullmatch(r"[a-z][a-z -]*", category), f"`category` is {category!r}")


@check("the class is documented")
def class_is_documented(subject: Subject) -> None:
    doc = subject.plugin.__doc__
    require(doc and doc != ConnectionPlugin.__doc__, "the class has no docstring")


@check("what it can do is said by true and false")
def capabilities_are_flags(subject: Subject) -> None:
    for flag in ("transactional", "server_cancel", "explainable", "read_only", "sandbox", "threaded"):
        value = getattr(subject.plugin, flag)
        require(isinstance(value, bool), f"`{flag}` must be True or False, not {value!r}")


@check("what it says of sandbox runs is so")
def a_sandbox_can_be_begun(subject: Subject) -> None:
    begins = subject.plugin.begin_sandbox is not ConnectionPlugin.begin_sandbox
    undoes = subject.plugin.end_sandbox is not ConnectionPlugin.end_sandbox
    require(begins == undoes == subject.plugin.sandbox, "`sandbox` is true where `begin_sandbox` and `end_sandbox` are")
    tasks = subject.plugin.reading_tasks
    require(isinstance(tasks, frozenset), "`reading_tasks` must be a frozenset of names of tasks")
    unknown = sorted(tasks - set(subject.plugin().get_builtin_tasks()))
    require(not unknown, f"`reading_tasks` names {', '.join(unknown)}, which the plugin does not bring")


@check("an instance is made without arguments, and does no work")
def making_an_instance_does_nothing(subject: Subject) -> None:
    traces = Traces()
    kept = [subject.plugin() for _ in range(3)]
    grown = traces.grown()
    require(not grown, f"making {len(kept)} instances leaves {grown}: open nothing before `connect`")


@check("the methods that wait are async, the others are not")
def methods_are_async_where_they_must_be(subject: Subject) -> None:
    for name in ("connect", "disconnect", "get_connection", "release_connection", "check"):
        require(inspect.iscoroutinefunction(getattr(subject.plugin, name)), f"`{name}` must be `async def`")
    for name in ("get_config_schema", "validate_config", "get_builtin_tasks", "get_dependencies", "get_info"):
        require(not inspect.iscoroutinefunction(getattr(subject.plugin, name)), f"`{name}` must be a plain `def`")


@check("the required methods are there")
def required_methods_are_written(subject: Subject) -> None:
    for name in ("get_config_schema", "connect", "disconnect", "get_connection"):
        require(getattr(subject.plugin, name) is not getattr(ConnectionPlugin, name), f"`{name}` is missing")


@check("get_info is plain JSON and names the plugin and its tasks")
def info_is_plain(subject: Subject) -> None:
    plugin = subject.plugin()
    info = plugin.get_info()
    require(isinstance(info, Mapping), "get_info must give a map")
    try:
        same = json.loads(json.dumps(info)) == plain(info)
    except (TypeError, ValueError) as error:
        raise Violation(f"get_info is no JSON: {error}") from error
    require(same, "get_info holds values that JSON changes, such as tuples as keys")
    require(info.get("name") == subject.name, "get_info must have the plugin's `name`")
    require(list(info.get("tasks", ())) == list(plugin.get_builtin_tasks()), "get_info must list the built-in tasks")


@check("the dependencies are requirements as pip takes them")
def dependencies_are_requirements(subject: Subject) -> None:
    dependencies = subject.plugin().get_dependencies()
    require(isinstance(dependencies, list), "get_dependencies must give a list")
    for requirement in dependencies:
        require(
            isinstance(requirement, str) and is_requirement(requirement),
            f"{requirement!r} is no requirement; write `httpx>=0.24`",
        )


@check("check_dependencies says whether and what")
def dependencies_can_be_checked(subject: Subject) -> None:
    checked = subject.plugin().check_dependencies()
    require(isinstance(checked, tuple) and len(checked) == 2, "check_dependencies must give (bool, list)")
    met, missing = checked
    require(isinstance(met, bool) and isinstance(missing, list), "check_dependencies must give (bool, list)")
    require(met == (not missing), "check_dependencies must be True exactly when nothing is missing")
