"""What there is to say about the word at a place of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.complete_expressions import step_detail
from flowlang.language.assist.members import described_input, example_at, fields_of, members, result_fields
from flowlang.language.assist.snippets import signature
from flowlang.language.assist.subject import Subject, subject_at
from flowlang.language.catalog import ConnectionType, TaskInfo
from flowlang.language.diagnostics import Span
from flowlang.language.expressions import FUNCTIONS
from flowlang.language.model import Connection
from flowlang.language.vocabulary import KIND, ROOTS, SHAPES, Key
from flowlang.redaction import MASK, is_secret_name, url_passwords


class Hover(NamedTuple):
    """A title, and what there is to say in plain text with some Markdown; `span` is the word that it is about."""

    title: str
    body: str
    span: Span


def hover(analysis: Analysis, text: str, line: int, column: int) -> Hover | None:
    """What there is to say about the word at a place, or None."""
    subject = subject_at(analysis, text, line, column)
    found = None if subject is None else _ABOUT[subject.kind](analysis, subject)
    if subject is None or found is None:
        return None
    title, paragraphs = found
    return Hover(title, "\n\n".join(paragraph for paragraph in paragraphs if paragraph), subject.span)


def task_text(info: TaskInfo) -> list[str]:
    """What there is to say about a task, in paragraphs."""
    arguments = [
        f"- `{one.name}`"
        + (f" ({one.type})" if one.type else "")
        + (", required" if one.required else f", default `{_literal(one.default)}`" if one.default is not None else "")
        + (f": {one.description}" if one.description else "")
        for one in info.parameters
    ]
    results = [f"- `{name}`" + (f": {doc}" if doc else "") for name, doc in (info.results or {}).items()]
    return [
        "A stub: its body is not written yet." if info.stub else "",
        info.description,
        "\n".join(["Arguments:", *arguments]) if arguments else "",
        "\n".join(["Result:", *results]) if results else "",
        f"```yaml\n{info.example}\n```" if info.example else "",
    ]


_Told = tuple[str, list[str]] | None


def _key(analysis: Analysis, subject: Subject) -> _Told:
    key = subject.place.key(subject.name)
    kind = KIND.get(subject.name)
    if kind is not None and (key is None or key in kind.keys):
        keys = "\n".join(f"- `{one.name}`: {one.doc}" for one in kind.keys)
        return f"{kind.name} (step)", [kind.doc, keys, f"```yaml\n{kind.example}```"]
    return None if key is None else (key.name, key_text(key))


def key_text(key: Key) -> list[str]:
    """What there is to say about a key of the language, in paragraphs."""
    choices = ", ".join(f"`{choice}`" for choice in key.choices)
    facts = [
        f"Value: {choices if choices and key.shape == 'text' else SHAPES[key.shape].split(', see ')[0]}.",
        "Required." if key.required else "",
        "" if key.required or key.default in (None, {}) else f"Default: `{_literal(key.default)}`.",
    ]
    return [key.doc, "\n".join(fact for fact in facts if fact)]


def _task(analysis: Analysis, subject: Subject) -> _Told:
    info = analysis.catalog.task(subject.name)
    return None if info is None else (f"{info.name}{signature(info)}", task_text(info))


def _argument(analysis: Analysis, subject: Subject) -> _Told:
    place = subject.place
    if place.form == "subflow":
        called = analysis.subflows.flow(place.name)
        declared = next((one for one in (called and called.inputs) or () if one.name == subject.name), None)
        return None if declared is None else (f"{place.name}: {subject.name}", [described_input(declared)])
    info = analysis.catalog.task(place.name)
    parameter = None if info is None else info.parameter(subject.name)
    if parameter is None:
        return None
    default = "" if parameter.required else f"Default: `{_literal(parameter.default)}`."
    facts = f"{parameter.type or 'any type'}{', required' if parameter.required else ''}"
    return f"{place.name}: {parameter.name}", [parameter.description, facts, default]


def _connection(analysis: Analysis, subject: Subject) -> _Told:
    declared = analysis.flow.connections.get(subject.name)
    type = analysis.type_of(subject.name)
    if declared is None:
        stored = analysis.catalog.project_connection(subject.name)
        return None if stored is None else (f"{subject.name} ({stored})", ["A connection that the project keeps."])
    found = analysis.catalog.connection_type(type) if type else None
    return f"{subject.name} ({type or 'unknown type'})", [found.description if found else "", _target(declared, found)]


def _target(connection: Connection, type: ConnectionType | None) -> str:
    """The configuration as it is written, without what is secret."""
    if connection.use is not None:
        return f"The project's connection `{connection.use.text}`."
    properties = type.schema.get("properties", {}) if type else {}
    lines = []
    for key, value in connection.config.items():
        shown = str(value.node.data)
        about = properties.get(key, {})
        for password in url_passwords(shown):
            shown = shown.replace(password, MASK)
        is_secret = about.get("format") == "password" or is_secret_name(key)
        lines.append(f"- `{key}`: {MASK if is_secret and '${' not in shown else shown}")
    return "\n".join(lines)


def _type(analysis: Analysis, subject: Subject) -> _Told:
    found = analysis.catalog.connection_type(subject.name)
    if found is None:
        return None
    keys = [_property(name, about) for name, about in found.schema.get("properties", {}).items()]
    tasks = ", ".join(f"`{name}`" for name in found.tasks)
    problem = f"Its plugin cannot be used: {found.error}" if found.error else ""
    return found.name, [found.description, problem, "\n".join(keys), f"Tasks: {tasks}" if tasks else ""]


def _property(name: str, about: Mapping[str, Any]) -> str:
    default = f", default `{_literal(about['default'])}`" if "default" in about else ""
    return f"- `{name}` ({about.get('type', 'any')}{default}): {about.get('description', '')}"


def _config(analysis: Analysis, subject: Subject) -> _Told:
    found = analysis.catalog.connection_type(subject.place.level.value("type"))
    about = found.schema.get("properties", {}).get(subject.name) if found else None
    return (
        None if about is None or found is None else (f"{found.name}: {subject.name}", [_property(subject.name, about)])
    )


def _subflow(analysis: Analysis, subject: Subject) -> _Told:
    called = analysis.subflows.flow(subject.name)
    if called is None:
        return None
    inputs = [f"- `{one.name}`: {described_input(one)}" for one in called.inputs or ()]
    outputs = [f"- `{one.name}`" + (f": {one.description}" if one.description else "") for one in called.outputs]
    return f"{called.name} (flow)", [
        called.description or "",
        "\n".join(["Inputs:", *inputs]) if inputs else "",
        "\n".join(["Outputs:", *outputs]) if outputs else "",
    ]


def _step(analysis: Analysis, subject: Subject) -> _Told:
    step = analysis.by_id.get(subject.name)
    if step is None:
        return None
    fields = result_fields(analysis, step)
    keys = "\n".join(f"- `{name}`" + (f": {doc}" if doc else "") for name, doc in fields.items())
    return f"{step.id} ({step_detail(step)})", [step.description or "", f"Result:\n{keys}" if keys else ""]


def _input(analysis: Analysis, subject: Subject) -> _Told:
    declared = next((one for one in analysis.flow.inputs or () if one.name == subject.name), None)
    if declared is None:
        return None
    facts = [described_input(declared)]
    if declared.has_default:
        facts.append(f"Default: `{MASK if declared.secret else _literal(declared.default)}`.")
    if declared.enum is not None and not declared.secret:
        facts.append(f"One of {', '.join(f'`{_literal(choice)}`' for choice in declared.enum)}.")
    return f"{declared.name} (input)", facts


def _variable(analysis: Analysis, subject: Subject) -> _Told:
    variable = next((one for one in subject.variables if one.name == subject.name), None)
    if variable is None:
        return None
    fields = fields_of(example_at(analysis, [variable.name], subject.variables))
    keys = "\n".join(f"- `{name}`: {doc}" for name, doc in fields.items())
    return f"{variable.name} (loop variable)", [f"The current item of `{variable.items}`.", keys]


def _field(analysis: Analysis, subject: Subject) -> _Told:
    docs = members(analysis, subject.path[:-1], subject.variables)
    title = ".".join(subject.path)
    fields = fields_of(example_at(analysis, subject.path, subject.variables))
    keys = "\n".join(f"- `{name}`: {doc}" for name, doc in fields.items())
    return (title, [docs.get(subject.name, ""), keys]) if subject.name in docs or keys else None


def _function(analysis: Analysis, subject: Subject) -> _Told:
    function = FUNCTIONS[subject.name]
    return function.signature, [function.doc]


def _root(analysis: Analysis, subject: Subject) -> _Told:
    return subject.name, [ROOTS[subject.name]]


def _environment(analysis: Analysis, subject: Subject) -> _Told:
    there = "It is set." if subject.name in analysis.variables else ""
    return f"{subject.name} (environment)", ["Variable of the environment.", there]


def _literal(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or value is True or value is False
        else f"{value}"
    )


_ABOUT: Final[dict[str, Callable[[Analysis, Subject], _Told]]] = {
    "key": _key,
    "task": _task,
    "argument": _argument,
    "connection": _connection,
    "type": _type,
    "config": _config,
    "subflow": _subflow,
    "step": _step,
    "input": _input,
    "variable": _variable,
    "field": _field,
    "function": _function,
    "root": _root,
    "environment": _environment,
}
