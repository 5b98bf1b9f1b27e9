"""Ways to mend a problem of a flow, as edits of its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

from flowlang.errors import FlowLangError
from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit, insertion
from flowlang.language.assist.entries import add_below, add_entry, end_of, remove_entry
from flowlang.language.assist.snippets import free_id
from flowlang.language.catalog import ConnectionType, Parameter
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang.language.edit import add_connection
from flowlang.language.model import Step, SubflowStep, TaskStep
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.parse_fields import mended
from flowlang.language.vocabulary import FLOW_KEYS

_NEEDS_KEY: Final = re.compile(r"needs the key `(\w+)`")
_NEEDS_NAMED: Final = re.compile(r"needs the (?:argument|input) `(\w+)`")
_EMPTY: Final = {
    "string": '""',
    "integer": "0",
    "number": "0",
    "boolean": "false",
    "array": "[]",
    "object": "{}",
    "null": "null",
}
#: What a missing key is filled with, so that the text is a flow again: in lines, and in braces.
_FILLED: Final = {
    "steps": ("steps:\n  - exit", "steps: [exit]"),
    "then": ("then:\n  - exit", "then: [exit]"),
    "do": ("do:\n  - exit", "do: [exit]"),
    "cases": ("cases:\n  - default:\n      - exit", "cases: [{default: [exit]}]"),
    "when": ('when: ""', 'when: ""'),
    "if": ("if: true", "if: true"),
    "name": ("name: name", "name: name"),
}


class Fix(NamedTuple):
    """One way to mend a problem. Where an edit of this text is not enough, `action` says what to do instead, or too.

    Actions are `create-task` and `open-task` with the name of the task, `create-flow` with that of the flow.
    """

    title: str
    edits: list[TextEdit]
    action: tuple[Literal["create-task", "open-task", "create-flow"], str] | None = None


def quick_fixes(analysis: Analysis, diagnostic: Diagnostic) -> list[Fix]:
    """The ways to mend a problem of the analysed text, the likeliest first."""
    if not diagnostic.span.line or diagnostic.path not in (None, analysis.flow.path):
        return []
    fixes = list(_suggested(analysis, diagnostic))
    fixes += _BY_CODE.get(diagnostic.code, _none)(analysis, diagnostic)
    return fixes


def _none(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    return iter(())


def _suggested(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    if problem.suggestion is not None and analysis.offsets.slice(problem.span).strip():
        yield Fix(f"Replace by `{problem.suggestion}`", [TextEdit(problem.span, problem.suggestion)])


def _missing_key(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    named = _NEEDS_KEY.search(problem.message)
    mapping = _connection_at(analysis, problem.span) or _mapping_at(analysis, problem.span)
    if named is None or mapping is None:
        return
    name = named[1]
    for lines, braces in _fillings(analysis, name):
        yield Fix(f"Add `{braces}`", [add_entry(analysis.offsets, mapping, lines, braces)])


def _fillings(analysis: Analysis, name: str) -> Iterator[tuple[str, str]]:
    if name == "type":
        for type in analysis.types:
            yield f"type: {type.name}", f"type: {type.name}"
    elif name == "flow":
        path = analysis.flow.path or ""
        stem = mended(re.split(r"[/\\]", path)[-1].rpartition(".")[0]).lstrip("_0123456789") or "my_flow"
        yield f"flow: {stem}", f"flow: {stem}"
    elif name in _FILLED:
        yield _FILLED[name]


def _missing_argument(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    named = _NEEDS_NAMED.search(problem.message)
    step = _step_named_at(analysis, problem.span)
    if named is None or step is None:
        return
    name = named[1]
    entry = f"{name}: {_EMPTY[_type_of(analysis, step, name)]}"
    edit = _argument_added(analysis, step, entry)
    if edit is not None:
        yield Fix(f"Add `{name}`", [edit])


def _argument_added(analysis: Analysis, step: TaskStep | SubflowStep, entry: str) -> TextEdit | None:
    node = step.node
    if not isinstance(node, Mapping):
        return None
    builtin = isinstance(step, TaskStep) and step.builtin_form
    key = step.key.value if builtin else "inputs"
    given = node.entries.get(key)
    if given is None:
        return add_entry(analysis.offsets, node, f"inputs:\n  {entry}", f"inputs: {{{entry}}}")
    if isinstance(given[1], Mapping) and given[1].start is not None and _written(analysis, given[1]):
        return add_entry(analysis.offsets, given[1], entry, entry)
    return _first_below(analysis, given[0], given[1], entry)


def _first_below(analysis: Analysis, key: Scalar, value: Node, entry: str) -> TextEdit | None:
    """The first entry of a map of which only the key is there."""
    offsets = analysis.offsets
    end = end_of(offsets.text, key, value)
    return add_below(offsets, end, key.span.column + 1, entry)


def _written(analysis: Analysis, mapping: Mapping) -> bool:
    return bool(mapping.entries) or analysis.offsets.slice(mapping.span).startswith("{")


def _type_of(analysis: Analysis, step: TaskStep | SubflowStep, name: str) -> str:
    if isinstance(step, SubflowStep):
        called = analysis.subflows.flow(step.flow.text)
        declared = next((one for one in (called and called.inputs) or () if one.name == name), None)
        return (declared.type if declared else None) or "string"
    info = analysis.catalog.task(step.task.text)
    parameter: Parameter | None = info.parameter(name) if info else None
    types = (parameter.type or "string").split("|") if parameter else ["string"]
    return types[0] if types[0] in _EMPTY else "string"


def _needless_key(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    name = analysis.offsets.slice(problem.span).strip("\"'")
    edit = remove_entry(analysis.offsets, problem.span)
    if edit is not None:
        yield Fix(f"Remove `{name}`", [edit])


def _unknown_input(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """One that is read can be declared; one that is given to a subflow has nobody to take it."""
    start = analysis.offsets.range(problem.span)[0]
    is_read = analysis.text[:start].rstrip("[\"' ").endswith(("inputs.", "inputs"))
    return (_undeclared_input if is_read else _needless_key)(analysis, problem)


def _undeclared_input(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Declare it. A flow that declares none so far gets all that it reads, because the rest would be wrong then."""
    name = analysis.offsets.slice(problem.span)
    root = analysis.flow.node
    if root is None or not name.isidentifier() or "${" not in analysis.text:
        return
    section = root.entries.get("inputs")
    names = [name] if section is not None else _inputs_read(analysis)
    title = f"Declare the input{'s' if len(names) > 1 else ''} {', '.join(f'`{one}`' for one in names)}"
    items = [f"- name: {one}" for one in names]
    if section is None:
        yield Fix(title, [_new_section(analysis, root, "\n".join(["inputs:", *(f"  {item}" for item in items)]))])
        return
    key, value = section
    offsets = analysis.offsets
    if isinstance(value, Sequence) and value.items:
        last = value.items[-1]
        start = value.span.column - 1
        if offsets.slice(value.span).startswith("["):
            yield Fix(title, [insertion(last.span.end_line, last.span.end_column, f", {{name: {name}}}")])
        else:
            yield Fix(title, [add_below(offsets, end_of(offsets.text, key, last), start, "\n".join(items))])
    elif isinstance(value, Mapping) and value.entries:
        yield Fix(title, [add_entry(offsets, value, f"{name}: {{}}", f"{name}: {{}}")])
    elif not offsets.slice(value.span).strip():
        yield Fix(title, [add_below(offsets, offsets.range(key.span)[1], 2, "\n".join(items))])


def _inputs_read(analysis: Analysis) -> list[str]:
    found = [value.reads for step in analysis.steps for value in step.values()]
    found += [output.value.reads for output in analysis.flow.outputs]
    names = [read.path[0] for reads in found for read in reads if read.root == "inputs" and read.path]
    return list(dict.fromkeys(str(name) for name in names if not str(name).startswith("_")))


def _new_section(analysis: Analysis, root: Mapping, block: str) -> TextEdit:
    """A section of the flow, put where the order of the language has it: behind what comes before `inputs`."""
    before = [key.name for key in FLOW_KEYS[: [key.name for key in FLOW_KEYS].index("inputs")]]
    earlier = [entry for name, entry in root.entries.items() if name in before]
    if not earlier:
        return insertion(1, 1, f"{block}\n")
    key, value = earlier[-1]
    return add_below(analysis.offsets, end_of(analysis.text, key, value), 0, block)


def _unknown_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    name = analysis.offsets.slice(problem.span).strip("\"'")
    step = next((one for one in analysis.steps if one.connection and one.connection.span == problem.span), None)
    yield from _connections_declared(analysis, name, _provider(analysis, step))


def _missing_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    step = _step_named_at(analysis, problem.span)
    provider = _provider(analysis, step)
    if not isinstance(step, TaskStep) or not isinstance(step.node, Mapping):
        return
    fitting = [name for name in analysis.flow.connections if provider in (None, analysis.type_of(name))]
    stored = [
        name
        for name in analysis.catalog.project_connection_names()
        if name not in fitting and provider in (None, analysis.type_of(name))
    ]
    for name in (*fitting, *stored):
        entry = f"connection: {name}"
        edit = _argument_added(analysis, step, entry) if step.builtin_form else None
        yield Fix(f"Use `{name}`", [edit or add_entry(analysis.offsets, step.node, entry, entry)])
    if not fitting:
        yield from _connections_declared(analysis, "db", provider)


def _connections_declared(analysis: Analysis, name: str, provider: str | None) -> Iterator[Fix]:
    for type in analysis.types:
        if provider not in (None, type.name) or not mended(name):
            continue
        try:
            changed = add_connection(analysis.text, name, _configuration(name, type))
        except FlowLangError:
            return  # the text has other problems, or is written in a way that nothing can be added to
        yield Fix(f"Declare a {type.name} connection `{name}`", [_difference(analysis, changed)])


def _configuration(name: str, type: ConnectionType) -> str:
    """The least that a connection of a type needs; what is secret comes from the environment."""
    properties = type.schema.get("properties", {})
    needed = list(type.schema.get("required", ()))
    if not needed and "url" in properties:
        needed = ["url"]
    lines = [f"{name}:", f"  type: {type.name}"]
    for key in needed:
        lines.append(f"  {key}: {_configured(name, key, properties.get(key, {}))}")
    return "\n".join(lines)


def _configured(name: str, key: str, about: dict[str, Any]) -> str:
    if about.get("enum"):
        return str(about["enum"][0])
    if about.get("type") in ("integer", "number", "boolean", "array", "object"):
        return str(about.get("default", _EMPTY[about["type"]])).lower()
    is_path = "path" in str(about.get("description", "")).lower()
    return f"{name}.db" if is_path else f"${{{name.upper()}_{key.upper()}}}"


def _difference(analysis: Analysis, changed: str) -> TextEdit:
    """The one edit between two texts of which the second has lines more."""
    old = analysis.text
    size = min(len(old), len(changed))
    start = next((at for at in range(size) if old[at] != changed[at]), size)
    end = 0
    while end < size - start and old[-1 - end] == changed[-1 - end]:
        end += 1
    return TextEdit(analysis.offsets.span(start, len(old) - end), changed[start : len(changed) - end])


def _provider(analysis: Analysis, step: Step | None) -> str | None:
    info = analysis.catalog.task(step.task.text) if isinstance(step, TaskStep) else None
    return None if info is None else info.provider


def _wrong_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    step = next((one for one in analysis.steps if one.connection and one.connection.span == problem.span), None)
    provider = _provider(analysis, step)
    for name in analysis.flow.connections:
        if provider is not None and analysis.type_of(name) == provider:
            yield Fix(f"Replace by `{name}`", [TextEdit(problem.span, name)])


def _unknown_task(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    name = analysis.offsets.slice(problem.span).strip("\"'")
    if name:
        yield Fix(f"Create the task `{name}`", [], ("create-task", name))


def _stub_task(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    name = analysis.offsets.slice(problem.span).strip("\"'")
    yield Fix(f"Open the task `{name}`", [], ("open-task", name))


def _unknown_subflow(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    name = analysis.offsets.slice(problem.span).strip("\"'")
    if name and not re.search(r"[/\\\0]|^\.", name):
        yield Fix(f"Create the flow `{name}`", [], ("create-flow", name))


def _unknown_step(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Take the id out of `depends_on`."""
    for step in analysis.steps:
        node = step.node
        entry = _inside(step).get("depends_on") if isinstance(node, Mapping) else None
        if entry is None or all(name.span != problem.span for name in step.depends_on):
            continue
        name = analysis.offsets.slice(problem.span)
        if isinstance(entry[1], Sequence) and len(entry[1].items) > 1:
            yield Fix(f"Remove `{name}`", [_item_removed(analysis, entry[1], problem.span)])
        else:
            yield from _needless_key(analysis, problem._replace(span=entry[0].span))
        return


def _inside(step: Step) -> dict[str, tuple[Scalar, Node]]:
    """The entries of a step; of the built-in form also those among its arguments."""
    assert isinstance(step.node, Mapping)
    entries = dict(step.node.entries)
    inner = step.node.get(step.key.value) if isinstance(step, TaskStep) and step.builtin_form else None
    return {**(inner.entries if isinstance(inner, Mapping) else {}), **entries}


def _item_removed(analysis: Analysis, items: Sequence, span: Span) -> TextEdit:
    offsets = analysis.offsets
    index = next(at for at, item in enumerate(items.items) if item.span == span)
    if not offsets.slice(items.span).startswith("["):
        return TextEdit(Span(span.line, 1, span.line + 1, 1), "")
    if index:
        before = items.items[index - 1].span
        return TextEdit(Span(before.end_line, before.end_column, span.end_line, span.end_column), "")
    after = items.items[1].span
    return TextEdit(Span(span.line, span.column, after.line, after.column), "")


def _duplicate_id(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    id = analysis.offsets.slice(problem.span).strip("\"'")
    free = free_id(id, analysis.by_id)
    yield Fix(f"Rename to `{free}`", [TextEdit(problem.span, free)])


def _step_named_at(analysis: Analysis, span: Span) -> TaskStep | SubflowStep | None:
    """The step whose task's or flow's name stands at a span."""
    for step in analysis.steps:
        if isinstance(step, TaskStep) and step.task.span == span:
            return step
        if isinstance(step, SubflowStep) and step.flow.span == span:
            return step
    return None


def _connection_at(analysis: Analysis, span: Span) -> Mapping | None:
    """The configuration of the connection whose name, or one of whose keys, stands at a span."""
    root = analysis.flow.node
    section = None if root is None else root.get("connections")
    for key, value in section.entries.values() if isinstance(section, Mapping) else ():
        if isinstance(value, Mapping) and _written(analysis, value):
            keys = (key, *(inner for inner, _ in value.entries.values()))
            if any(one.span == span for one in keys):
                return value
    return None


def _mapping_at(analysis: Analysis, span: Span) -> Mapping | None:
    """The map whose first key stands at a span."""
    stack: list[Node] = [] if analysis.flow.node is None else [analysis.flow.node]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack.extend(node.items)
        elif isinstance(node, Mapping) and node.entries:
            if next(iter(node.entries.values()))[0].span == span:
                return node
            stack.extend(value for _, value in node.entries.values())
    return None


_BY_CODE: Final[dict[str, Callable[[Analysis, Diagnostic], Iterator[Fix]]]] = {
    "missing-key": _missing_key,
    "missing-argument": _missing_argument,
    "missing-input": _missing_argument,
    "unknown-key": _needless_key,
    "unknown-argument": _needless_key,
    "duplicate-key": _needless_key,
    "conflicting-keys": _needless_key,
    "undeclared-input": _undeclared_input,
    "unknown-input": _unknown_input,
    "unknown-connection": _unknown_connection,
    "missing-connection": _missing_connection,
    "wrong-connection-type": _wrong_connection,
    "unknown-task": _unknown_task,
    "stub-task": _stub_task,
    "unknown-subflow": _unknown_subflow,
    "unknown-step": _unknown_step,
    "duplicate-id": _duplicate_id,
}
